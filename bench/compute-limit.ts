/**
 * What a run has to compute, alone: all parties in this one process, without sockets, each kernel call
 * under a stopwatch; and as many bytes of AES keystream as they draw, as one long stream.
 */
// oxlint-disable-next-line import/no-unassigned-import -- it must run before the kernels are loaded
import './kernel-clock.ts'
import { createCipheriv } from 'node:crypto'

import { hash, prg, randomFill } from '../node/crypto.ts'
import { deriveJobKeys } from '../protocol/job-context.ts'
import { MemoryNetwork } from '../protocol/memory-channel.ts'
import type { Prg } from '../protocol/party.ts'
import { agreeOnKeys } from '../protocol/setup.ts'
import { committee as committeeOf, parties } from '../shares/committee.ts'

import { serveParent } from './child-process.ts'
import { type KernelTime, takeKernelTimes } from './kernel-clock.ts'
import { taskOf } from './tasks/all.ts'

export interface ComputeLimit {
  /** In kernels, all parties together, one thread. */
  readonly kernelSeconds: number
  /** Keystream of all parties together, one thread. */
  readonly aesSeconds: number
  readonly aesBytes: number
  /** Most expensive first. */
  readonly kernels: readonly KernelTime[]
}

const REPEATS = 3
const PIECE_BYTES = 64 * 1024

const total = (kernels: readonly KernelTime[]): number =>
  kernels.reduce((sum, { seconds }) => sum + seconds, 0)

/** Seconds for a keystream of that length, the fastest of a few. */
function streamSeconds(bytes: number): number {
  const zeros = new Uint8Array(PIECE_BYTES)
  let best = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const start = performance.now()
    const cipher = createCipheriv('aes-128-ctr', zeros.subarray(0, 16), zeros.subarray(0, 16))
    for (let at = 0; at < bytes; at += PIECE_BYTES) cipher.update(zeros)
    best = Math.min(best, performance.now() - start)
  }
  return best / 1000
}

const program = {
  async measure({
    task: name,
    size,
    n,
  }: {
    task: string
    size: number
    n: number
  }): Promise<ComputeLimit> {
    const committee = committeeOf(n)
    const task = taskOf(name)
    const prepared = await Promise.all(
      parties(committee).map((index) => task.prepare({ committee, index, size })),
    )
    const network = new MemoryNetwork(n)
    const context = hash.sha256(new TextEncoder().encode('limit'))
    const masters = await Promise.all(
      parties(committee).map((index) =>
        agreeOnKeys(committee, index, network.channel(index), context, { fill: randomFill }),
      ),
    )
    let aesBytes = 0
    const counted: Prg = {
      fill(key, iv, out) {
        aesBytes += out.length
        prg.fill(key, iv, out)
      },
    }
    let kernels: KernelTime[] = []
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      aesBytes = 0
      takeKernelTimes()
      const finishes = await Promise.all(
        masters.map((master, i) =>
          prepared[i]!.run({
            committee,
            index: master.index,
            keys: deriveJobKeys(master, context),
            channel: network.channel(master.index),
            prg: counted,
          }),
        ),
      )
      const spent = takeKernelTimes()
      // The first run is the warm-up.
      if (repeat === 1 || (repeat > 1 && total(spent) < total(kernels))) kernels = spent
      const evidence = finishes.map((finish) => finish())
      await task.check(committee, size, evidence)
    }
    return {
      kernelSeconds: total(kernels),
      aesSeconds: streamSeconds(aesBytes),
      aesBytes,
      kernels: kernels.toSorted((a, b) => b.seconds - a.seconds),
    }
  },
}

export type ComputeLimiter = typeof program

serveParent(program)
