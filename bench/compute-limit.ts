/**
 * What a run has to compute, alone, in one thread of one process that holds all parties: the time in each
 * kernel of a run without sockets, under a stopwatch; as much AES keystream as the parties draw; and the
 * encryption and the hashing of the bytes that they send each other. The last three as long streams.
 */
// oxlint-disable-next-line import/no-unassigned-import -- it must run before the kernels are loaded
import './kernel-clock.ts'
import { hash, prg, randomFill } from '../node/crypto.ts'
import { deriveJobKeys } from '../protocol/job-context.ts'
import { MemoryNetwork } from '../protocol/memory-channel.ts'
import type { Prg } from '../protocol/party.ts'
import { agreeOnKeys } from '../protocol/setup.ts'
import { committee as committeeOf, parties } from '../shares/committee.ts'

import { digestSeconds, encryptionSeconds, keystreamSeconds } from './cipher-clock.ts'
import { type KernelTime, takeKernelTimes } from './kernel-clock.ts'
import { serveParent } from './serve-parent.ts'
import { taskOf } from './tasks/all.ts'

/** Seconds of all parties together, one thread. */
export interface ComputeLimit {
  readonly kernelSeconds: number
  readonly keystreamSeconds: number
  /** Of every message, at the sender and at the receiver. */
  readonly encryptionSeconds: number
  /** Of every message, at the sender and at the receiver. */
  readonly digestSeconds: number
  readonly keystreamBytes: number
  /** Most expensive first. */
  readonly kernels: readonly KernelTime[]
}

const REPEATS = 3

const total = (kernels: readonly KernelTime[]): number =>
  kernels.reduce((sum, { seconds }) => sum + seconds, 0)

const program = {
  /** @param sentBytes payload that all parties send in a run of this task */
  async measure({
    task: name,
    size,
    n,
    sentBytes,
  }: {
    task: string
    size: number
    n: number
    sentBytes: number
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
    let keystreamBytes = 0
    const counted: Prg = {
      fill(key, iv, out) {
        keystreamBytes += out.length
        prg.fill(key, iv, out)
      },
    }
    let kernels: KernelTime[] = []
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      keystreamBytes = 0
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
      keystreamSeconds: keystreamSeconds(keystreamBytes),
      encryptionSeconds: encryptionSeconds(sentBytes),
      digestSeconds: digestSeconds(2 * sentBytes),
      keystreamBytes,
      kernels: kernels.toSorted((a, b) => b.seconds - a.seconds),
    }
  },
}

export type ComputeLimiter = typeof program

serveParent(program)
