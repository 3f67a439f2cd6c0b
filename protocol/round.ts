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

import { type Channel, type Party, type Payload, piecesOf, type Place, type Tag } from './party.ts'

export interface Outgoing {
  readonly to: number
  /**
   * A block of kernel memory, or a view of one, must stay as it is until the round is over. Pieces are asked for
   * in this turn or, if they are many bytes, one after the other until the round is over.
   */
  readonly payload: Payload | Block
}

/** Takes a message as it comes. */
export interface Sink {
  /** Length of the message. */
  readonly bytes: number
  readonly take: Place
}

export interface Incoming {
  readonly from: number
  /** Where the message goes; as long as it. */
  readonly into: Block | Sink
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
  return party.rounds === undefined
    ? commonRound(party.channel, [{ tag, outgoing, incoming, meanwhile }])
    : party.rounds.exchange({ tag, outgoing: outgoing.map(keepable), incoming, meanwhile })
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
  const outgoing: Bundle<Content>[] = []
  const incoming: Bundle<Incoming['into']>[] = []
  for (const part of parts) {
    for (const { to, payload } of part.outgoing) add(outgoing, to, payload, lengthOf(payload))
    for (const { from, into } of part.incoming) add(incoming, from, into, into.bytes)
  }
  let over = false
  const sending: Promise<unknown>[] = []
  const all: Promise<unknown>[] = []
  for (const { peer, contents } of outgoing) sending.push(channel.send(peer, tag, inOne(contents)))
  for (const { peer, contents, bytes } of incoming) {
    const write = writerOf(contents)
    const place: Place = (piece, offset) => {
      // After a failure elsewhere, the blocks may belong to somebody else.
      if (!over) write(piece, offset)
    }
    all.push(channel.receive(peer, tag, bytes, place))
  }
  all.push(...sending)
  const done = Promise.all(all)
  try {
    for (const { meanwhile } of parts) meanwhile?.()
    await done
  } catch (error) {
    over = true
    // If `meanwhile` has failed, nobody waits for it.
    done.catch(() => {})
    // What is being sent may be memory that is about to be freed.
    await Promise.allSettled(sending)
    throw error
  }
}

/** Whether this party neither sends nor receives anything in a round. */
export function isEmpty(parts: readonly RoundPart[]): boolean {
  return parts.every(
    ({ outgoing, incoming }) =>
      outgoing.every(({ payload }) => lengthOf(payload) === 0) &&
      incoming.every(({ into }) => into.bytes === 0),
  )
}

type Content = Outgoing['payload']

const lengthOf = (content: Content): number =>
  content instanceof Uint8Array ? content.length : content.bytes

/** What goes to a peer, or comes from it, on end. */
interface Bundle<T> {
  readonly peer: number
  readonly contents: T[]
  bytes: number
}

function add<T>(bundles: Bundle<T>[], peer: number, content: T, bytes: number): void {
  if (bytes === 0) return
  const bundle = bundles.find((one) => one.peer === peer)
  if (bundle === undefined) {
    bundles.push({ peer, contents: [content], bytes })
  } else {
    bundle.contents.push(content)
    bundle.bytes += bytes
  }
}

/** Contents on end. Kernel memory is looked at when its turn comes: making another piece may make it grow. */
function inOne(contents: readonly Content[]): Payload {
  if (contents.length === 1) return payloadOf(contents[0]!)
  return {
    bytes: contents.reduce((sum, content) => sum + lengthOf(content), 0),
    pieces: (function* () {
      for (const content of contents) yield* piecesOf(payloadOf(content))
    })(),
  }
}

const payloadOf = (content: Content): Payload => ('ptr' in content ? view(content) : content)

/** Gives pieces of a message to blocks and sinks that take it one after the other. */
function writerOf(targets: readonly Incoming['into'][]): Place {
  const [only] = targets
  if (only !== undefined && targets.length === 1) return takerOf(only)
  return (piece, offset) => scatter(targets, piece, offset)
}

const takerOf = (target: Incoming['into']): Place =>
  'take' in target
    ? target.take
    : (piece, offset) => view(sliceBlock(target, offset, offset + piece.length)).set(piece)

function scatter(targets: readonly Incoming['into'][], piece: Uint8Array, offset: number): void {
  let rest = piece
  let at = offset
  for (const target of targets) {
    if (rest.length === 0) return
    const length = Math.min(rest.length, target.bytes - at)
    if (length > 0) {
      takerOf(target)(rest.subarray(0, length), at)
      rest = rest.subarray(length)
    }
    at = Math.max(0, at - target.bytes)
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
  for (const [k, vector] of into.entries()) {
    if (!isCanonical(vector)) throw notCanonical(senders[k]!)
  }
}

/** What is thrown then. */
export function notCanonical(sender: number): ShareholdError {
  return new ShareholdError(
    'SH_ROUND_CANONICAL',
    `Party ${sender} sent a vector with an element that is not below the field's order.`,
    { party: `${sender}` },
  )
}
