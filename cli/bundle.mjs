// Bundles the TypeScript sources, and the packages that can be, into dist/sharehold.mjs when that is missing or older
// than a source or the locked packages (0.4 s): nobody has to remember a build step, a process starts four times as fast
// as through a loader hook, and holds only what it uses of a package.
import { readdir, rename, stat } from 'node:fs/promises'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '..')
const FOLDERS = ['cli', 'coordinator', 'node', 'protocol', 'shares']
const LOCK = path.join(ROOT, 'package-lock.json')

/** What all bundles have in common. */
export const OPTIONS = {
  // Paths in the output are relative to this: the same sources give the same bundle everywhere.
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  // These look for files beside their own (native code, WebAssembly, workers), or load by names that they make up.
  external: [
    'libpg-query',
    'level',
    'pino',
    'fastify',
    '@fastify/websocket',
    'ws',
    'esbuild',
    'jiff-mpc',
  ],
  // For CommonJS packages, which ask for Node's own modules.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'error',
}

const BUNDLE = path.join(ROOT, 'dist', 'sharehold.mjs')

/** When a source was last changed, or the packages. */
async function newestSource() {
  const times = FOLDERS.map(async (folder) => {
    const files = await readdir(path.join(ROOT, folder), { recursive: true })
    const sources = files.filter((file) => file.endsWith('.ts'))
    const stats = await Promise.all(sources.map((file) => stat(path.join(ROOT, folder, file))))
    return Math.max(...stats.map((one) => one.mtimeMs))
  })
  times.push(stat(LOCK).then((one) => one.mtimeMs))
  return Math.max(...(await Promise.all(times)))
}

/** Path of an up-to-date bundle. */
export async function bundle() {
  const [built, source] = await Promise.all([
    stat(BUNDLE).then(
      (one) => one.mtimeMs,
      () => 0,
    ),
    newestSource(),
  ])
  if (built > source) return BUNDLE
  const { build } = await import('esbuild')
  // Written aside and renamed: several processes may start at once.
  const aside = `${BUNDLE}.${process.pid}`
  await build({ ...OPTIONS, entryPoints: [path.join(ROOT, 'cli', 'main.ts')], outfile: aside })
  await rename(aside, BUNDLE)
  return BUNDLE
}
