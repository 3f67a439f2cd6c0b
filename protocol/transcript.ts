/**
 * Transcripts: what a party says it sent to and received from each peer, as one Merkle root per
 * ordered pair (ledger.md F). The sender's root for (i, j) must equal the receiver's; where they
 * differ, Merkle paths lead to the first run of messages (message-run.ts) that does.
 *
 * Roots are public, and a message is not random to everybody: for each honest pair there are t parties
 * who have all pads of what the one sends the other (deal-field.ts, boolean.ts), so to them it follows
 * from the secrets, and its plain hash would confirm a guess of those. Therefore a leaf holds the
 * run's hash under a key that only sender and receiver have: to all others a root is random. It can
 * be disclosed leaf by leaf without the key.
 *
 * Empty messages are not in it: both ends know from the plan that they are.
 *
 * Cost: one SHA-256 pass over every payload; O(log messages) memory per pair; no communication.
 */
import type { StreamingHash } from '../shares/hash.ts'

import { MerkleStack } from './merkle-stack.ts'
import { MessageRun } from './message-run.ts'
import {
  type Channel,
  type JobKeys,
  type Payload,
  payloadBytes,
  piecesOf,
  type Place,
  type Tag,
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
  /** Merkle root over the leaves of the runs, 32 bytes. */
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

/** A channel that writes down what passes through it. */
export class TranscriptChannel implements Channel {
  readonly #inner: Channel
  readonly #self: number
  readonly #context: TranscriptContext
  readonly #keys: Pick<JobKeys, 'pair'>
  readonly #hash: StreamingHash
  readonly #sent = new Map<number, Direction>()
  readonly #received = new Map<number, Direction>()

  /** @param keys of this job attempt, at this party */
  constructor(
    inner: Channel,
    self: number,
    context: TranscriptContext,
    keys: Pick<JobKeys, 'pair'>,
    hash: StreamingHash,
  ) {
    this.#inner = inner
    this.#self = self
    this.#context = context
    this.#keys = keys
    this.#hash = hash
  }

  send(to: number, tag: Tag, message: Payload): Promise<void> {
    const bytes = payloadBytes(message)
    if (bytes === 0) return this.#inner.send(to, tag, message)
    const sent = this.#sent.get(to) ?? this.#direction(this.#sent, to, this.#self, to)
    if (!(message instanceof Uint8Array)) {
      return this.#inner.send(to, tag, {
        bytes,
        pieces: sent.noting(tag, bytes, piecesOf(message)),
      })
    }
    const sending = this.#inner.send(to, tag, message)
    // While it is on its way, but in this turn: it may be a view of memory that changes.
    sent.note(tag, bytes, message)
    return sending
  }

  receive(from: number, tag: Tag, bytes: number, place?: Place): Promise<Uint8Array> {
    if (bytes === 0) return this.#inner.receive(from, tag, bytes, place)
    const received =
      this.#received.get(from) ?? this.#direction(this.#received, from, from, this.#self)
    const out = place === undefined ? new Uint8Array(bytes) : undefined
    const placed = this.#inner.receive(from, tag, bytes, (piece, offset) => {
      received.notePiece(tag, bytes, piece, offset)
      if (place === undefined) out!.set(piece, offset)
      else place(piece, offset)
    })
    return out === undefined ? placed : placed.then(() => out)
  }

  /** The transcript so far. */
  transcript(): Transcript {
    return { sent: rows(this.#sent), received: rows(this.#received) }
  }

  #direction(
    directions: Map<number, Direction>,
    peer: number,
    from: number,
    to: number,
  ): Direction {
    const key = this.#keys.pair(peer, 'transcript', from)
    const direction = new Direction(this.#context, from, to, key, this.#hash)
    directions.set(peer, direction)
    return direction
  }
}

/** The messages from one party to another. */
class Direction {
  readonly #context: TranscriptContext
  readonly #from: number
  readonly #to: number
  readonly #key: Uint8Array
  readonly #hash: StreamingHash
  readonly #stack: MerkleStack
  readonly #run: MessageRun
  #messages = 0
  #bytes = 0

  /** @param key 16 bytes: the pair's subkey for use `transcript`, dealer = sender */
  constructor(
    context: TranscriptContext,
    from: number,
    to: number,
    key: Uint8Array,
    hash: StreamingHash,
  ) {
    this.#context = context
    this.#from = from
    this.#to = to
    this.#key = key
    this.#hash = hash
    this.#stack = new MerkleStack(hash)
    this.#run = new MessageRun(hash)
  }

  /** A whole message. */
  note(tag: Tag, bytes: number, payload: Uint8Array): void {
    this.notePiece(tag, bytes, payload, 0)
  }

  /** The next piece of a message; all of its pieces come before those of another. */
  notePiece(tag: Tag, bytes: number, piece: Uint8Array, offset: number): void {
    if (offset === 0) this.#run.begin(tag, bytes)
    this.#run.add(piece)
    if (offset + piece.length < bytes) return
    this.#messages++
    this.#bytes += bytes
    if (!this.#run.full) return
    this.#stack.push(this.#leaf())
    this.#run.reset()
  }

  /** Notes pieces as somebody walks them. */
  *noting(tag: Tag, bytes: number, pieces: Iterable<Uint8Array>): Iterable<Uint8Array> {
    let offset = 0
    for (const piece of pieces) {
      if (piece.length === 0) continue
      this.notePiece(tag, bytes, piece, offset)
      offset += piece.length
      yield piece
    }
  }

  row(peer: number): TranscriptRow {
    const stack = this.#stack.copy()
    if (this.#run.messages > 0) stack.push(this.#leaf())
    return { peer, root: stack.root(), messages: this.#messages, bytes: this.#bytes }
  }

  /**
   * The leaf of the run: label, job, attempt, sender, receiver, number of its first message between the
   * two (from 0), messages, bytes, digest; each with its own length before it. The digest is SHA-256
   * over the tuple (key, number of the first message, SHA-256 of the run).
   */
  #leaf(): Uint8Array {
    const run = this.#run
    const first = this.#messages - run.messages
    return encodeTuple([
      'sharehold/msg/v3',
      this.#context.job,
      this.#context.attempt,
      this.#from,
      this.#to,
      first,
      run.messages,
      BigInt(run.bytes),
      this.#hash.sha256(encodeTuple([this.#key, first, run.digest()])),
    ])
  }
}

function rows(directions: ReadonlyMap<number, Direction>): TranscriptRow[] {
  return [...directions]
    .toSorted(([a], [b]) => a - b)
    .map(([peer, direction]) => direction.row(peer))
}
