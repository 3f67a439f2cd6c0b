/**
 * Transcripts: what a party says it sent to and received from each peer, as one Merkle root per
 * ordered pair (ledger.md F). The sender's root for (i, j) must equal the receiver's; where they
 * differ, Merkle paths lead to the first message that does. A root tells nothing of the messages,
 * which have at least the entropy of a share.
 *
 * Cost: one SHA-256 pass over every payload; O(log messages) memory per pair; no communication.
 */
import type { Hash } from '../shares/hash.ts'

import { MerkleStack } from './merkle-stack.ts'
import type { Channel, Tag } from './party.ts'
import { encodeTuple } from './tuple.ts'

/** Which attempt of which job a transcript belongs to. */
export interface TranscriptContext {
  readonly job: string
  readonly attempt: number
}

/** One direction between two parties. */
export interface TranscriptRow {
  readonly peer: number
  /** Merkle root over the message leaves, 32 bytes. */
  readonly root: Uint8Array
  readonly messages: number
  /** Payload bytes. */
  readonly bytes: number
}

export interface Transcript {
  /** Ascending by peer. */
  readonly sent: readonly TranscriptRow[]
  readonly received: readonly TranscriptRow[]
}

/**
 * The leaf of one message: label, job, attempt, sender, receiver, number of the message between the
 * two (from 0), operator, length, SHA-256 of the payload; each with its own length before it.
 */
export function messageLeaf(
  context: TranscriptContext,
  from: number,
  to: number,
  sequence: number,
  op: number,
  payload: Uint8Array,
  hash: Hash,
): Uint8Array {
  return encodeTuple([
    'sharehold/msg/v1',
    context.job,
    context.attempt,
    from,
    to,
    sequence,
    op,
    BigInt(payload.length),
    hash.sha256(payload),
  ])
}

/** A channel that writes down what passes through it. */
export class TranscriptChannel implements Channel {
  readonly #inner: Channel
  readonly #self: number
  readonly #context: TranscriptContext
  readonly #hash: Hash
  readonly #sent = new Map<number, Direction>()
  readonly #received = new Map<number, Direction>()

  constructor(inner: Channel, self: number, context: TranscriptContext, hash: Hash) {
    this.#inner = inner
    this.#self = self
    this.#context = context
    this.#hash = hash
  }

  async send(to: number, tag: Tag, payload: Uint8Array): Promise<void> {
    // Before the first await: the payload may be a view of memory that changes.
    this.#write(this.#sent, to, this.#self, to, tag, payload)
    await this.#inner.send(to, tag, payload)
  }

  async receive(from: number, tag: Tag, bytes: number): Promise<Uint8Array> {
    const payload = await this.#inner.receive(from, tag, bytes)
    this.#write(this.#received, from, from, this.#self, tag, payload)
    return payload
  }

  /** The transcript so far. */
  transcript(): Transcript {
    return { sent: rows(this.#sent), received: rows(this.#received) }
  }

  #write(
    directions: Map<number, Direction>,
    peer: number,
    from: number,
    to: number,
    tag: Tag,
    payload: Uint8Array,
  ): void {
    let direction = directions.get(peer)
    if (direction === undefined) {
      direction = { stack: new MerkleStack(this.#hash), bytes: 0 }
      directions.set(peer, direction)
    }
    const { stack } = direction
    stack.push(messageLeaf(this.#context, from, to, stack.leaves, tag.op, payload, this.#hash))
    direction.bytes += payload.length
  }
}

interface Direction {
  readonly stack: MerkleStack
  bytes: number
}

function rows(directions: ReadonlyMap<number, Direction>): TranscriptRow[] {
  return [...directions]
    .toSorted(([a], [b]) => a - b)
    .map(([peer, { stack, bytes }]) => ({
      peer,
      root: stack.root(),
      messages: stack.leaves,
      bytes,
    }))
}
