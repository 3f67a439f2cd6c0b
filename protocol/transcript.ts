/**
 * Transcripts: what a party says it sent to and received from each peer, as one Merkle root per
 * ordered pair (ledger.md F). The sender's root for (i, j) must equal the receiver's; where they
 * differ, Merkle paths lead to the first message that does.
 *
 * Roots are public, and a message is not random to everybody: for each honest pair there are t parties
 * who have all pads of what the one sends the other (deal-field.ts, boolean.ts), so to them it follows
 * from the secrets, and its plain hash would confirm a guess of those. Therefore a leaf holds the
 * payload's hash under a key that only sender and receiver have: to all others a root is random. It can
 * be disclosed leaf by leaf without the key.
 *
 * Cost: one SHA-256 pass over every payload; O(log messages) memory per pair; no communication.
 */
import type { Hash } from '../shares/hash.ts'

import { MerkleStack } from './merkle-stack.ts'
import {
  type Channel,
  type JobKeys,
  type Payload,
  type Place,
  type Tag,
  wholePayload,
} from './party.ts'
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
 * two (from 0), operator, length, digest; each with its own length before it. The digest is SHA-256
 * over the tuple (key, number of the message, SHA-256 of the payload).
 * @param key 16 bytes: the pair's subkey for use `transcript`, dealer = sender
 */
export function messageLeaf(
  context: TranscriptContext,
  from: number,
  to: number,
  sequence: number,
  op: number,
  payload: Uint8Array,
  key: Uint8Array,
  hash: Hash,
): Uint8Array {
  const digest = hash.sha256(payload)
  return leafOf(context, from, to, sequence, op, payload.length, digest, key, hash)
}

function leafOf(
  context: TranscriptContext,
  from: number,
  to: number,
  sequence: number,
  op: number,
  bytes: number,
  digest: Uint8Array,
  key: Uint8Array,
  hash: Hash,
): Uint8Array {
  return encodeTuple([
    'sharehold/msg/v2',
    context.job,
    context.attempt,
    from,
    to,
    sequence,
    op,
    BigInt(bytes),
    hash.sha256(encodeTuple([key, sequence, digest])),
  ])
}

/** A channel that writes down what passes through it. */
export class TranscriptChannel implements Channel {
  readonly #inner: Channel
  readonly #self: number
  readonly #context: TranscriptContext
  readonly #keys: Pick<JobKeys, 'pair'>
  readonly #hash: Hash
  readonly #sent = new Map<number, Direction>()
  readonly #received = new Map<number, Direction>()

  /** @param keys of this job attempt, at this party */
  constructor(
    inner: Channel,
    self: number,
    context: TranscriptContext,
    keys: Pick<JobKeys, 'pair'>,
    hash: Hash,
  ) {
    this.#inner = inner
    this.#self = self
    this.#context = context
    this.#keys = keys
    this.#hash = hash
  }

  async send(to: number, tag: Tag, message: Payload): Promise<void> {
    const payload = message instanceof Uint8Array ? message : wholePayload(message)
    const sending = this.#inner.send(to, tag, payload)
    // While the message is on its way, but before the first await: the payload may be a view of memory
    // that changes.
    const digest = this.#hash.sha256(payload)
    this.#write(this.#sent, to, this.#self, to, tag, payload.length, digest)
    await sending
  }

  async receive(from: number, tag: Tag, bytes: number, place?: Place): Promise<Uint8Array> {
    const state = place && this.#hash.start?.()
    const take =
      state &&
      ((piece: Uint8Array, offset: number) => {
        state.update(piece)
        place?.(piece, offset)
      })
    const payload = await this.#inner.receive(from, tag, bytes, take)
    const placed = state !== undefined && payload.length < bytes
    const digest = placed ? state.digest() : this.#hash.sha256(payload)
    this.#write(this.#received, from, from, this.#self, tag, bytes, digest)
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
    bytes: number,
    digest: Uint8Array,
  ): void {
    let direction = directions.get(peer)
    if (direction === undefined) {
      direction = { stack: new MerkleStack(this.#hash), bytes: 0 }
      directions.set(peer, direction)
    }
    const { stack } = direction
    const key = this.#keys.pair(peer, 'transcript', from)
    const leaf = leafOf(
      this.#context,
      from,
      to,
      stack.leaves,
      tag.op,
      bytes,
      digest,
      key,
      this.#hash,
    )
    stack.push(leaf)
    direction.bytes += bytes
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
