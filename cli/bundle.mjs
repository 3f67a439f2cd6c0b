// Bundles the TypeScript sources, and the packages that can be, into dist/ when the bundle is missing or older
// than a source or the locked packages (0.4 s): nobody has to remember a build step, a process starts four times as fast
// as through a loader hook, and holds only what it uses of a package.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
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

const DIST = path.join(ROOT, 'dist')
const BUNDLE = path.join(DIST, 'sharehold.mjs')
/** Parts of earlier bundles are kept for so long: a process may be about to load them. */
const KEPT_MS = 24 * 3600 * 1000

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

/** Writes a file aside and renames it: several processes may start at once. */
async function put(file) {
  const aside = `${file.path}.${process.pid}`
  await writeFile(aside, file.contents)
  await rename(aside, file.path)
}

/** Removes old parts that are not of these. */
async function clear(names) {
  for (const name of await readdir(DIST)) {
    if (!name.startsWith('part-') || names.has(name)) continue
    const file = path.join(DIST, name)
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Infinity }))
    if (Date.now() - mtimeMs > KEPT_MS) await rm(file, { force: true })
  }
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
  const { outputFiles } = await build({
    ...OPTIONS,
    entryPoints: { sharehold: path.join(ROOT, 'cli', 'main.ts') },
    outdir: DIST,
    outExtension: { '.js': '.mjs' },
    // What is imported when it is needed (cli/commands.ts) is a part of its own, named by its hash.
    splitting: true,
    chunkNames: 'part-[hash]',
    write: false,
  })
  await mkdir(DIST, { recursive: true })
  // The entry last: who finds it finds all parts.
  const parts = outputFiles.filter((file) => file.path !== BUNDLE)
  for (const file of parts) await put(file)
  for (const file of outputFiles) if (file.path === BUNDLE) await put(file)
  await clear(new Set(parts.map((file) => path.basename(file.path))))
  return BUNDLE
}
