/**
 * One query over 1, 2 and 4 lanes (split-plan.ts): each lane has a session of its own between the same
 * processes and every row of its own members; all run at a time. The answer has to be that of the whole table.
 */
import { type ColumnSource, execute } from '../../protocol/execute.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { newArena, viewFp } from '../../shares/field/memory.ts'
import { add } from '../../shares/field/vector.ts'
import { asShamirShare } from '../../shares/shamir.ts'
import {
  codesOf,
  memberOfRow,
  REGIONS,
  SURVEY as WHOLE_SURVEY,
  surveyParams,
} from '../scaling/survey.ts'
import { ownSource } from '../tasks/own-source.ts'
import type { People } from '../tasks/people.ts'
import { inArena, openFieldEvidence, type Task } from '../tasks/task.ts'

import { mergeParams, splitPlan, sumColumn } from './split-plan.ts'

/** Lanes are counted apart: with a larger kMin groups are compared with each other, which no lane can do by itself. */
const SURVEY = { ...WHOLE_SURVEY, kMin: 1 }

const SQL =
  'SELECT region, SUM(income), COUNT(*) FROM survey WHERE age >= 30 AND age < 50 ' +
  'GROUP BY region ORDER BY region'

/** Of the survey, the columns that the query reads. */
export function surveyTable(rows: number): People {
  const columns = ['region', 'age', 'income'].map((name) => [name, codesOf(name, 0, rows)])
  return {
    columns: Object.fromEntries(columns) as People['columns'],
    memberOfRow: memberOfRow(rows),
  }
}

/** The rows of the members of each lane. */
export function lanesOf({ columns, memberOfRow: memberOf }: People, lanes: number): People[] {
  const rows = memberOf.length
  // The first row, from an even cut on, that begins a member.
  const cuts = Array.from({ length: lanes + 1 }, (_, lane) => {
    let row = Math.floor((lane * rows) / lanes)
    while (row > 0 && row < rows && memberOf[row] === memberOf[row - 1]) row++
    return row
  })
  return Array.from({ length: lanes }, (_, lane) => {
    const [from, to] = [cuts[lane]!, cuts[lane + 1]!]
    const first = memberOf[from] ?? 0
    const parts = Object.entries(columns).map(([name, codes]) => [name, codes.subarray(from, to)])
    return {
      columns: Object.fromEntries(parts) as People['columns'],
      memberOfRow: memberOf.slice(from, to).map((member) => member - first),
    }
  })
}

export function lanesTask(lanes: number): Task {
  return {
    name: `lanes-${lanes}`,
    about: `rows of a table in ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}: SUM, COUNT in 10 groups`,
    size: 1_000_000,
    sessions: lanes,
    async prepare(setting) {
      const table = surveyTable(setting.size)
      const whole = surveyParams(setting.committee, table.memberOfRow)
      const { plan } = await compile(SQL, SURVEY, whole)
      const { lane, sums, merge } = splitPlan(plan, whole, SURVEY.kMin)
      const parts = lanesOf(table, lanes).map((part) => {
        const params = surveyParams(setting.committee, part.memberOfRow)
        return { params, source: ownSource(setting, SURVEY, part, params, lane) }
      })
      return {
        async run(party, _fetch, others = []) {
          const partial = await Promise.all(
            parts.map(({ params, source }, i) => execute(others[i]!, lane, params, source)),
          )
          const source = sourceOf(added(partial, sums))
          const shares = await execute(party, merge, mergeParams(whole), source)
          return () => shares
        },
      }
    },
    async check(committee, size, evidence) {
      const table = surveyTable(size)
      const params = surveyParams(committee, table.memberOfRow)
      const { answer } = await compile(SQL, SURVEY, params)
      const found = JSON.stringify(
        evaluateAnswer(answer, openFieldEvidence(committee, evidence)).rows,
      )
      const expected = JSON.stringify(plainAnswer(table))
      if (found !== expected) throw new Error(`the answer is ${found}, not ${expected}`)
    },
  }
}

/** Shares of sums: the sums of shares. */
function added(partial: readonly Uint8Array[], sums: number): Uint8Array {
  return inArena((arena) => {
    const total = arena.elements(sums)
    viewFp(total).fill(0)
    for (const bytes of partial) {
      const one = arena.elements(sums)
      viewFp(one).set(bytes)
      add(total, total, one)
    }
    return viewFp(total).slice()
  })
}

/** The merging committee's table: one row of one member. */
function sourceOf(sums: Uint8Array): ColumnSource {
  const arena = newArena()
  const shares = new Map(
    Array.from({ length: sums.length / 8 }, (_, i) => {
      const share = arena.elements(1)
      viewFp(share).set(sums.subarray(8 * i, 8 * i + 8))
      return [sumColumn(i), asShamirShare(share)]
    }),
  )
  return {
    memberOfRow: new Uint32Array(1),
    bits: () => Promise.reject(new Error('sums have no planes')),
    field: ({ column }) => Promise.resolve(shares.get(column)!),
  }
}

/** What PostgreSQL would print, and what is withheld. */
function plainAnswer({ columns, memberOfRow: memberOf }: People): unknown {
  const { region, age, income } = columns
  const groups = REGIONS.map(() => ({ members: new Set<number>(), sum: 0, count: 0 }))
  memberOf.forEach((member, row) => {
    if (age![row]! < 30 || age![row]! >= 50) return
    const group = groups[region![row]!]!
    group.members.add(member)
    group.sum += income![row]!
    group.count++
  })
  return groups.map(({ members, sum, count }, code) => {
    const shown = members.size >= SURVEY.kMin
    const cells = [sum, count].map((value) =>
      shown ? { text: String(value) } : { suppressed: true },
    )
    return [{ text: REGIONS[code] }, ...cells]
  })
}

export const LANE_TASKS: readonly Task[] = [1, 2, 4].map(lanesTask)
