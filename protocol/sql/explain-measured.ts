/** The part of EXPLAIN ANALYZE that was measured, as data and as text. */
import type { RunFigures } from '../run-figures.ts'

import { count, seconds, size } from './figures.ts'

export interface MeasuredNode {
  /** 1..n */
  readonly index: number
  /** That it sent, signed by it. */
  readonly messages: number
  /** Payload bytes of these. */
  readonly bytes: number
  /** By its own word; null if it has not told any. */
  readonly figures: NodeFigures | null
}

/** Seconds are absent if they are not asked for. */
export type NodeFigures = Pick<RunFigures, 'rounds' | 'warmColumns' | 'dealtColumns'> &
  Partial<RunFigures>

export interface MeasuredRun {
  readonly job: string
  /** Number of the completion in the ledger. */
  readonly entry: number
  /** From the coordinator's first message to the last signature. */
  readonly seconds?: number
  /** Of that: until all nodes had admitted the job and agreed on keys, had computed, had signed. */
  readonly preparingSeconds?: number
  readonly runningSeconds?: number
  readonly signingSeconds?: number
  /** MPC nodes, node 1 first. */
  readonly nodes: readonly MeasuredNode[]
  /** In what the run was not what the plan demands, a sentence each; empty as it should be. */
  readonly differences: readonly string[]
}

/** Of the slowest node: from the start to the end of each operator, by index; undefined if no node has told. */
export function operatorSeconds({ nodes }: MeasuredRun, op: number): number | undefined {
  const micros = nodes.flatMap(({ figures }) => figures?.operatorMicros?.[op] ?? [])
  return micros.length === 0 ? undefined : Math.max(...micros) / 1e6
}

/** Without what a clock has told: EXPLAIN with TIMING OFF. */
export function withoutTiming({ job, entry, nodes, differences }: MeasuredRun): MeasuredRun {
  const plain = ({ rounds, warmColumns, dealtColumns }: NodeFigures): NodeFigures => ({
    rounds,
    warmColumns,
    dealtColumns,
  })
  return {
    job,
    entry,
    nodes: nodes.map((node) => ({
      ...node,
      figures: node.figures === null ? null : plain(node.figures),
    })),
    differences,
  }
}

/** Lines of text. */
export function measuredLines(measured: MeasuredRun): string[] {
  const { job, entry, nodes, differences } = measured
  const messages = nodes.map((node) => count(node.messages)).join(', ')
  const bytes = nodes.map((node) => size(node.bytes)).join(', ')
  const { preparingSeconds: preparing, runningSeconds: running, signingSeconds: signing } = measured
  const phases =
    preparing === undefined || running === undefined || signing === undefined
      ? ''
      : `: ${seconds(preparing)} preparing, ${seconds(running)} running, ${seconds(signing)} signing`
  return [
    `Ran as job ${job}, ledger entry ${entry}`,
    ...(measured.seconds === undefined ? [] : [`  ${seconds(measured.seconds)}${phases}`]),
    ...(differences.length === 0
      ? [`  sent by the nodes: ${messages} messages, ${bytes}; exactly what the plan demands`]
      : differences.map((line) => `  NOT WHAT THE PLAN DEMANDS: ${line}`)),
    ...(operatorSeconds(measured, 0) === undefined
      ? []
      : [
          '  behind an operator: how long the slowest node took from its start to its end; operators wait for rounds that they share',
        ]),
    ...nodes.flatMap(({ index, figures }) =>
      figures === null ? [] : [`  node ${index}: ${nodeLine(figures)}`],
    ),
  ]
}

function nodeLine(figures: NodeFigures): string {
  const { rounds, warmColumns, dealtColumns } = figures
  const columns = `${count(warmColumns)} ${warmColumns === 1 ? 'column' : 'columns'} kept from an earlier job, ${count(dealtColumns)} dealt`
  const all = `${count(rounds)} ${rounds === 1 ? 'round' : 'rounds'}; ${columns}`
  const { columnsMicros, executeMicros, roundsMicros, sealMicros } = figures
  if (
    columnsMicros === undefined ||
    executeMicros === undefined ||
    roundsMicros === undefined ||
    sealMicros === undefined
  ) {
    return all
  }
  const inRounds = seconds(roundsMicros / 1e6)
  const between = seconds(Math.max(0, executeMicros - roundsMicros) / 1e6)
  return (
    `${all}; ${seconds(columnsMicros / 1e6)} until columns came, ` +
    `${inRounds} in rounds, ${between} between them, ${seconds(sealMicros / 1e6)} sealing`
  )
}
