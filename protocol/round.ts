/**
 * One round at one party: what it sends and receives under one tag. What comes goes straight to kernel
 * memory. A round may be common to several operators (lockstep.ts): then what they have for a peer goes
 * into one message, theirs on end in the order of the operators.
 *
 * Every party exchanges in every step of an operator, also if it has nothing to send or to receive in it: so
 * all parties count the same rounds. Empty messages are not sent; both ends know the length from the
 * plan, so both leave them out.
 */
import { ShareholdError } from '../shares/errors.ts'
import {
  type Block,
  blockOf,
  blockShown,
  type FpVector,
  sliceBlock,
  view,
} from '../shares/field/memory.ts'
import { isCanonical } from '../shares/field/vector.ts'

import { type Channel, type Party, type Payload, piecesOf, type Tag } from './party.ts'

export interface Outgoing {
  readonly to: number
  /** A block of kernel memory, or a view of one, must stay as it is until the round is over. */
  readonly payload: Payload | Block
}

export interface Incoming {
  readonly from: number
  /** Where the message goes; as long as it. */
  readonly into: Block
}

/** What one operator does in a round. */
export interface RoundPart {
  readonly tag: Tag
  readonly outgoing: readonly Outgoing[]
  readonly incoming: readonly Incoming[]
  /** What to compute while the messages are on their way; must not touch the blocks. */
  readonly meanwhile?: (() => unknown) | undefined
}

/** Brings the parts of several operators together. */
export interface Rounds {
  /** As `exchange`. */
  exchange(part: RoundPart): Promise<void>
}

/**
 * Sends, and waits for all that is due.
 *
 * @param meanwhile what to compute while the messages are on their way; must not touch the blocks
 * @throws ShareholdError SH_ROUND_* from the channel, naming the party at fault. The blocks may have been
 * written to, but are not any more: they may be freed.
 */
export function exchange(
  party: Party,
  tag: Tag,
  outgoing: readonly Outgoing[],
  incoming: readonly Incoming[],
  meanwhile?: () => unknown,
): Promise<void> {
  const part = { tag, outgoing: outgoing.map(keepable), incoming, meanwhile }
  return party.rounds === undefined
    ? commonRound(party.channel, [part])
    : party.rounds.exchange(part)
}

/** Views are lost when kernel memory grows, and a part may wait for the others. */
function keepable({ to, payload }: Outgoing): Outgoing {
  const block = payload instanceof Uint8Array ? blockShown(payload) : undefined
  return { to, payload: block ?? payload }
}

/**
 * One round for all parts.
 * @param parts in the order of their operators. The first one's tag is the round's: no other round has it,
 *   since no other has that step of that operator
 * @throws as `exchange`
 */
export async function commonRound(channel: Channel, parts: readonly RoundPart[]): Promise<void> {
  const { tag } = parts[0]!
  let over = false
  const receive = (from: number, blocks: readonly Block[]): Promise<unknown> => {
    const place = (piece: Uint8Array, offset: number): void => {
      // After a failure elsewhere, the blocks may belong to somebody else.
      if (!over) scatter(blocks, piece, offset)
    }
    const bytes = blocks.reduce((sum, block) => sum + block.bytes, 0)
    return channel.receive(from, tag, bytes, place)
  }
  const sending = payloadsByPeer(parts).map(([to, payloads]) =>
    channel.send(to, tag, inOne(payloads)),
  )
  const receiving = blocksByPeer(parts).map(([from, blocks]) => receive(from, blocks))
  const all = Promise.all([...receiving, ...sending])
  // So that a failure of `meanwhile` is not followed by an unhandled one.
  all.catch(() => {})
  try {
    for (const { meanwhile } of parts) meanwhile?.()
    await all
  } finally {
    over = true
    // Also after a failure: what is being sent may be memory that is about to be freed.
    await Promise.allSettled(sending)
  }
}

type Content = Outgoing['payload']

const lengthOf = (content: Content): number =>
  content instanceof Uint8Array ? content.length : content.bytes

function payloadsByPeer(parts: readonly RoundPart[]): [number, Content[]][] {
  const peers = new Map<number, Content[]>()
  for (const { outgoing } of parts) {
    for (const { to, payload } of outgoing) if (lengthOf(payload) > 0) append(peers, to, payload)
  }
  return [...peers]
}

function blocksByPeer(parts: readonly RoundPart[]): [number, Block[]][] {
  const peers = new Map<number, Block[]>()
  for (const { incoming } of parts) {
    for (const { from, into } of incoming) if (into.bytes > 0) append(peers, from, into)
  }
  return [...peers]
}

function append<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** Contents on end. Kernel memory is looked at when its turn comes: making another piece may make it grow. */
function inOne(contents: readonly Content[]): Payload {
  const [first, ...others] = contents
  if (others.length === 0) return payloadOf(first!)
  return {
    bytes: contents.reduce((sum, content) => sum + lengthOf(content), 0),
    pieces: (function* () {
      for (const content of contents) yield* piecesOf(payloadOf(content))
    })(),
  }
}

const payloadOf = (content: Content): Payload => ('ptr' in content ? view(content) : content)

/** Writes a piece of a message to where it belongs in blocks that take the message one after the other. */
function scatter(blocks: readonly Block[], piece: Uint8Array, offset: number): void {
  let rest = piece
  let at = offset
  for (const block of blocks) {
    if (rest.length === 0) return
    const length = Math.min(rest.length, block.bytes - at)
    if (length > 0) {
      view(sliceBlock(block, at, at + length)).set(rest.subarray(0, length))
      rest = rest.subarray(length)
    }
    at = Math.max(0, at - block.bytes)
  }
  if (rest.length > 0) throw new RangeError('a piece lies beyond the end of its message')
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
