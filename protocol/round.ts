import { ShareholdError } from '../shares/errors.ts'
/**
 * One round of a protocol at one party: everything it sends and receives under one tag. Empty messages
 * are not sent; both ends know the length from the plan, so both leave them out.
 */
import { type Arena, type FpVector, view, viewFp } from '../shares/field/memory.ts'
import type { Block } from '../shares/field/memory.ts'
import { isCanonical } from '../shares/field/vector.ts'

import type { Party, Tag } from './party.ts'

export interface Outgoing {
  readonly to: number
  /** May be a view of kernel memory: nothing allocates before the round ends. */
  readonly payload: Uint8Array
}

export interface Incoming {
  readonly from: number
  readonly bytes: number
}

/**
 * Sends, and waits for all that is due.
 * @returns the payloads, in the order of `incoming`
 * @throws ShareholdError SH_ROUND_* from the channel, naming the party at fault
 */
export async function exchange(
  party: Party,
  tag: Tag,
  outgoing: readonly Outgoing[],
  incoming: readonly Incoming[],
): Promise<Uint8Array[]> {
  const sending = outgoing
    .filter(({ payload }) => payload.length > 0)
    .map(({ to, payload }) => party.channel.send(to, tag, payload))
  const receiving = incoming.map(async ({ from, bytes }) =>
    bytes === 0 ? new Uint8Array(0) : party.channel.receive(from, tag, bytes),
  )
  try {
    const [payloads] = await Promise.all([Promise.all(receiving), Promise.all(sending)])
    return payloads
  } finally {
    // Also after a failure: what is being sent may be a view of memory that is about to be freed.
    await Promise.allSettled(sending)
  }
}

/** Copies a received plane (or several on end) to kernel memory. */
export function placeBits(arena: Arena, payload: Uint8Array): Block {
  const block = arena.bytes(payload.length)
  view(block).set(payload)
  return block
}

/**
 * Copies a received vector to kernel memory.
 * @throws ShareholdError SH_ROUND_CANONICAL, naming the sender, if an element is not below p
 */
export function placeField(arena: Arena, payload: Uint8Array, from: number): FpVector {
  const vector = arena.elements(payload.length / 8)
  viewFp(vector).set(payload)
  if (!isCanonical(vector)) {
    throw new ShareholdError(
      'SH_ROUND_CANONICAL',
      `Party ${from} sent a vector with an element that is not below the field's order.`,
      { party: `${from}` },
    )
  }
  return vector
}
