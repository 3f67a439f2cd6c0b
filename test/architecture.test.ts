/**
 * The house, held against the code: arrows go down only, and the two lower floors run in a browser.
 */
import { readFile, readdir } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import path from 'node:path'

import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')
const FLOORS = ['shares', 'protocol', 'node', 'coordinator', 'cli']

async function sourcesOf(folder: string): Promise<string[]> {
  const files = await readdir(path.join(ROOT, folder), { recursive: true })
  return files
    .filter((file) => file.endsWith('.ts') && !file.includes('assembly'))
    .map((file) => path.join(folder, file))
}

/** Specifiers of all static and dynamic imports and re-exports. */
async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(path.join(ROOT, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/gu)].map((match) => match[1]!)
}

describe('the house', () => {
  it.each(FLOORS)('%s imports from its own floor or below', async (floor) => {
    const upward: string[] = []
    for (const file of await sourcesOf(floor)) {
      for (const specifier of await importsOf(file)) {
        if (!specifier.startsWith('.')) continue
        const target = path.join(path.dirname(file), specifier).split(path.sep)[0]!
        if (FLOORS.indexOf(target) > FLOORS.indexOf(floor) || target === 'test') {
          upward.push(`${file} -> ${specifier}`)
        }
      }
    }
    expect(upward).toEqual([])
  })

  it.each(['shares', 'protocol'])('%s names no module of Node', async (floor) => {
    const names = new Set([...builtinModules, ...builtinModules.map((name) => `node:${name}`)])
    const found: string[] = []
    for (const file of await sourcesOf(floor)) {
      for (const specifier of await importsOf(file)) {
        if (names.has(specifier)) found.push(`${file} -> ${specifier}`)
      }
    }
    expect(found).toEqual([])
  })

  it.each([
    ['the engine', 'protocol/execute.ts'],
    ['splitting and encoding', 'shares/encode.ts'],
    ['the auditor', 'protocol/ledger/audit.ts'],
    ['the querier', 'coordinator/client/querier.ts'],
  ])('%s bundles for a browser', async (_what, entry) => {
    const { outputFiles, metafile } = await build({
      entryPoints: [path.join(ROOT, entry)],
      bundle: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      logLevel: 'silent',
      // PostgreSQL's parser asks for Node's modules only when it finds itself in Node.
      external: ['node:fs', 'node:crypto'],
    })
    expect(outputFiles[0]!.contents.length).toBeGreaterThan(1000)
    const ours = Object.keys(metafile.inputs).filter((file) => !file.includes('node_modules'))
    expect(ours.filter((file) => file.includes('/node/') || file.startsWith('node/'))).toEqual([])
  })
})
