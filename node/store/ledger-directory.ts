/**
 * A ledger's files in a directory, as any static web server could serve them. A write is a new file,
 * synced, then renamed over the old one, and the directory synced: a crash leaves the old bytes or the new.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'

import type { LedgerFiles, LedgerReader } from '../../protocol/ledger/files.ts'
import { ShareholdError } from '../../shares/errors.ts'

const TEMPORARY = '.tmp-'

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

/** Reads the ledger in `directory`; nothing is created. */
export function ledgerReader(directory: string): LedgerReader {
  return {
    async read(file) {
      try {
        return new Uint8Array(await readFile(path.join(directory, file)))
      } catch (error) {
        if (isMissing(error)) return undefined
        throw storage(file, error)
      }
    },
  }
}

/** Keeps the ledger in `directory`, which is made if needed. */
export function ledgerDirectory(directory: string): Required<LedgerFiles> {
  return {
    ...ledgerReader(directory),
    async write(file, bytes) {
      const target = path.join(directory, file)
      const folder = path.dirname(target)
      const temporary = path.join(folder, TEMPORARY + randomBytes(6).toString('hex'))
      try {
        await mkdir(folder, { recursive: true })
        const handle = await open(temporary, 'wx')
        try {
          await handle.writeFile(bytes)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await rename(temporary, target)
        await syncDirectory(folder)
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined)
        throw storage(file, error)
      }
    },
    async remove(file) {
      await rm(path.join(directory, file), { force: true })
    },
    async list(prefix) {
      const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
        (error: unknown) => {
          if (isMissing(error)) return []
          throw error
        },
      )
      return found
        .filter((entry) => entry.isFile() && !entry.name.startsWith(TEMPORARY))
        .map((entry) =>
          path.relative(directory, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'),
        )
        .filter((file) => file.startsWith(prefix))
    },
  }
}

async function syncDirectory(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function storage(file: string, cause: unknown): ShareholdError {
  return new ShareholdError(
    'SH_LEDGER_STORAGE',
    `The ledger file ${file} cannot be read or written.`,
    {
      hint: 'Is the disk full, or the folder not ours?',
      cause,
    },
  )
}
