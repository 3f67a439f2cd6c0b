/**
 * Re-sharing a block from one committee to another with fresh randomness (protocol.md 0.1): who sends
 * what to whom. This file has the public choices and the sizes; reshare-field.ts and reshare-bits.ts
 * compute. Nothing here is secret, and everything follows from the arguments, so that transport, cost
 * model and auditor agree with the sender.
 *
 * Below, (n, t) is the old committee and (n', t') the new one. Any t old and t' new parties together
 * learn nothing about the values; their views are checked exactly in test/shares/reshare.test.ts.
 *
 * Bytes in all, for one block:
 *   field, r rows:            (t+1) * ((n'-t') * 8r + t' * 16)
 *   bits, b bytes a component: C(n,t) * ((t'+1) * b + (C(n',t')-1) * (t'+1) * 16 + t * n' * 32)
 * At n = n' = 3 that is 2 bits per bit and 4/3 elements per element for each new party, on average.
 */
import { type Committee, cyclic, heldBy, isMember, parties, setAt } from './committee.ts'
import { HASH_BYTES } from './hash.ts'
import { SEED_BYTES } from './prg.ts'
import type { Encoding } from './store.ts'

/**
 * Names the block that is re-shared. `rotation` is any public number that differs between blocks, such
 * as column index plus chunk: it spreads the work over the parties.
 */
export interface ReshareBlock {
  readonly column: string
  readonly chunk: number
  readonly rotation: number
}

/**
 * Derives a fresh 16-byte seed for one (job, purpose, from, to, column, chunk).
 *   field: from = dealing old party, to = new party; from a key that only the dealer has.
 *   bits:  from = index of an old set A, to = index of a new set B; from k_A (HKDF over the job context),
 *          so that all members of A derive the same.
 */
export type ReshareSeed = (
  purpose: Encoding,
  from: number,
  to: number,
  column: string,
  chunk: number,
) => Uint8Array

/** One message: old party `from` to new party `to`. */
export interface ReshareMessage {
  readonly from: number
  readonly to: number
  readonly bytes: number
}

/** What is re-shared: its size is the number of rows, or the bytes of one component. */
export type ReshareSize =
  | { readonly encoding: 'field'; readonly rows: number }
  | { readonly encoding: 'bits'; readonly bytes: number }

/** The t+1 old parties that deal a field block: consecutive on the circle, turning with `rotation`. */
export function fieldDealers(of: Committee, rotation: number): number[] {
  return Array.from({ length: of.t + 1 }, (_, k) => cyclic(of, rotation + 1 + k))
}

/** The t' new parties whose share of the dealer's value is pseudo-random: they get a seed. */
export function fieldSeedReceivers(to: Committee, dealer: number, rotation: number): number[] {
  return Array.from({ length: to.t }, (_, k) => cyclic(to, rotation + dealer + k))
}

/** The member of the old set that sends seeds and correction; the others send digests of them. */
export function bitsSender(from: Committee, setIndex: number, rotation: number): number {
  const set = setAt(from, setIndex)
  return set[modulo(rotation + setIndex, set.length)]!
}

/** Index of the new set that takes the correction of an old set's component. */
export function correctionSet(to: Committee, setIndex: number, rotation: number): number {
  return modulo(rotation + setIndex, to.sets.length)
}

/** What a member of the old set `setIndex` sends to a new party on its account. */
export interface BitsPart {
  readonly setIndex: number
  /** `data`: seeds, then the correction if any. `digest`: SHA-256 of what the sender's `data` must be. */
  readonly kind: 'data' | 'digest'
  /** New sets of the receiver, ascending, whose seed is in the data. */
  readonly seeds: readonly number[]
  /** Whether the data ends with the correction. */
  readonly correction: boolean
}

/** The parts, in order, of the message of an old party to a new one. */
export function bitsParts(
  from: Committee,
  to: Committee,
  sender: number,
  receiver: number,
  rotation: number,
): BitsPart[] {
  return heldBy(from, sender).map((setIndex) => {
    const corrected = correctionSet(to, setIndex, rotation)
    return {
      setIndex,
      kind: bitsSender(from, setIndex, rotation) === sender ? 'data' : 'digest',
      seeds: heldBy(to, receiver).filter((index) => index !== corrected),
      correction: isMember(to, corrected, receiver),
    }
  })
}

/** Bytes of a part as it is sent. */
export function partBytes(part: BitsPart, componentBytes: number): number {
  if (part.kind === 'digest') return HASH_BYTES
  return part.seeds.length * SEED_BYTES + (part.correction ? componentBytes : 0)
}

/** All messages of one block, ordered by sender and receiver. Pairs that are not listed send nothing. */
export function reshareSchedule(
  from: Committee,
  to: Committee,
  size: ReshareSize,
  rotation: number,
): ReshareMessage[] {
  const senders = size.encoding === 'field' ? fieldDealers(from, rotation) : parties(from)
  return senders
    .toSorted((a, b) => a - b)
    .flatMap((sender) =>
      parties(to).map((receiver) => ({
        from: sender,
        to: receiver,
        bytes: messageBytes(from, to, size, rotation, sender, receiver),
      })),
    )
}

function messageBytes(
  from: Committee,
  to: Committee,
  size: ReshareSize,
  rotation: number,
  sender: number,
  receiver: number,
): number {
  if (size.encoding === 'field') {
    const seeded = fieldSeedReceivers(to, sender, rotation).includes(receiver)
    return seeded ? SEED_BYTES : size.rows * 8
  }
  return bitsParts(from, to, sender, receiver, rotation).reduce(
    (bytes, part) => bytes + partBytes(part, size.bytes),
    0,
  )
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
