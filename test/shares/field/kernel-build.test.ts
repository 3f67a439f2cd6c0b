import { readFile } from 'node:fs/promises'

import { describe, expect, it } from 'vitest'

import { compileKernels, kernelModuleText } from '../../../shares/field/assembly/build.ts'

describe('kernel-wasm.ts', () => {
  it('is what the AssemblyScript sources compile to', { timeout: 60_000 }, async () => {
    const committed = new URL('../../../shares/field/kernel-wasm.ts', import.meta.url)
    const text = kernelModuleText(await compileKernels())
    expect((await readFile(committed, 'utf8')) === text, 'run `npm run kernels`').toBe(true)
  })
})
