/**
 * What a share-node remembers of an import beside its blocks: the manifest (roots, leaf hashes, salts)
 * and the member runs. Kept in the share store itself, written in the same atomic batch, under column
 * names that no schema can have.
 */
import { z } from 'zod'

import { ShareholdError } from '../../shares/errors.ts'
import type { BlockKey, ImportWriter, ShareStore } from '../../shares/store.ts'

const MANIFEST = '#manifest'
const MEMBERS = '#members'

const ManifestShape = z.strictObject({
  dataset: z.string(),
  importId: z.string(),
  repository: z.string(),
  schemaHash: z.string(),
  schemaNote: z.string(),
  chunks: z.array(z.number()).readonly(),
  /** SHA-256 of the canonical member runs, hex. */
  members: z.string(),
  root: z.string(),
  /** Leaf hash and salt of every block, hex, in the order of blocksOf. */
  leaves: z.array(z.string()).readonly(),
  salts: z.array(z.string()).readonly(),
})
export type Manifest = Readonly<z.infer<typeof ManifestShape>>

const keyOf = (dataset: string, importId: string, column: string): BlockKey => ({
  dataset,
  importId,
  column,
  encoding: 'bits',
  chunk: 0,
})

export async function writeManifest(
  writer: ImportWriter,
  manifest: Manifest,
  members: Uint8Array,
): Promise<void> {
  const { dataset, importId } = manifest
  await writer.put(keyOf(dataset, importId, MEMBERS), members)
  const text = new TextEncoder().encode(JSON.stringify(manifest))
  await writer.put(keyOf(dataset, importId, MANIFEST), text)
}

/** @throws ShareholdError SH_STORE_MISSING if the import is not here, SH_STORE_CORRUPT */
export async function getManifest(
  store: ShareStore,
  dataset: string,
  importId: string,
): Promise<Manifest> {
  const bytes = await store.get(keyOf(dataset, importId, MANIFEST))
  try {
    return ManifestShape.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (cause) {
    throw new ShareholdError('SH_STORE_CORRUPT', `The manifest of import ${importId} is damaged.`, {
      cause,
    })
  }
}

/** The canonical member runs of an import. */
export function readMembers(
  store: ShareStore,
  dataset: string,
  importId: string,
): Promise<Uint8Array> {
  return store.get(keyOf(dataset, importId, MEMBERS))
}
