/**
 * Every message to t corrupt parties is padded, exactly. Stream k is 1 in lane k and 0 elsewhere, so a
 * message shows in lane k how it depends on that stream, compared with a lane of no stream. Streams of a round whose key no corrupt party
 * has are the unknowns; what corrupt parties receive from honest ones in that round must be linearly
 * independent functions of those. Then, whatever the secrets and the earlier rounds were, it is uniform:
 * for every coalition of t and each operator that sends. (That no stream serves twice is key-guard.ts's
 * part, in every other test.)
 */
import { describe, expect, test } from 'vitest'

import { multiply, shareInnerProducts } from '../../protocol/arithmetic.ts'
import { bitToField } from '../../protocol/bit-to-field.ts'
import { andBits } from '../../protocol/boolean.ts'
import { circuitStats } from '../../protocol/circuit.ts'
import { flatLayout } from '../../protocol/layout.ts'
import { openSum } from '../../protocol/masked-open.ts'
import { type Message, MemoryNetwork } from '../../protocol/memory-channel.ts'
import type { JobKeys, KeyUse, Party, Tag } from '../../protocol/party.ts'
import { bitsToRing } from '../../protocol/ring-count.ts'
import {
  equalsZero,
  equalsZeroCircuit,
  lessThanZero,
  lessThanZeroCircuit,
} from '../../protocol/share-split.ts'
import { zero } from '../../shares/bits/plane.ts'
import { add, newRing, ringBlock, type RingVector } from '../../shares/bits/ring.ts'
import { committee as committeeOf, parties, setAt } from '../../shares/committee.ts'
import { type Arena, view } from '../../shares/field/memory.ts'
import { inv, mul, sub } from '../../shares/field/scalar.ts'
import { fill } from '../../shares/field/vector.ts'
import { ivOf } from '../../shares/prg.ts'
import { type BitShare, newBitShare, wholeBlock } from '../../shares/replicated.ts'
import { asShamirShare, type ShamirShare } from '../../shares/shamir.ts'
import { subsets } from '../shares/views.ts'

import { runAll } from './parties.ts'
import { withArena } from './sharing.ts'

const USES: readonly KeyUse[] = ['prss', 'przs', 'deal', 'input-bits', 'and', 'b2a', 'open']
const TAG: Tag = { op: 3, batch: 0, step: 0 }

/** More than any operator has streams. */
const LANES = 2048

/** Rank modulo 2 is enough for a ring of 2^8: what is independent there is so modulo 2^8. */
type Kind = 'bits' | 'field' | 'ring'

/** Runs one operator at one party, on shares that are all zero. */
type Program = (party: Party, arena: Arena, lanes: number) => Promise<unknown>

/** The streams in the order of first use: lane k of every vector is the coefficient of stream k. */
class Streams {
  readonly #laneOf = new Map<string, number>()
  /** Who has the key of stream k, and in which step it is used. */
  readonly uses: { readonly holders: readonly number[]; readonly step: number }[] = []

  /** Keys that say what they are. */
  keys(n: number, index: number): JobKeys {
    return {
      set: (setIndex, use, dealer) => {
        expect(setAt(committeeOf(n), setIndex)).toContain(index)
        return Uint8Array.of(0, setIndex, 0, USES.indexOf(use), dealer)
      },
      pair: (peer, use, dealer) => {
        expect(peer).not.toBe(index)
        const [low, high] = [Math.min(index, peer), Math.max(index, peer)]
        return Uint8Array.of(1, low, high, USES.indexOf(use), dealer)
      },
    }
  }

  /** A stream is 1 in its own lane and 0 elsewhere. */
  fill(n: number, kind: Kind, key: Uint8Array, iv: Uint8Array, out: Uint8Array): void {
    const name = `${key.join()}/${iv.join()}`
    let lane = this.#laneOf.get(name)
    if (lane === undefined) {
      lane = this.#laneOf.size
      this.#laneOf.set(name, lane)
      const [isPair, first, second] = [key[0] === 1, key[1]!, key[2]!]
      const holders = isPair ? [first, second] : setAt(committeeOf(n), first)
      const step = new DataView(iv.buffer, iv.byteOffset).getUint32(8)
      this.uses.push({ holders, step })
    }
    out.fill(0)
    const at = { bits: lane >> 3, field: 8 * lane, ring: lane }[kind]
    if (lane >= LANES - 1) throw new RangeError('more streams than lanes')
    out[at] = kind === 'bits' ? 1 << (lane & 7) : 1
  }
}

interface Traced {
  readonly messages: readonly Message[]
  readonly uses: Streams['uses']
}

async function trace(n: number, kind: Kind, program: Program): Promise<Traced> {
  const streams = new Streams()
  const messages: Message[] = []
  const network = new MemoryNetwork(n, (message) => {
    messages.push({ ...message, payload: message.payload.slice() })
    return message
  })
  const committee = committeeOf(n)
  const all = parties(committee).map((index): Party => ({
    committee,
    index,
    keys: streams.keys(n, index),
    channel: network.channel(index),
    prg: { fill: (key, iv, out) => streams.fill(n, kind, key, iv, out) },
  }))
  await withArena((arena) => runAll(all, network, (party) => program(party, arena, LANES)))
  return { messages, uses: streams.uses }
}

const field = (payload: Uint8Array, lane: number): bigint =>
  new DataView(payload.buffer, payload.byteOffset).getBigUint64(8 * lane, true)
const parity = (kind: 'bits' | 'ring', payload: Uint8Array, lane: number): bigint =>
  BigInt((kind === 'bits' ? payload[lane >> 3]! >> (lane & 7) : payload[lane]!) & 1)

/**
 * Messages of one step from honest parties to corrupt ones, as rows over the streams of that step which no
 * corrupt party can make.
 */
function unknownPads(
  { messages, uses }: Traced,
  kind: Kind,
  corrupt: readonly number[],
  step: number,
): bigint[][] {
  const unknown = uses.flatMap((use, lane) =>
    use.step !== step || use.holders.some((party) => corrupt.includes(party)) ? [] : [lane],
  )
  const rows = new Map<string, bigint[]>()
  for (const { from, to, tag, payload } of messages) {
    if (tag.step !== step || corrupt.includes(from) || !corrupt.includes(to)) continue
    // A correction goes to several: it is one message. So is what is told to all.
    const name = kind === 'field' ? `${from}/${to}` : `${from}`
    // What public constants put into every lane is taken away.
    const none = uses.length
    const coefficients = unknown.map((lane) =>
      kind === 'field'
        ? sub(field(payload, lane), field(payload, none))
        : parity(kind, payload, lane) ^ parity(kind, payload, none),
    )
    rows.set(name, coefficients)
  }
  return [...rows.values()]
}

function rank(rows: readonly (readonly bigint[])[], kind: Kind): number {
  const left = rows.map((row) => [...row])
  const width = left[0]?.length ?? 0
  let found = 0
  for (let column = 0; column < width; column++) {
    const at = left.findIndex((row) => row[column] !== 0n)
    if (at < 0) continue
    found++
    const [pivot] = left.splice(at, 1)
    const scale = kind === 'field' ? inv(pivot![column]!) : 1n
    for (const row of left) {
      if (row[column] === 0n) continue
      const factor = kind === 'field' ? mul(row[column]!, scale) : 1n
      for (let k = 0; k < width; k++) {
        row[k] = kind === 'field' ? sub(row[k]!, mul(factor, pivot![k]!)) : row[k]! ^ pivot![k]!
      }
    }
  }
  return found
}

function zeroBits(party: Party, arena: Arena, lanes: number): BitShare {
  const share = newBitShare(arena, party.committee, flatLayout(lanes).planeBytes)
  zero(wholeBlock(share))
  return share
}

function zeroField(arena: Arena, lanes: number): ShamirShare {
  const vector = arena.elements(lanes)
  fill(vector, 0n)
  return asShamirShare(vector)
}

/** This party's summands of numbers that are uniform to every t parties. */
function randomSummands(
  { committee, index, keys, prg }: Party,
  arena: Arena,
  count: number,
): RingVector {
  const sums = newRing(arena, count, 1)
  const stream = newRing(arena, count, 1)
  zero(ringBlock(sums))
  for (const setIndex of committee.held[index - 1]!) {
    prg.fill(keys.set(setIndex, 'prss', 0), ivOf(TAG), view(ringBlock(stream)))
    if (setAt(committee, setIndex)[0] === index) add(sums, sums, stream)
  }
  return sums
}

interface Operator {
  readonly name: string
  readonly kind: Kind
  readonly rounds: (t: number) => number
  readonly program: Program
}

const PROGRAMS: readonly Operator[] = [
  {
    name: 'AND',
    kind: 'bits',
    rounds: () => 1,
    program: (party, arena, lanes) =>
      andBits(party, arena, TAG, [[zeroBits(party, arena, lanes), zeroBits(party, arena, lanes)]]),
  },
  {
    name: 'multiplication',
    kind: 'field',
    rounds: () => 1,
    program: (party, arena, lanes) =>
      multiply(party, arena, TAG, [[zeroField(arena, lanes), zeroField(arena, lanes)]]),
  },
  {
    name: 'inner product',
    kind: 'field',
    rounds: () => 1,
    program: (party, arena, lanes) =>
      shareInnerProducts(
        party,
        arena,
        TAG,
        Array.from({ length: lanes }, () => 0n),
      ),
  },
  {
    name: 'bit to field',
    kind: 'field',
    rounds: (t) => t + 1,
    program: (party, arena, lanes) =>
      bitToField(party, arena, TAG, [zeroBits(party, arena, lanes)], flatLayout(lanes)),
  },
  {
    name: 'bits to numbers',
    kind: 'ring',
    rounds: (t) => t,
    program: (party, arena, lanes) => {
      const plane = zeroBits(party, arena, lanes * party.committee.n)
      return bitsToRing(party, arena, TAG, plane, 1)
    },
  },
  {
    name: 'opening under a mask',
    kind: 'ring',
    rounds: () => 1,
    program: (party, arena, lanes) =>
      openSum(party, arena, TAG, randomSummands(party, arena, lanes), lanes, 8),
  },
  {
    name: 'less than zero',
    kind: 'bits',
    rounds: (t) => 1 + circuitStats(lessThanZeroCircuit(t + 1)).depth,
    program: (party, arena, lanes) =>
      lessThanZero(party, arena, TAG, [zeroField(arena, lanes)], flatLayout(lanes)),
  },
  {
    name: 'equals zero',
    kind: 'bits',
    rounds: (t) => 1 + circuitStats(equalsZeroCircuit(t + 1)).depth,
    program: (party, arena, lanes) =>
      equalsZero(party, arena, TAG, [zeroField(arena, lanes)], flatLayout(lanes)),
  },
]

describe.each([3, 5, 7])('%i parties', (n) => {
  const { t } = committeeOf(n)
  const everybody = parties(committeeOf(n))

  describe.each(PROGRAMS)('$name', ({ kind, program, rounds }) => {
    test('pads of its own in every round, for every coalition of t', async () => {
      const traced = await trace(n, kind, program)
      const steps = [...new Set(traced.messages.map(({ tag }) => tag.step))]
      expect(steps.length).toBe(rounds(t))
      for (const step of steps) {
        let received = 0
        for (const corrupt of subsets(everybody, t)) {
          const rows = unknownPads(traced, kind, corrupt, step)
          expect({ corrupt, rank: rank(rows, kind) }).toEqual({ corrupt, rank: rows.length })
          received += rows.length
        }
        expect(received).toBeGreaterThan(0)
      }
    })

    test('not for t + 1 (control)', async () => {
      const traced = await trace(n, kind, program)
      const broken = subsets(everybody, t + 1).filter((corrupt) => {
        const rows = unknownPads(traced, kind, corrupt, 0)
        return rank(rows, kind) < rows.length
      })
      expect(broken.length).toBeGreaterThan(0)
    })
  })
})
