/**
 * The limit of a benchmark: what nobody who runs this plan on this machine can do without, each part
 * measured alone in the same run and added up.
 *
 * - kernels: the time inside our kernels for all parties' operations, spread over the cores.
 * - keystream: AES-128-CTR of as many bytes as the parties draw, spread over the cores.
 * - transcript: SHA-256 of every payload byte, at the sender and at the receiver, spread over the cores: the
 *   protocol demands it, since both sign what passed between them (protocol/transcript.ts).
 * - encryption: AES-128-GCM of every payload byte, once at the sender and once at the receiver, spread over
 *   the cores.
 * - socket: the same messages in the same order and with the same waits, on bare TCP between as many
 *   processes.
 *
 * In it are no frames, records, tags and padding, no copies between buffers, nothing per message besides
 * the socket's own calls, no keys, no JavaScript, no waiting of one party for another's computation. Kernels are those
 * that we have, so a slow kernel raises the limit instead of the ratio: bench/kernels.ts is
 * the measure for these. Each part is the fastest of a few runs; what is set beside it is a median.
 */
import { availableParallelism } from 'node:os'

import { bundled } from './bundle.ts'
import { Child } from './child-process.ts'
import type { ComputeLimit, ComputeLimiter } from './compute-limit.ts'
import type { LimitParts } from './measurement.ts'

/** What the columns mean, for whoever reads the table. */
export const LIMIT_LEGEND = `The limit is the sum of kernels, keystream (AES-128-CTR), transcript (SHA-256, both ends), encryption (AES-128-GCM,
both ends) and socket (bare TCP), each measured alone; computation of all parties is spread over the cores. It
leaves out frames, copies and what is spent per message.
`

export interface Limit {
  /** Wall seconds. */
  readonly parts: LimitParts
  /** All parties together, one thread. */
  readonly compute: ComputeLimit
}

export interface Work {
  readonly task: string
  readonly size: number
  readonly parties: number
  /** Payload bytes of all parties together. */
  readonly sentBytes: number
}

/** Seconds that the limit's parts add up to. */
export function sumOf({
  kernels,
  keystream,
  transcript = 0,
  encryption,
  socket,
}: LimitParts): number {
  return kernels + keystream + transcript + encryption + socket
}

/** Measures all parts but the socket's, in a process of its own. */
export async function measureLimit(work: Work, socketSeconds: number): Promise<Limit> {
  const { task, size, parties: n, sentBytes } = work
  const limiter = new Child<ComputeLimiter>(
    'compute limit',
    bundled(new URL('compute-limit.ts', import.meta.url)),
  )
  try {
    const compute = await limiter.ask('measure', { task, size, n, sentBytes })
    const cores = Math.min(n, availableParallelism())
    return {
      compute,
      parts: {
        kernels: compute.kernelSeconds / cores,
        keystream: compute.keystreamSeconds / cores,
        transcript: compute.digestSeconds / cores,
        encryption: compute.encryptionSeconds / cores,
        socket: socketSeconds,
      },
    }
  } finally {
    await limiter.stop()
  }
}
