import { describe, expect, it } from 'vitest'

import { mergeParams, splitPlan } from '../../bench/lanes/split-plan.ts'
import { lanesOf, lanesTask, surveyTable } from '../../bench/lanes/tasks.ts'
import { QUERIES } from '../../bench/scaling/queries.ts'
import { SURVEY as WHOLE_SURVEY, surveyParams } from '../../bench/scaling/survey.ts'
import { CircuitBuilder } from '../../protocol/circuit-builder.ts'
import { bytesSent, schedule } from '../../protocol/cost.ts'
import type { Plan } from '../../protocol/plan.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { committee as committeeOf } from '../../shares/committee.ts'
import { runAll, testCommittee } from '../protocol/parties.ts'

// As the benchmark has it: no groups are compared with each other.
const SURVEY = { ...WHOLE_SURVEY, kMin: 1 }
const GROUPS = 'SELECT region, SUM(income), COUNT(*) FROM survey GROUP BY region ORDER BY region'

const planOf = async (name: string, rows: number, n = 3) => {
  const params = surveyParams(committeeOf(n), surveyTable(rows).memberOfRow)
  const { plan } = await QUERIES.find((query) => query.name === name)!.plan(params)
  return { plan, params }
}

/** Runs the task with every session in memory, and checks the answer. */
async function run(lanes: number, rows: number, n = 3): Promise<void> {
  const task = lanesTask(lanes)
  const committee = committeeOf(n)
  const sessions = await Promise.all(
    Array.from({ length: task.sessions! + 1 }, (_, i) => testCommittee(n, `session ${i}`)),
  )
  const [first, ...further] = sessions
  const close = (index: number): void => sessions.forEach(({ network }) => network.close(index))
  const evidence = await runAll(first!.parties, { close }, async (party) => {
    const { index } = party
    const prepared = await task.prepare({ committee, index, size: rows })
    const others = further.map(({ parties }) => parties[index - 1]!)
    const finish = await prepared.run(party, undefined, others)
    return finish()
  })
  await task.check(committee, rows, evidence)
}

/** Members of each region in the filtered rows, region by region. */
function membersOf(rows: ReturnType<typeof surveyTable>): number[] {
  const { columns, memberOfRow } = rows
  const members = Array.from({ length: 10 }, () => new Set<number>())
  memberOfRow.forEach((member, row) => {
    const age = columns['age']![row]!
    if (age >= 30 && age < 50) members[columns['region']![row]!]!.add(member)
  })
  return members.map(({ size }) => size)
}

describe('lanes', () => {
  const ROWS = 900

  it('are of different members and have all rows', () => {
    const table = surveyTable(ROWS)
    for (const lanes of [1, 2, 4, 7]) {
      const parts = lanesOf(table, lanes)
      const members = parts.map(({ memberOfRow }) => new Set(memberOfRow).size)
      expect(parts.every(({ memberOfRow }) => memberOfRow[0] === 0)).toBe(true)
      expect(members.reduce((sum, one) => sum + one)).toBe(new Set(table.memberOfRow).size)
      const incomes = parts.flatMap(({ columns }) => Array.from(columns['income']!))
      expect(incomes).toEqual(Array.from(table.columns['income']!))
    }
  })

  it('give the answer of the whole table, which alone decides what is withheld', async () => {
    const table = surveyTable(ROWS)
    const whole = membersOf(table)
    const lanes = lanesOf(table, 4).map(membersOf)
    // Groups that every lane would withhold and the table shows; and groups that the table withholds.
    expect(whole.some((count, i) => count >= 10 && lanes.every((lane) => lane[i]! < 10))).toBe(true)
    expect(whole.some((count) => count < 10)).toBe(true)
    for (const count of [1, 2, 4]) await run(count, ROWS)
  })

  it('work for five parties', async () => {
    await run(3, 300, 5)
  })

  it('cost what the whole costs, and the merging once', async () => {
    const params = surveyParams(committeeOf(3), surveyTable(100_000).memberOfRow)
    const { plan } = await compile(GROUPS, SURVEY, params)
    const { lane, merge, sums } = splitPlan(plan, params, SURVEY.kMin)
    expect(sums).toBe(30)
    const whole = bytesSent(schedule(plan, params))[0]!
    const parts = lanesOf(surveyTable(100_000), 4).map(
      ({ memberOfRow }) => bytesSent(schedule(lane, surveyParams(committeeOf(3), memberOfRow)))[0]!,
    )
    const merged = bytesSent(schedule(merge, mergeParams(params)))[0]!
    expect(merged).toBeLessThan(0.001 * whole)
    // Whole lanes of padding, and counts that are converted lane by lane.
    const together = parts.reduce((sum, bytes) => sum + bytes, merged)
    expect(together / whole).toBeGreaterThan(0.95)
    expect(together / whole).toBeLessThan(1.05)
  })

  it('are refused for what does not add up', async () => {
    const median = await planOf('scale-median', 1000)
    expect(() => splitPlan(median.plan, median.params, SURVEY.kMin)).toThrow('has no lanes')

    // A count in binary may only be compared with kMin: what else is done with its bits does not add up.
    const builder = new CircuitBuilder()
    const [low] = builder.inputs(10)
    const plan: Plan = {
      version: 1,
      operators: [
        { kind: 'load-bits', dataset: 'survey', column: 'age', planes: 1, validity: false },
        { kind: 'any-row', inputs: [{ op: 0, part: 0 }] },
        { kind: 'popcount', inputs: [{ op: 1, part: 0 }], width: 10 },
        {
          kind: 'circuit',
          inputs: Array.from({ length: 10 }, (_, part) => ({ op: 2, part })),
          circuit: builder.build([low!]),
        },
        { kind: 'bit-to-field', inputs: [{ op: 3, part: 0 }] },
        { kind: 'output', inputs: [{ op: 4, part: 0 }] },
      ],
    }
    expect(() => splitPlan(plan, median.params, SURVEY.kMin)).toThrow('more with a count')
  })
})
