/** The member runs of a part, as they go to the share-nodes. */
import { MemberListWriter } from '../protocol/members-writer.ts'
import { MEMBERS_SALT_BYTES } from '../protocol/members.ts'

import { rng } from './crypto.ts'
import type { Part } from './csv-part.ts'
import { sameText } from './text-order.ts'

export interface ImportMembers {
  /** Canonical (protocol/members.ts), with a fresh salt. */
  readonly list: Uint8Array
  readonly count: number
}

export function membersOf({ pseudonyms, order }: Part): ImportMembers {
  const writer = new MemberListWriter(rng(MEMBERS_SALT_BYTES))
  const { bytes, starts } = pseudonyms
  for (let i = 0; i < order.length;) {
    const first = i
    const row = order[first]!
    do i++
    while (i < order.length && sameText(pseudonyms, row, order[i]!))
    writer.add(bytes, starts[row]!, starts[row + 1]!, i - first)
  }
  return { list: writer.finish(), count: writer.members }
}
