/**
 * What a job took, beside what its plan costs: for EXPLAIN ANALYZE. Messages and bytes are those that the nodes have
 * signed for, and must be the plan's to the last byte. Rounds and seconds are the word of nodes and coordinator.
 */
import { roundsOfParties, trafficOf } from '../../protocol/cost.ts'
import type { Schedule } from '../../protocol/cost.ts'
import type { ReportBody } from '../../protocol/ledger/records.ts'
import type { MeasuredNode, MeasuredRun } from '../../protocol/sql/explain-measured.ts'
import type { JobResult } from '../api-types.ts'

/** @param reports of MPC node 1..n, opened */
export function measuredRun(
  cost: Schedule,
  reports: readonly ReportBody[],
  { job, entry, seconds, figures }: Pick<JobResult, 'job' | 'entry' | 'seconds' | 'figures'>,
): MeasuredRun {
  const nodes = reports.map(({ index, peers }, at): MeasuredNode => {
    const sent = peers.map((peer) => peer.sent)
    return {
      index,
      messages: sent.reduce((sum, { messages }) => sum + messages, 0),
      bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0),
      figures: figures?.nodes[at] ?? null,
    }
  })
  const { preparingSeconds, runningSeconds, signingSeconds } = figures ?? {}
  return {
    job,
    entry,
    seconds,
    ...(preparingSeconds === undefined ? {} : { preparingSeconds }),
    ...(runningSeconds === undefined ? {} : { runningSeconds }),
    ...(signingSeconds === undefined ? {} : { signingSeconds }),
    nodes,
    differences: [...differentTraffic(cost, reports), ...differentRounds(cost, nodes)],
  }
}

function differentTraffic(cost: Schedule, reports: readonly ReportBody[]): string[] {
  const demanded = new Map(trafficOf(cost).map((pair) => [`${pair.from} ${pair.to}`, pair]))
  return reports.flatMap(({ index, peers }) =>
    peers.flatMap(({ peer, sent }) => {
      const pair = demanded.get(`${index} ${peer}`) ?? { messages: 0, bytes: 0 }
      if (pair.messages === sent.messages && pair.bytes === sent.bytes) return []
      return [
        `Node ${index} has signed for ${sent.messages} messages of ${sent.bytes} bytes in all to node ${peer}; ` +
          `the plan demands ${pair.messages} of ${pair.bytes}.`,
      ]
    }),
  )
}

function differentRounds(cost: Schedule, nodes: readonly MeasuredNode[]): string[] {
  const rounds = roundsOfParties(cost)
  return nodes.flatMap(({ index, figures }, at) =>
    figures === null || figures.rounds === rounds[at]
      ? []
      : [
          `Node ${index} says that it took part in ${figures.rounds} rounds; the plan demands ${rounds[at]!}.`,
        ],
  )
}
