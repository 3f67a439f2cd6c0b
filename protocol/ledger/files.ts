/**
 * Where a ledger's files are kept: a directory, a browser's memory, a web server that is only read.
 * Paths are relative, as in tiles.ts. `memoryFiles` is the simplest implementation.
 */

/** What a reader of a ledger needs. */
export interface LedgerReader {
  /** The bytes under `path`, undefined if there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
}

/** What the keeper of a ledger needs. */
export interface LedgerFiles extends LedgerReader {
  /**
   * Writes or replaces a file. When the promise resolves the bytes are durable; after a crash before
   * that, a reader finds the old file or the new one, never a part.
   */
  write(path: string, bytes: Uint8Array): Promise<void>
  /** Removes a file; none there is no error. Without it, superseded partial tiles are kept for ever. */
  remove?(path: string): Promise<void>
  /** All paths that begin with `prefix`, in any order. */
  list?(prefix: string): Promise<string[]>
}

/** Files in memory: for tests, browsers and dry runs. */
export function memoryFiles(
  initial: Iterable<readonly [string, Uint8Array]> = [],
): Required<LedgerFiles> {
  const files = new Map<string, Uint8Array>()
  for (const [path, bytes] of initial) files.set(path, bytes.slice())
  return {
    read: (path) => Promise.resolve(files.get(path)?.slice()),
    write: (path, bytes) => {
      files.set(path, bytes.slice())
      return Promise.resolve()
    },
    remove: (path) => {
      files.delete(path)
      return Promise.resolve()
    },
    list: (prefix) => Promise.resolve([...files.keys()].filter((path) => path.startsWith(prefix))),
  }
}
