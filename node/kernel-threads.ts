/**
 * Threads for the kernels: workers that have the same WebAssembly memory, and are told what to do through
 * shared words. The caller does its own piece meanwhile and then waits: for it, a kernel is a call
 * as before. Only for machines with cores to spare; without threads nothing here is used.
 *
 * Security: the threads are of this process and see what it sees. Keys for keystream pass through shared
 * memory and are overwritten when they have been read.
 *
 * A thread that dies or does not answer ends what is being computed with SH_KERNEL_THREAD; from then on the
 * process computes alone.
 */
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { Worker } from 'node:worker_threads'

import type { Prg } from '../protocol/party.ts'
import { ShareholdError } from '../shares/errors.ts'
import { kernelBuffer, replaceKernel, shareKernel } from '../shares/field/kernel.ts'
import { liveBytes, newArena } from '../shares/field/memory.ts'
import {
  type KernelCall,
  type KernelPool,
  type KernelValue,
  parallelKernel,
  type ParallelOptions,
  TABLE_BYTES,
} from '../shares/field/parallel.ts'

import type { Log } from './log.ts'
import type { Topology } from './topology.ts'

/** More would wait for memory. */
export const MOST_THREADS = 8
/** Far longer than any kernel takes. */
const PATIENCE_MS = 10_000
/** Of a thread in the shared memory: command, arguments. */
const SLOT_WORDS = 32
/** In the place of a kernel's number. */
const KEYSTREAM = 0xffff
/** Shorter keystreams are made faster alone. */
const LEAST_KEYSTREAM_BYTES = 512 * 1024
const BLOCK_BYTES = 16
const [IDLE, BUSY] = [0, 1]

type Shared = ReturnType<typeof shareKernel>

export interface KernelThreads extends KernelPool {
  /** As the given one, long keystreams in pieces. */
  prg(alone: Prg): Prg
  /** Ends the threads; kernels run in the caller's alone again. */
  close(): Promise<void>
}

export interface ThreadOptions extends Omit<ParallelOptions, 'scratch'> {
  /** How long a thread may take for a piece. */
  readonly patienceMs?: number
  readonly leastKeystreamBytes?: number
}

/**
 * How many threads a node should use, its own included.
 * @param nodes of this network on this machine
 */
export function threadsFor(nodes: number, cores = availableParallelism()): number {
  if (cores <= 2) return 1
  return Math.max(1, Math.min(MOST_THREADS, Math.floor(cores / nodes)))
}

/** How many nodes of the topology have the same host in their address as this one, itself included. */
export function nodesBeside({ byName }: Topology, self: string): number {
  const hosts = [...byName.values()].flatMap(({ name, address }) =>
    address === undefined ? [] : [[name, address.split('/tcp/')[0]] as const],
  )
  const own = hosts.find(([name]) => name === self)?.[1]
  return Math.max(1, hosts.filter(([, host]) => host === own).length)
}

/**
 * Starts threads, and has the kernels use them. Once a process, before anything is in kernel memory.
 *
 * @param threads the caller's included; at least 2
 * @throws RangeError if there are vectors already
 */
export async function startKernelThreads(
  threads: number,
  log: Log,
  options: ThreadOptions = {},
): Promise<KernelThreads> {
  if (!Number.isInteger(threads) || threads < 2) throw new RangeError('two threads at least')
  if (liveBytes() > 0) throw new RangeError('there is something in kernel memory already')
  const shared = shareKernel()
  const pool = new Pool(shared, threads - 1, log, options)
  try {
    await pool.started()
  } catch (error) {
    await pool.close()
    throw error
  }
  replaceKernel(parallelKernel(shared.kernel, pool, { ...options, scratch: pool.scratch }))
  return pool
}

class Pool implements KernelThreads {
  /** Addresses of tables, one for each thread. */
  readonly scratch: readonly number[]
  readonly #arena = newArena()
  readonly #serial: Shared['kernel']
  readonly #log: Log
  readonly #patienceMs: number
  readonly #leastKeystream: number
  readonly #workers: Worker[]
  /** IDLE, BUSY or, after an error, something else; a word a thread. */
  readonly #state: Int32Array
  readonly #headers: Uint32Array
  readonly #numbers: Float64Array
  readonly #integers: BigUint64Array
  readonly #bytes: Uint8Array
  readonly #places = new Map<string, number>()
  #over = false

  constructor(
    { module, memory, kernel }: Shared,
    workers: number,
    log: Log,
    options: ThreadOptions,
  ) {
    this.#serial = kernel
    this.scratch = Array.from({ length: workers }, () => this.#arena.bytes(TABLE_BYTES).ptr)
    this.#log = log
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS
    this.#leastKeystream = options.leastKeystreamBytes ?? LEAST_KEYSTREAM_BYTES
    this.#state = new Int32Array(new SharedArrayBuffer(4 * workers))
    const slots = new SharedArrayBuffer(8 * SLOT_WORDS * workers)
    this.#headers = new Uint32Array(slots)
    this.#numbers = new Float64Array(slots)
    this.#integers = new BigUint64Array(slots)
    this.#bytes = new Uint8Array(slots)
    const names = Object.keys(kernel)
    for (const [k, name] of names.entries()) this.#places.set(name, k)
    // The same place from sources and from the bundle.
    const file = path.join(import.meta.dirname, '..', 'node', 'kernel-worker.mjs')
    this.#workers = Array.from({ length: workers }, (_, place) => {
      const { state, words, keystream } = {
        state: this.#state,
        words: SLOT_WORDS,
        keystream: KEYSTREAM,
      }
      const workerData = { module, memory, state, slots, place, words, names, keystream }
      // No loader and no flags of this process: the file needs none.
      return new Worker(file, { workerData, execArgv: [] })
    })
    for (const worker of this.#workers) {
      worker.once('error', (error) => this.#lose(error))
      worker.once('exit', () => this.#lose(new Error('a thread has ended')))
    }
  }

  get threads(): number {
    return this.#over ? 1 : this.#workers.length + 1
  }

  /** @throws Error if one cannot be started */
  async started(): Promise<void> {
    await Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise<void>((resolve, reject) => {
            worker.once('message', () => resolve())
            worker.once('error', reject)
          }),
      ),
    )
    // They do not keep the process alive.
    for (const worker of this.#workers) worker.unref()
  }

  run(calls: readonly KernelCall[]): (KernelValue | undefined)[] {
    const [own, ...others] = calls
    others.forEach(({ name, args }, place) => {
      const at = place * SLOT_WORDS
      let wide = 0
      args.forEach((arg, k) => {
        if (typeof arg === 'number') {
          this.#numbers[at + 1 + k] = arg
        } else {
          this.#integers[at + 1 + k] = arg
          wide |= 1 << k
        }
      })
      this.#headers[2 * at] = this.#places.get(name)!
      this.#headers[2 * at + 1] = wide
      this.#start(place)
    })
    const { name, args } = own!
    const kernel = this.#serial[name] as (...values: KernelValue[]) => KernelValue | undefined
    let first: KernelValue | undefined
    try {
      first = kernel(...args)
    } finally {
      this.#finish(others.length)
    }
    const results = others.map((_, place): KernelValue => {
      const at = place * SLOT_WORDS + 1
      return typeof first === 'bigint' ? this.#integers[at]! : this.#numbers[at]!
    })
    return [first, ...results]
  }

  prg(alone: Prg): Prg {
    return {
      fill: (key, iv, out) => {
        const pieces = Math.min(this.threads, Math.floor(out.length / this.#leastKeystream))
        if (pieces < 2 || out.buffer !== kernelBuffer()) alone.fill(key, iv, out)
        else this.#keystream(alone, key, iv, out, pieces)
      },
    }
  }

  async close(): Promise<void> {
    this.#over = true
    this.#arena.release()
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }

  #keystream(alone: Prg, key: Uint8Array, iv: Uint8Array, out: Uint8Array, pieces: number): void {
    const cuts = Array.from({ length: pieces + 1 }, (_, k) => {
      const blocks = Math.ceil(out.length / BLOCK_BYTES)
      return Math.min(out.length, Math.floor((blocks * k) / pieces) * BLOCK_BYTES)
    })
    for (let k = 1; k < pieces; k++) {
      const at = (k - 1) * SLOT_WORDS
      this.#numbers[at + 1] = out.byteOffset + cuts[k]!
      this.#numbers[at + 2] = cuts[k + 1]! - cuts[k]!
      this.#bytes.set(key, 8 * at + 24)
      this.#bytes.set(advanced(iv, cuts[k]! / BLOCK_BYTES), 8 * at + 40)
      this.#headers[2 * at] = KEYSTREAM
      this.#start(k - 1)
    }
    try {
      alone.fill(key, iv, out.subarray(0, cuts[1]))
    } finally {
      this.#finish(pieces - 1)
    }
  }

  #start(place: number): void {
    Atomics.store(this.#state, place, BUSY)
    Atomics.notify(this.#state, place)
  }

  /** Waits for the first `count` threads. @throws ShareholdError SH_KERNEL_THREAD */
  #finish(count: number): void {
    const end = performance.now() + this.#patienceMs
    for (let place = 0; place < count; place++) {
      while (Atomics.load(this.#state, place) === BUSY && performance.now() < end) {
        Atomics.wait(this.#state, place, BUSY, end - performance.now())
      }
    }
    if (this.#state.subarray(0, count).every((state) => state === IDLE)) return
    const error = new ShareholdError('SH_KERNEL_THREAD', 'A thread that computes has failed.', {
      hint: 'The node goes on without threads. Its log says more; --threads 1 turns them off.',
    })
    this.#lose(error)
    throw error
  }

  /** None of them is used any more. */
  #lose(error: unknown): void {
    if (this.#over) return
    this.#log.error({ err: error }, 'a kernel thread was lost; computing goes on without threads')
    void this.close()
  }
}

/** The IV so many blocks later: a big-endian counter of 16 bytes. */
function advanced(iv: Uint8Array, blocks: number): Uint8Array {
  const later = iv.slice()
  let carry = blocks
  for (let i = later.length - 1; i >= 0 && carry > 0; i--) {
    carry += later[i]!
    later[i] = carry % 256
    carry = Math.floor(carry / 256)
  }
  return later
}
