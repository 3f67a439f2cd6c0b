/**
 * Opening of LevelDB: byte keys and byte values, no compression (shares are uniform). Writes that
 * others rely on are made with `SYNCED`: the operating system has them on disk when they resolve.
 */
import { mkdir } from 'node:fs/promises'

import { Level } from 'level'

import { ShareholdError } from '../../shares/errors.ts'

export type Bytes = Uint8Array
export type Database = Level<Bytes, Bytes>
export type BatchOperation =
  | { readonly type: 'put'; readonly key: Bytes; readonly value: Bytes }
  | { readonly type: 'del'; readonly key: Bytes }

export const SYNCED = { sync: true } as const

/**
 * Opens, or makes (0700), the database in a directory. One process only: LevelDB locks it.
 *
 * @throws ShareholdError SH_STORE_UNAVAILABLE
 */
export async function openDatabase(directory: string): Promise<Database> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const database: Database = new Level<Bytes, Bytes>(directory, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: false,
    })
    await database.open()
    return database
  } catch (cause) {
    const inner = cause instanceof Error ? cause.cause : undefined
    const code = inner instanceof Error && 'code' in inner ? inner.code : undefined
    throw new ShareholdError('SH_STORE_UNAVAILABLE', `The store ${directory} cannot be opened.`, {
      hint:
        code === 'LEVEL_LOCKED'
          ? 'Another process is using it: stop that one first.'
          : 'Check that the directory can be written to and that the disk is not full.',
      cause,
    })
  }
}

/**
 * Deletes keys in one synced batch and removes their values from the files as well. LevelDB drops a
 * value when a compaction meets it together with its deletion. Two in one memory table would be
 * written out, and kept, together: so what is in memory is written out first.
 *
 * @param ranges what to rewrite afterwards: must cover the keys whose values have to go
 */
export async function erase(
  database: Database,
  keys: readonly Bytes[],
  ranges: readonly { readonly from: Bytes; readonly to: Bytes }[],
): Promise<void> {
  // Level's types are those that browsers share; in Node it is a ClassicLevel, which can do this.
  const classic = database as Database & { compactRange?(start: Bytes, end: Bytes): Promise<void> }
  const nowhere = new Uint8Array(1)
  await classic.compactRange?.(nowhere, nowhere)
  await database.batch(
    keys.map((key) => ({ type: 'del', key })),
    SYNCED,
  )
  for (const { from, to } of ranges) await classic.compactRange?.(from, to)
}
