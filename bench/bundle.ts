/**
 * Programs as plain JavaScript in dist/, as the processes of the CLI are (cli/bundle.mjs): what is measured is
 * the program, not a loader of TypeScript in its process, which takes 60 MB and a second thread.
 */
import { renameSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { buildSync } from 'esbuild'

import { OPTIONS } from '../cli/bundle.mjs'

const ROOT = path.join(import.meta.dirname, '..')

const known = new Map<string, string>()

/** Path of the bundle of a module under bench/, made once in this process. */
export function bundled(file: URL): string {
  const source = fileURLToPath(file)
  const made = known.get(source)
  if (made !== undefined) return made
  const name = path.relative(ROOT, source).replaceAll(path.sep, '-').replace(/\.ts$/, '.mjs')
  const bundle = path.join(ROOT, 'dist', name)
  // Written aside and renamed: several benchmarks may start at once.
  const aside = `${bundle}.${process.pid}`
  buildSync({ ...OPTIONS, entryPoints: [source], outfile: aside })
  renameSync(aside, bundle)
  known.set(source, bundle)
  return bundle
}
