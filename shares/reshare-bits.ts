/**
 * Re-sharing of replicated bit-planes (protocol.md 0.1 [der]): every old component s_A is split into
 * sub-components s_{A,B}, one for each new set B, with XOR s_A; the new component of B is the XOR of
 * s_{A,B} over all A. All s_{A,B} but one are pseudo-random from a seed that goes to the members of B
 * only; the one of the correction set is sent in full.
 *
 * All t+1 members of A can compute all of that. One sends it, the others send SHA-256 of exactly what
 * the sender must have sent, so t lying parties are caught as long as one member of A is honest. Who
 * lied cannot be told from that.
 *
 * Secure against t old and t' new parties: they miss the component of the old set A' without corrupt
 * parties, of which the sub-component for the new set B' without corrupt parties stays unknown.
 */
import { copy, xor, zero } from './bits/plane.ts'
import { type Committee, heldBy, parties, setAt } from './committee.ts'
import { ShareholdError } from './errors.ts'
import { type Arena, type Block, newArena, view } from './field/memory.ts'
import { concatBytes, type Hash, sameBytes } from './hash.ts'
import { ivOf, ONCE, type Prg, SEED_BYTES } from './prg.ts'
import { type BitShare, component, newBitShare } from './replicated.ts'
import {
  type BitsPart,
  bitsParts,
  bitsSender,
  correctionSet,
  partBytes,
  type ReshareBlock,
  type ReshareSeed,
} from './reshare.ts'

/**
 * The old party's side: data for the sets it sends for, digests for the others.
 * @param party its number in the old committee
 * @param share its share of the block (all planes on end: encode.ts)
 * @param seed asked for ('bits', old set A that holds the party, new set B)
 * @returns the message for each new party
 */
export function dealBits(
  from: Committee,
  to: Committee,
  party: number,
  share: BitShare,
  block: ReshareBlock,
  seed: ReshareSeed,
  prg: Prg,
  hash: Hash,
): Map<number, Uint8Array> {
  const seedsOf = heldBy(from, party).map((setIndex) =>
    to.sets.map((_, target) => seed('bits', setIndex, target, block.column, block.chunk)),
  )
  const receivers = parties(to)
  const pieces = receivers.map((): Uint8Array[] => [])
  heldBy(from, party).forEach((setIndex, position) => {
    const seeds = seedsOf[position]!
    const corrected = correctionSet(to, setIndex, block.rotation)
    const correction = correctionOf(component(share, position), seeds, corrected, prg)
    for (const [i, receiver] of receivers.entries()) {
      const part = bitsParts(from, to, party, receiver, block.rotation)[position]!
      const data = concatBytes(
        ...part.seeds.map((target) => seeds[target]!),
        ...(part.correction ? [correction] : []),
      )
      pieces[i]!.push(part.kind === 'data' ? data : hash.sha256(data))
    }
    correction.fill(0)
  })
  return new Map(receivers.map((receiver, i) => [receiver, concatBytes(...pieces[i]!)]))
}

/**
 * The new party's side: its share of the block in the new committee.
 * @param arena owns the result
 * @param receiver its number in the new committee
 * @param bytes of one component
 * @param messages by number of the old party; all n are needed
 * @throws ShareholdError SH_SHARE_TOO_FEW if a message is missing and SH_SHARE_INCONSISTENT if one has the
 *   wrong length, both naming the sender; SH_SHARE_INCONSISTENT without a name if the members of an old
 *   set contradict each other
 */
export function receiveBits(
  arena: Arena,
  from: Committee,
  to: Committee,
  receiver: number,
  bytes: number,
  block: ReshareBlock,
  messages: ReadonlyMap<number, Uint8Array>,
  prg: Prg,
  hash: Hash,
): BitShare {
  const pieces = parties(from).flatMap((sender) =>
    cut(messages.get(sender), sender, bitsParts(from, to, sender, receiver, block.rotation), bytes),
  )
  const held = heldBy(to, receiver)
  const scratch = arena.child({ wipe: true })
  try {
    const share = newBitShare(scratch, to, bytes)
    held.forEach((_, position) => zero(component(share, position)))
    const stream = scratch.bytes(bytes)
    from.sets.forEach((_, setIndex) => {
      const data = agreedData(pieces, from, setIndex, block.rotation, hash)
      data.part.seeds.forEach((target, k) => {
        const key = data.bytes.slice(k * SEED_BYTES, (k + 1) * SEED_BYTES)
        prg.fill(key, ivOf(ONCE), view(stream))
        const sum = component(share, held.indexOf(target))
        xor(sum, sum, stream)
      })
      if (data.part.correction) {
        view(stream).set(data.bytes.subarray(data.part.seeds.length * SEED_BYTES))
        const target = correctionSet(to, setIndex, block.rotation)
        const sum = component(share, held.indexOf(target))
        xor(sum, sum, stream)
      }
    })
    return scratch.keep(share)
  } finally {
    scratch.release()
  }
}

/** s_A XOR the streams of all seeds but the corrected one's. */
function correctionOf(
  plane: Block,
  seeds: readonly Uint8Array[],
  corrected: number,
  prg: Prg,
): Uint8Array {
  const scratch = newArena({ wipe: true })
  try {
    const sum = scratch.bytes(plane.bytes)
    const stream = scratch.bytes(plane.bytes)
    copy(sum, plane)
    seeds.forEach((key, target) => {
      if (target === corrected) return
      prg.fill(key, ivOf(ONCE), view(stream))
      xor(sum, sum, stream)
    })
    return view(sum).slice()
  } finally {
    scratch.release()
  }
}

interface Piece {
  readonly sender: number
  readonly part: BitsPart
  readonly bytes: Uint8Array
}

/** Cuts a message into its parts. */
function cut(
  message: Uint8Array | undefined,
  sender: number,
  parts: readonly BitsPart[],
  componentBytes: number,
): Piece[] {
  if (message === undefined) {
    throw new ShareholdError('SH_SHARE_TOO_FEW', `party ${sender} sent nothing`, {
      party: String(sender),
    })
  }
  const length = parts.reduce((sum, part) => sum + partBytes(part, componentBytes), 0)
  if (message.length !== length) {
    throw new ShareholdError(
      'SH_SHARE_INCONSISTENT',
      `party ${sender} sent ${message.length} bytes where ${length} are due`,
      { party: String(sender) },
    )
  }
  let at = 0
  return parts.map((part) => {
    const from = at
    at += partBytes(part, componentBytes)
    return { sender, part, bytes: message.subarray(from, at) }
  })
}

/** The data for an old set, after checking that all its members stand by it. */
function agreedData(
  pieces: readonly Piece[],
  from: Committee,
  setIndex: number,
  rotation: number,
  hash: Hash,
): Piece {
  const mine = pieces.filter((piece) => piece.part.setIndex === setIndex)
  const sender = bitsSender(from, setIndex, rotation)
  const data = mine.find((piece) => piece.sender === sender)!
  const digest = hash.sha256(data.bytes)
  const against = mine.filter(
    (piece) => piece.part.kind === 'digest' && !sameBytes(piece.bytes, digest),
  )
  if (against.length > 0) {
    const names = against.map((piece) => piece.sender).join(', ')
    throw new ShareholdError(
      'SH_SHARE_INCONSISTENT',
      `of the parties {${setAt(from, setIndex).join(',')}} that hold one component, ${sender} sent data that ${names} contradict`,
      { hint: 'Either may be wrong: compare their stored blocks with the commitments.' },
    )
  }
  return data
}
