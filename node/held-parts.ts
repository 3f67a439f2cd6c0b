/**
 * Whether a dataset version is about what this share-node holds. Versions are signed by one repository,
 * which may state anything about the imports of others: a share-node answers, and deals, only for parts
 * that are as it took them.
 */
import type { VersionBody } from '../protocol/ledger/records.ts'
import { decodeMembers } from '../protocol/members.ts'
import type { MemberList } from '../protocol/members.ts'
import { ShareholdError } from '../shares/errors.ts'
import type { ShareStore } from '../shares/store.ts'

import { getManifest, readMembers } from './store/manifest.ts'

/**
 * The member runs of all parts of a version.
 *
 * @param index this share-node, 1..n
 * @throws ShareholdError SH_AUTH_VERSION if a part is not as it was imported here, by whom the version
 * says, under its schema; SH_STORE_MISSING
 */
export async function heldMembers(
  store: ShareStore,
  index: number,
  version: VersionBody,
): Promise<MemberList[]> {
  const members: MemberList[] = []
  for (const part of version.parts) {
    const manifest = await getManifest(store, version.dataset, part.importId)
    if (
      manifest.root !== part.roots[index - 1] ||
      manifest.members !== part.members ||
      manifest.repository !== part.repository ||
      manifest.schemaHash !== version.schemaHash ||
      JSON.stringify(manifest.chunks) !== JSON.stringify(part.chunks)
    ) {
      throw new ShareholdError(
        'SH_AUTH_VERSION',
        `The version does not describe import ${part.importId} as this node holds it.`,
      )
    }
    members.push(decodeMembers(await readMembers(store, version.dataset, part.importId)))
  }
  return members
}
