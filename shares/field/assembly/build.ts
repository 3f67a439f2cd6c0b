/**
 * Compiles the kernels (`npm run kernels`) and writes the module, base64 in a TypeScript string, to
 * shares/field/kernel-wasm.ts. The output is committed; a test compiles again and compares bytes.
 */
// A build tool: the one file below shares/ that touches files.
// oxlint-disable no-restricted-imports
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import asc from 'assemblyscript/asc'

const FOLDER = new URL('./', import.meta.url)
const TARGET = new URL('../kernel-wasm.ts', import.meta.url)

/** No runtime, no garbage collector, no traps on assertions: loads and stores only. */
const FLAGS = [
  '-O3',
  '--noAssert',
  '--converge',
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--enable',
  'simd',
  '--use',
  'abort=',
]

/**
 * Compiles shares/field/assembly/kernel.as.ts in memory.
 *
 * @returns the WebAssembly binary
 * @throws Error with the compiler's diagnostics
 */
export async function compileKernels(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined
  const stderr = asc.createMemoryStream()
  const { error } = await asc.main(['kernel.as.ts', '-o', 'kernel.wasm', ...FLAGS], {
    stderr,
    readFile: (name) => readFile(new URL(name, FOLDER), 'utf8').catch(() => null),
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') binary = contents
    },
    listFiles: () => [],
  })
  if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`)
  if (binary === undefined) throw new Error('the compiler wrote no module')
  return binary
}

/** The text of kernel-wasm.ts for a compiled module. */
export function kernelModuleText(binary: Uint8Array): string {
  return [
    '/** The compiled kernels, base64. Made by `npm run kernels`; do not edit. */',
    'export const KERNEL_WASM =',
    `  '${Buffer.from(binary).toString('base64')}'`,
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const binary = await compileKernels()
  await writeFile(TARGET, kernelModuleText(binary))
  process.stdout.write(`shares/field/kernel-wasm.ts: ${binary.length} bytes of WebAssembly\n`)
}
