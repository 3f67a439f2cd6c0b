import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'

import { prg } from '../../node/crypto.ts'
import {
  type KernelThreads,
  nodesBeside,
  startKernelThreads,
  threadsFor,
} from '../../node/kernel-threads.ts'
import { silent } from '../../node/log.ts'
import { parseTopology } from '../../node/topology.ts'
import { multiply } from '../../protocol/arithmetic.ts'
import { kernel, kernelBytes } from '../../shares/field/kernel.ts'
import { type Arena, liveBytes, newArena, view, viewWords } from '../../shares/field/memory.ts'
import {
  type KernelCall,
  type KernelName,
  PARALLEL_KERNELS,
  patternOf,
} from '../../shares/field/parallel.ts'
import { P } from '../../shares/field/scalar.ts'
import { sum, toBigInts } from '../../shares/field/vector.ts'
import { prgRng } from '../../shares/random.ts'
import { asShamirShare, reconstruct, split } from '../../shares/shamir.ts'
import { runAll, testCommittee } from '../protocol/parties.ts'

import { actors } from './network.ts'

const STEP = 512
/** Small, so that short vectors are cut. */
const OPTIONS = {
  leastElements: STEP,
  leastBytes: STEP,
  leastKeystreamBytes: 16,
  patienceMs: 30_000,
}

let pool: KernelThreads | undefined

async function start(threads: number): Promise<KernelThreads> {
  return (pool = await startKernelThreads(threads, silent, OPTIONS))
}

afterEach(async () => {
  await pool?.close()
  expect(liveBytes()).toBe(0)
})

type Args = KernelCall['args']

const throughThreads = (name: KernelName, args: Args): unknown =>
  (kernel[name] as (...values: Args) => unknown)(...args)

/** In the caller's thread. */
const alone = (name: KernelName, args: Args): unknown => pool!.run([{ name, args }])[0]

/** Coefficients that every kernel admits: no two outputs' add up to more than 7. */
const COEFFICIENTS = [1n, 2n, 0n, 1n, P, 1n]
const ENTRIES = 5

/** Pseudo-random elements. @returns their address */
function elements(arena: Arena, length: number, seed: number): number {
  const vector = arena.elements(length)
  viewWords(vector).forEach((_, i, all) => {
    all[i] = (BigInt(seed + 1) * 0x9e3779b97f4a7c15n * BigInt(i + 1)) % P
  })
  return vector.ptr
}

function operands(arena: Arena, name: KernelName, count: number, seed: number): Args {
  return Array.from(patternOf(name)!, (what, k) => {
    if (what === 'n') return count
    if (what === 'T') {
      const tables = Array.from({ length: ENTRIES }, (_, entry) => [
        elements(arena, count, seed + 100 + entry),
        0,
        entry + 1,
        0,
      ])
      new Uint32Array(view({ ptr: 0, bytes: 16 * ENTRIES }).buffer, 0, 4 * ENTRIES).set(
        tables.flat(),
      )
      return 0
    }
    if (what !== '=') return elements(arena, count, seed + k)
    if (name.startsWith('fpCombine')) return ENTRIES
    return name === 'memFill' ? 0xa5 : COEFFICIENTS[k % COEFFICIENTS.length]!
  })
}

/** All that a call may have written, and what it returned. */
function outcome(name: KernelName, count: number, seed: number, run: typeof alone): unknown[] {
  const arena = newArena()
  const args = operands(arena, name, count, seed)
  const result = run(name, args)
  const vectors = Array.from(patternOf(name)!).flatMap((what, k) =>
    'EBL'.includes(what) ? [view({ ptr: Number(args[k]), bytes: 8 * count }).slice()] : [],
  )
  arena.release()
  return [String(result), Buffer.concat(vectors).toString('base64')]
}

describe.each([2, 3, 4])('%i threads', (threads) => {
  it('do with every kernel what one does', async () => {
    await start(threads)
    expect(pool!.threads).toBe(threads)
    fc.assert(
      fc.property(
        fc.constantFrom(...PARALLEL_KERNELS),
        fc.integer({ min: 0, max: 5 * STEP }),
        fc.nat(1000),
        (name, count, seed) => {
          expect(outcome(name, count, seed, throughThreads)).toEqual(
            outcome(name, count, seed, alone),
          )
        },
      ),
      { numRuns: 400 },
    )
  })

  it('make the keystream that one makes, carries of the counter included', async () => {
    const threaded = (await start(threads)).prg(prg)
    const key = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
    const iv = new Uint8Array(16).fill(0xff, 3)
    const arena = newArena()
    for (const bytes of [0, 15, 16, 17, 64, 1000, 100_003]) {
      const out = arena.bytes(bytes)
      threaded.fill(key, iv, view(out))
      const expected = new Uint8Array(bytes)
      prg.fill(key, iv, expected)
      expect(Buffer.compare(view(out), expected)).toBe(0)
    }
    arena.release()
  })

  it('see memory that has grown since they started', async () => {
    const threaded = (await start(threads)).prg(prg)
    const arena = newArena()
    const zeros = Uint8Array.from({ length: 16 }, () => 0)
    for (let k = 0; k < 3; k++) {
      const length = Math.ceil(kernelBytes() / 8)
      const vector = arena.elements(length)
      viewWords(vector).fill(3n)
      expect(sum(vector)).toBe(3n * BigInt(length))
      const out = view({ ...vector, bytes: 8 * length })
      threaded.fill(zeros, zeros, out)
      expect(viewWords(vector).at(-1)).not.toBe(3n)
    }
    arena.release()
  })

  it('multiply shares', async () => {
    await start(threads)
    const arena = newArena()
    const length = 4 * STEP + 3
    const { parties, network } = await testCommittee(3)
    const secret = arena.elements(length)
    viewWords(secret).forEach((_, i, all) => (all[i] = BigInt(i) ** 5n % P))
    const shares = split(arena, secret, parties[0]!.committee, prgRng(prg, new Uint8Array(16)))
    const results = await runAll(parties, network, (party) => {
      const x = shares[party.index - 1]!
      const threaded = { ...party, prg: pool!.prg(party.prg) }
      return multiply(threaded, arena, { op: 0, batch: 0, step: 0 }, [[x, x]])
    })
    const opened = reconstruct(
      arena,
      parties[0]!.committee,
      results.map(([product], k) => ({ party: k + 1, share: asShamirShare(product!) })),
    )
    expect(toBigInts(opened)).toEqual(toBigInts(secret).map((x) => (x * x) % P))
    arena.release()
  })
})

describe('a pool', () => {
  it('makes each call but the first in a thread of its own', async () => {
    await start(3)
    const arena = newArena()
    const calls = [1n, 2n, 3n].map((value): KernelCall => {
      const vector = arena.elements(10)
      viewWords(vector).fill(value)
      return { name: 'fpSum', args: [vector.ptr, 10] }
    })
    expect(pool!.run(calls)).toEqual([10n, 20n, 30n])
    arena.release()
  })

  it('says that a thread has failed, and goes on without', async () => {
    await start(3)
    const good: KernelCall = { name: 'fpSum', args: [8192, 0] }
    const bad: KernelCall = { name: 'fpSum', args: [kernelBytes() - 8, 1000] }
    expect(() => pool!.run([good, good, bad])).toThrow(
      expect.objectContaining({ code: 'SH_KERNEL_THREAD' }),
    )
    expect(pool!.threads).toBe(1)
    expect(outcome('fpMul', 5 * STEP, 1, throughThreads)).toEqual(
      outcome('fpMul', 5 * STEP, 1, alone),
    )
  })

  it('does not wait for ever for a thread that is gone', async () => {
    pool = await startKernelThreads(2, silent, { ...OPTIONS, patienceMs: 100 })
    const over = pool.close() // the thread is ending, and this one does not know
    const call: KernelCall = { name: 'fpSum', args: [8192, 0] }
    await over
    expect(() => pool!.run([call, call])).toThrow(
      expect.objectContaining({ code: 'SH_KERNEL_THREAD' }),
    )
  })

  it('is not started over vectors that are there', async () => {
    pool = undefined
    const arena = newArena()
    arena.elements(1)
    await expect(startKernelThreads(2, silent)).rejects.toThrow(RangeError)
    arena.release()
    await expect(startKernelThreads(1, silent)).rejects.toThrow(RangeError)
  })
})

it('counts the nodes of the topology on the same machine', async () => {
  const { json } = actors(3)
  const nodes = json['mpcNodes'] as { address: string }[]
  nodes[0]!.address = '/dns4/mpc-1.example/tcp/7401'
  const topology = await parseTopology(json, '/')
  expect(nodesBeside(topology, 'mpc-1')).toBe(1)
  expect(nodesBeside(topology, 'mpc-2')).toBe(6)
})

it('gives every node of a machine its share of the cores, and two cores no threads', () => {
  expect([1, 2, 4, 16, 64].map((cores) => threadsFor(1, cores))).toEqual([1, 1, 4, 8, 8])
  expect([1, 2, 4, 16, 64].map((cores) => threadsFor(7, cores))).toEqual([1, 1, 1, 2, 8])
})
