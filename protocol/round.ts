/**
 * One round of a protocol at one party: everything it sends and receives under one tag. What comes goes
 * straight to kernel memory. Empty messages are not sent; both ends know the length from the plan, so
 * both leave them out.
 */
import { ShareholdError } from '../shares/errors.ts'
import { type Block, blockOf, type FpVector, sliceBlock, view } from '../shares/field/memory.ts'
import { isCanonical } from '../shares/field/vector.ts'

import type { Party, Place, Tag } from './party.ts'

export interface Outgoing {
  readonly to: number
  /** May be a view of kernel memory: it is copied before anything allocates. */
  readonly payload: Uint8Array
}

export interface Incoming {
  readonly from: number
  /** Where the message goes; as long as it. */
  readonly into: Block
}

/**
 * Sends, and waits for all that is due.
 *
 * @param meanwhile what to compute while the messages are on their way; must not touch the blocks
 * @throws ShareholdError SH_ROUND_* from the channel, naming the party at fault. The blocks may have been
 * written to, but are not any more: they may be freed.
 */
export async function exchange(
  party: Party,
  tag: Tag,
  outgoing: readonly Outgoing[],
  incoming: readonly Incoming[],
  meanwhile?: () => unknown,
): Promise<void> {
  let over = false
  const receive = async ({ from, into }: Incoming): Promise<void> => {
    if (into.bytes === 0) return
    const place: Place = (piece, offset) => {
      // After a failure elsewhere, the block may belong to somebody else.
      if (!over) view(sliceBlock(into, offset, offset + piece.length)).set(piece)
    }
    const whole = await party.channel.receive(from, tag, into.bytes, place)
    if (whole.length > 0) place(whole, 0)
  }
  const sending = outgoing
    .filter(({ payload }) => payload.length > 0)
    .map(({ to, payload }) => party.channel.send(to, tag, payload))
  const all = Promise.all([...incoming.map(receive), ...sending])
  // So that a failure of `meanwhile` is not followed by an unhandled one.
  all.catch(() => {})
  try {
    meanwhile?.()
    await all
  } finally {
    over = true
    // Also after a failure: what is being sent may be a view of memory that is about to be freed.
    await Promise.allSettled(sending)
  }
}

/**
 * Sends, and waits for vectors.
 *
 * @param into one vector a sender, in the order of `senders`
 * @throws ShareholdError as `exchange`; SH_ROUND_CANONICAL, naming the sender, if an element is not below p
 */
export async function exchangeField(
  party: Party,
  tag: Tag,
  outgoing: readonly Outgoing[],
  senders: readonly number[],
  into: readonly FpVector[],
  meanwhile?: () => unknown,
): Promise<void> {
  const incoming = into.map((vector, k) => ({ from: senders[k]!, into: blockOf(vector) }))
  await exchange(party, tag, outgoing, incoming, meanwhile)
  into.forEach((vector, k) => {
    if (isCanonical(vector)) return
    throw new ShareholdError(
      'SH_ROUND_CANONICAL',
      `Party ${senders[k]} sent a vector with an element that is not below the field's order.`,
      { party: `${senders[k]}` },
    )
  })
}
