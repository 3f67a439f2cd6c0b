/**
 * Share coordinates: what a repository keeps of an import. Who holds which share of which chunk, under
 * which root, with their receipts; not the data. One JSON file an import, written before the version is
 * asked for, so that after a crash in between the same file is not imported twice.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import type { Hmac } from 'node:crypto'
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'

import { parseSignerKey } from '../protocol/ledger/note.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { ActorKey } from './keys.ts'

/** Who holds which share of which chunk, under which root: what a repository keeps of an import. */
export interface ShareCoordinates {
  readonly dataset: string
  readonly importId: string
  /** 0 while it is unknown whether the version was entered. */
  readonly version: number
  readonly rows: number
  readonly chunks: readonly number[]
  /** HMAC of the file under a key of the repository: finds a second import of the same file. */
  readonly fileTag: string
  readonly holders: readonly {
    readonly index: number
    readonly name: string
    readonly vkey: string
    readonly root: string
    readonly receipt: string
  }[]
}

/** In coordinates: the version was asked for, and no answer came (yet). */
export const UNREGISTERED = 0

/**
 * The tag of a file, to be given its bytes. Keyed, so that who reads the coordinates cannot test guesses of
 * the file.
 */
export function startFileTag(key: ActorKey, dataset: string): Hmac {
  const { seed } = parseSignerKey(key.skey)
  const tagKey = hkdfSync('sha256', seed, dataset, 'sharehold/file-tag/v1', 32)
  return createHmac('sha256', new Uint8Array(tagKey))
}

/** @throws ShareholdError SH_IMPORT_DUPLICATE */
export async function refuseDuplicate(dataDirectory: string, fileTag: string): Promise<void> {
  for (const one of await readCoordinates(dataDirectory)) {
    if (one.fileTag !== fileTag) continue
    throw new ShareholdError(
      'SH_IMPORT_DUPLICATE',
      one.version === UNREGISTERED
        ? `An import of this very file was interrupted (import ${one.importId}).`
        : `This very file was imported before (import ${one.importId}, version ${one.version}).`,
      {
        hint:
          one.version === UNREGISTERED
            ? `Nothing was stored now. See in \`sharehold ledger\` whether it has a version; if not, remove imports/${one.importId}.json from the data folder and import again.`
            : 'Nothing was stored. Import only new rows.',
      },
    )
  }
}

/** The share coordinates of all imports from this folder. */
export async function readCoordinates(dataDirectory: string): Promise<ShareCoordinates[]> {
  const files = await readdir(path.join(dataDirectory, 'imports')).catch(() => [])
  const texts = await Promise.all(
    files
      .filter((file) => file.endsWith('.json'))
      .map((file) => readFile(path.join(dataDirectory, 'imports', file), 'utf8')),
  )
  return texts
    .map((text) => JSON.parse(text) as ShareCoordinates)
    .toSorted((a, b) => a.version - b.version)
}

export async function saveCoordinates(
  dataDirectory: string,
  coordinates: ShareCoordinates,
): Promise<void> {
  const folder = path.join(dataDirectory, 'imports')
  await mkdir(folder, { recursive: true })
  const target = path.join(folder, `${coordinates.importId}.json`)
  const temporary = await open(`${target}.tmp`, 'w', 0o600)
  try {
    await temporary.writeFile(`${JSON.stringify(coordinates, null, 2)}\n`)
    await temporary.sync()
  } finally {
    await temporary.close()
  }
  await rename(`${target}.tmp`, target)
}

export async function forgetCoordinates(dataDirectory: string, importId: string): Promise<void> {
  await rm(path.join(dataDirectory, 'imports', `${importId}.json`), { force: true })
}
