/**
 * What our round channel carries between two processes on loopback, as a share of what a libp2p stream
 * carries raw in the same run: one way, both ways at a time, and 8 bytes to and fro. Raw twice: on a
 * host with our TLS and multiplexer (what frames, tags, counting and copying cost), and on a host as
 * libp2p makes it (what users of libp2p have). All are encrypted and prove the peer.
 */
import { renderTable } from '../../cli/table.ts'
import type { Benchmark, Setting } from '../benchmark.ts'
import { bundled } from '../bundle.ts'
import { Child } from '../child-process.ts'
import type { Measurement } from '../measurement.ts'
import { benchNetwork } from '../network.ts'
import { median } from '../statistics.ts'

import type { Carrier, Direction, TransportPeer, TransportReport } from './peer.ts'

const PARTIES = 3
const CARRIERS: readonly Carrier[] = ['channel', 'stream', 'libp2p']
const DIRECTIONS: readonly Direction[] = ['one-way', 'both-ways', 'round-trip']
const BYTES = 128_000_000
const ROUND_TRIPS = 1000

export const transport: Benchmark = {
  name: 'transport',
  about: 'bytes a direction, by our round channel and by libp2p streams',
  size: BYTES,
  parties: PARTIES,
  loopbackOnly: true,
  async measure(setting) {
    const runs = await measureAll(setting)
    const measurements = DIRECTIONS.flatMap((direction) =>
      CARRIERS.map((carrier) =>
        measurementOf(direction, carrier, runs.get(keyOf(direction, carrier))!, setting),
      ),
    )
    return { measurements, note: noteOf(measurements) }
  },
}

const keyOf = (direction: Direction, carrier: Carrier): string => `${direction}/${carrier}`

const countOf = (direction: Direction, size: number): number =>
  direction === 'round-trip' ? Math.min(size, ROUND_TRIPS) : size

/** Every carrier in turn, so that none has the quieter machine. */
async function measureAll({
  size,
  repeat,
  flags,
}: Setting): Promise<Map<string, TransportReport[][]>> {
  const { topology, mpcKeys } = benchNetwork(PARTIES)
  const file = bundled(new URL('peer.ts', import.meta.url))
  const peers = mpcKeys.map((_, i) => new Child<TransportPeer>(`end ${i + 1}`, file, flags))
  try {
    const addresses = await Promise.all(
      peers.map((peer, i) => peer.ask('start', { skey: mpcKeys[i]!, topology })),
    )
    await Promise.all(peers.map((peer) => peer.ask('meet', addresses)))
    const runs = new Map<string, TransportReport[][]>()
    for (const direction of DIRECTIONS) {
      const count = countOf(direction, size)
      for (let k = 0; k <= repeat; k++) {
        for (const carrier of CARRIERS) {
          const run = await Promise.all(
            peers
              .slice(0, 2)
              .map((peer, i) => peer.ask('run', { carrier, direction, index: i + 1, count })),
          )
          const key = keyOf(direction, carrier)
          // The first run is the warm-up.
          runs.set(key, k === 0 ? [] : [...runs.get(key)!, run])
        }
      }
    }
    return runs
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()))
  }
}

function measurementOf(
  direction: Direction,
  carrier: Carrier,
  runs: readonly TransportReport[][],
  { size, repeat }: Setting,
): Measurement {
  const worst = (field: keyof TransportReport): number[] =>
    runs.map((run) => Math.max(...run.map((report) => report[field])))
  const samples = worst('seconds')
  const cpuSamples = worst('cpuSeconds')
  const n = countOf(direction, size)
  return {
    name: `transport-${direction}`,
    mode: carrier,
    parties: 2,
    n,
    repeat,
    seconds: median(samples),
    samples,
    cpuSeconds: median(cpuSamples),
    cpuSamples,
    bytesPerParty: direction === 'round-trip' ? 8 * n : n,
    rounds: direction === 'round-trip' ? 2 * n : 1,
    rssBytes: Math.max(...worst('rssBytes')),
  }
}

/** Rates, and ours as a share of each raw stream's. */
function noteOf(measurements: readonly Measurement[]): string {
  const rows = DIRECTIONS.map((direction) => {
    const [ours, stream, libp2p] = CARRIERS.map((carrier) =>
      measurements.find(({ name, mode }) => name === `transport-${direction}` && mode === carrier)!,
    )
    const rate = ({ n, seconds }: Measurement): string =>
      direction === 'round-trip'
        ? `${((seconds / n) * 1e6).toFixed(0)} µs`
        : `${(n / seconds / 1e6).toFixed(0)} MB/s`
    const share = (raw: Measurement): string =>
      `${((raw.seconds / ours!.seconds) * 100).toFixed(0)} %`
    return [direction, rate(ours!), rate(stream!), share(stream!), rate(libp2p!), share(libp2p!)]
  })
  const head = ['a direction', 'round channel', 'our host, raw', 'share', 'libp2p, raw', 'share']
  return renderTable(head, rows, ['left', ...head.slice(1).map(() => 'right' as const)])
}
