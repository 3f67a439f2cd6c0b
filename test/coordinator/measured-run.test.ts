/** EXPLAIN ANALYZE over a coordinator with scripted nodes, whose reports are made up. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { Asked } from '../../coordinator/client/querier.ts'
import { roundsOfParties, trafficOf } from '../../protocol/cost.ts'
import type { ReportBody } from '../../protocol/ledger/records.ts'
import { encodeFigures } from '../../protocol/run-figures.ts'
import type { RunFigures } from '../../protocol/run-figures.ts'
import {
  measuredLines,
  operatorSeconds,
  withoutTiming,
} from '../../protocol/sql/explain-measured.ts'
import { explainText } from '../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../protocol/sql/explain.ts'

import type { Script } from './fake-nodes.ts'
import { openStage, type Stage } from './stage.ts'

const SQL = 'SELECT COUNT(*) AS rides FROM trips WHERE shared'

let stage: Stage
/** What the plan costs. */
let plain: Asked
beforeAll(async () => {
  stage = await openStage(60_000)
  plain = await stage.ask(SQL)
})
afterAll(() => stage.close())

/** The reports of nodes that have sent what the plan demands. */
function honest(_name: string, body: ReportBody): ReportBody {
  const pairs = trafficOf(plain.cost)
  const of = (from: number, to: number) => {
    const pair = pairs.find((one) => one.from === from && one.to === to)
    const root = String(10 * from + to).repeat(32)
    return { messages: pair?.messages ?? 0, bytes: pair?.bytes ?? 0, root }
  }
  return {
    ...body,
    peers: body.peers.map(({ peer }) => ({
      peer,
      sent: of(body.index, peer),
      received: of(peer, body.index),
    })),
  }
}

const roundsOf = (name: string): number =>
  roundsOfParties(plain.cost)[Number(name.slice('mpc-'.length)) - 1]!

const figuresOf = (name: string, change: Partial<RunFigures> = {}): string =>
  encodeFigures({
    rounds: roundsOf(name),
    warmColumns: 1,
    dealtColumns: 2,
    columnsMicros: 3_000,
    executeMicros: 50_000,
    roundsMicros: 20_000,
    sealMicros: 400,
    operatorMicros: plain.compiled.plan.operators.map((_, op) => 1_000 * op),
    ...change,
  })

const measure = async (script: Script) => {
  const { measured, compiled, view } = await stage.ask(SQL, script)
  const explained = explainQuery(compiled, view.params)
  return { measured: measured!, text: explainText(explained, measured) }
}

describe('a run that went as planned', () => {
  it('is told with what the nodes have signed for and measured', async () => {
    const figures = (name: string): string =>
      figuresOf(name, name === 'mpc-2' ? { operatorMicros: [2_000_000] } : {})
    const { measured, text } = await measure({ report: honest, figures })
    expect(measured.differences).toEqual([])
    expect(measured.nodes.map(({ bytes }) => bytes)).toEqual(
      [1, 2, 3].map((from) =>
        trafficOf(plain.cost).reduce((sum, pair) => sum + (pair.from === from ? pair.bytes : 0), 0),
      ),
    )
    expect(operatorSeconds(measured, 0)).toBe(2)
    expect(operatorSeconds(measured, 1)).toBe(0.001)
    expect(text).toContain('took 2.0 s')
    expect(text).toContain('exactly what the plan demands')
    expect(text).toContain('behind an operator: how long the slowest node took')
    expect(text).toContain('1 column kept from an earlier job, 2 dealt; 3.0 ms until columns came')
    const phases = [measured.preparingSeconds, measured.runningSeconds, measured.signingSeconds]
    const sum = phases.reduce<number>((all, one) => all + one!, 0)
    expect(sum).toBeCloseTo(measured.seconds!, 6)
  })

  it('is told without a clock if that is not wanted', async () => {
    const { measured } = await measure({ report: honest, figures: figuresOf })
    const quiet = withoutTiming(measured)
    expect(JSON.stringify(quiet)).not.toMatch(/seconds|micros/iu)
    expect(measuredLines(quiet).join()).not.toMatch(/ m?s\b/u)
    expect(measuredLines(quiet).join()).toContain(`node 1: ${roundsOf('mpc-1')} rounds`)
  })

  it.each(['', '{', '{"rounds":"many"}', '[]'])('does without figures such as %j', async (text) => {
    const { measured } = await measure({ report: honest, figures: () => text })
    expect(measured.differences).toEqual([])
    expect(measured.nodes.map(({ figures }) => figures)).toEqual([null, null, null])
  })
})

describe('a run that did not is told, pair by pair', () => {
  it('where the nodes have signed for other traffic', async () => {
    // The scripted nodes say that nothing was sent.
    const { measured, text } = await measure({})
    expect(measured.differences).toHaveLength(
      new Set(trafficOf(plain.cost).map(({ from, to }) => `${from} ${to}`)).size,
    )
    expect(measured.differences[0]).toMatch(/^Node 1 has signed for 0 messages of 0 bytes/u)
    expect(text).toContain('NOT WHAT THE PLAN DEMANDS')
    expect(text).not.toContain('exactly')
  })

  it('where a node counted other rounds', async () => {
    const figures = (name: string): string =>
      figuresOf(name, name === 'mpc-3' ? { rounds: roundsOf(name) + 1 } : {})
    const { measured } = await measure({ report: honest, figures })
    expect(measured.differences).toEqual([
      `Node 3 says that it took part in ${roundsOf('mpc-3') + 1} rounds; the plan demands ${roundsOf('mpc-3')}.`,
    ])
  })
})
