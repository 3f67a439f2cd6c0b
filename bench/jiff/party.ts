/**
 * A JIFF party, a process of its own: 3 parties, any 2 of which can open (an honest majority, as ours),
 * correlated randomness made by the parties themselves (`crypto_provider: false`) within the timed part.
 */
import { serveParent } from '../serve-parent.ts'

import { jiff, JIFF_PRIME, type JiffClient, type JiffShare } from './library.ts'
import { type JiffOperation, operands, sharesOf } from './operations.ts'

const PARTIES = [1, 2, 3]
const THRESHOLD = 2
/** Its default of 10 took a fifth longer. */
const PREPROCESSED_AT_ONCE = 200

export interface JiffReport {
  readonly seconds: number
  readonly cpuSeconds: number
  /** What this process wrote to its socket: with framing, unlike our payload bytes. */
  readonly sentBytes: number
  readonly rssBytes: number
  /** This party's share of each result. */
  readonly shares: readonly number[]
}

let client: JiffClient | undefined
let self = 0

const program = {
  async connect({ port, index }: { port: number; index: number }): Promise<void> {
    self = index
    client = await new Promise<JiffClient>((resolve, reject) => {
      void new jiff.JIFFClient(`http://127.0.0.1:${port}`, 'bench', {
        party_id: index,
        party_count: PARTIES.length,
        crypto_provider: false,
        preprocessingBatchSize: PREPROCESSED_AT_ONCE,
        onConnect: resolve,
        onError: (label, error) => reject(new Error(`JIFF, ${label}: ${String(error)}`)),
      })
    })
  },

  async run({
    operation,
    count,
  }: {
    operation: JiffOperation
    count: number
  }): Promise<JiffReport> {
    if (client === undefined) throw new Error('asked too early')
    const party = client
    const { x, y } = operands(count)
    const shared = (values: readonly number[], label: string): JiffShare[] =>
      sharesOf(values, label, self).map(
        (share) => new party.SecretShare(share, [...PARTIES], THRESHOLD, JIFF_PRIME),
      )
    const [xs, ys] = [shared(x, 'x'), shared(y, 'y')]
    const before = sentBytes(party)
    const cpuBefore = process.cpuUsage()
    const start = performance.now()
    const results = await compute(party, operation, xs, ys)
    const shares = await Promise.all(results.map(async ({ value }) => value))
    const seconds = (performance.now() - start) / 1000
    const cpu = process.cpuUsage(cpuBefore)
    return {
      seconds,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      sentBytes: sentBytes(party) - before,
      rssBytes: process.resourceUsage().maxRSS * 1024,
      shares,
    }
  },
}

/** The cheapest way that JIFF has for each. */
async function compute(
  party: JiffClient,
  operation: JiffOperation,
  xs: readonly JiffShare[],
  ys: readonly JiffShare[],
): Promise<JiffShare[]> {
  switch (operation) {
    case 'mul':
      return xs.map((share, i) => share.smult_bgw(ys[i]!))
    case 'dot':
      return [xs.map((share, i) => share.smult_bgw(ys[i]!)).reduce((sum, one) => sum.sadd(one))]
    case 'computed-lt':
      await preprocess(party, 'slt', xs.length)
      return xs.map((share, i) => share.slt(ys[i]!))
    case 'computed-eq':
      await preprocess(party, 'seq', xs.length)
      return xs.map((share, i) => share.seq(ys[i]!))
  }
}

function preprocess(party: JiffClient, operation: string, count: number): Promise<void> {
  party.preprocessing(operation, count, null, THRESHOLD)
  return new Promise((resolve) => party.executePreprocessing(resolve))
}

function sentBytes({ socket }: JiffClient): number {
  return socket.io.engine.transport.ws?.['_socket']?.bytesWritten ?? 0
}

export type JiffParty = typeof program

// JIFF says on stdout that it is connected; there our parent prints measurements.
console.log = () => {}

serveParent(program)
