/**
 * The queries of the scale benchmark: a filter, GROUP BY with few and with many groups, a median. Each
 * with what PostgreSQL would print, computed in plain text, a chunk at a time.
 */
import { CircuitBuilder } from '../../protocol/circuit-builder.ts'
import { CHUNK_ROWS, type Plan, type PlanParams, type Ref } from '../../protocol/plan.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { selectTuning } from '../../protocol/sql/count-tuning.ts'

import { codesOf, DISTRICTS, REGIONS, SURVEY, VALUES } from './survey.ts'

/** Cells as text, row by row. */
type Answer = readonly (readonly string[])[]

export interface PlannedQuery {
  readonly plan: Plan
  /** The answer that opened lanes make. @throws Error if a cell is suppressed: none should be */
  answerOf(lanes: readonly bigint[]): Answer
}

export interface SurveyQuery {
  readonly name: string
  /** For headings. */
  readonly title: string
  plan(params: PlanParams): Promise<PlannedQuery>
  /** What PostgreSQL would print. */
  plainAnswer(rows: number): Answer
}

export const QUERIES: readonly SurveyQuery[] = [
  {
    name: 'scale-query',
    title: 'SUM, COUNT with a filter',
    plan: fromSql(
      'SELECT SUM(income), COUNT(*) FROM survey WHERE city = 3 AND age >= 30 AND age < 50',
    ),
    plainAnswer(rows) {
      const group = (city: number, age: number): number =>
        city === 3 && age >= 30 && age < 50 ? 0 : -1
      return totals(rows, ['city', 'age'], group, 1).map(({ sum, count }) => [`${sum}`, `${count}`])
    },
  },
  grouped('scale-groups-10', 'region', REGIONS),
  grouped('scale-groups-100', 'district', DISTRICTS),
  {
    name: 'scale-median',
    title: 'median of those below 64',
    plan: medianPlan,
    plainAnswer(rows) {
      // How often each value comes, and then the value at the middle rank.
      const frequency = new Uint32Array(VALUES['income']!)
      let among = 0
      forEachChunk(rows, ['income', 'age'], ([income, age]) => {
        income!.forEach((value, i) => {
          if (age![i]! >= 64) return
          frequency[value]!++
          among++
        })
      })
      let value = 0
      for (let left = Math.ceil(among / 2) - frequency[0]!; left > 0; left -= frequency[value]!) {
        value++
      }
      return [[`${value}`]]
    },
  },
]

function fromSql(sql: string): SurveyQuery['plan'] {
  return async (params) => {
    const { plan, answer } = await compile(sql, SURVEY, params)
    return {
      plan,
      answerOf: (lanes) =>
        evaluateAnswer(answer, lanes).rows.map((row) =>
          row.map((cell) => {
            if (!('text' in cell)) throw new Error('a cell is withheld')
            return cell.text
          }),
        ),
    }
  }
}

function grouped(name: string, key: string, dictionary: readonly string[]): SurveyQuery {
  return {
    name,
    title: `SUM, COUNT in ${dictionary.length} groups`,
    plan: fromSql(
      `SELECT ${key}, SUM(income), COUNT(*) FROM survey GROUP BY ${key} ORDER BY ${key}`,
    ),
    plainAnswer: (rows) =>
      totals(rows, [key], (code) => code, dictionary.length).map(({ sum, count }, group) => [
        dictionary[group]!,
        `${sum}`,
        `${count}`,
      ]),
  }
}

const INCOME_PLANES = 20
const AGE_PLANES = 7

/** By hand, for the time that SQL has no median: without suppression. */
async function medianPlan(params: PlanParams): Promise<PlannedQuery> {
  const builder = new CircuitBuilder()
  const below64 = builder.not(builder.inputs(1)[0]!)
  const parts = (op: number, count: number): Ref[] =>
    Array.from({ length: count }, (_, part) => ({ op, part }))
  const load = (column: string, planes: number) =>
    ({ kind: 'load-bits', dataset: SURVEY.dataset, column, planes, validity: false }) as const
  const middle = { times: 1, plus: 1, over: 2 }
  const choice = { planes: parts(0, INCOME_PLANES), among: { op: 2, part: 0 }, ...middle }
  const plan: Plan = {
    version: 1,
    operators: [
      load('income', INCOME_PLANES),
      load('age', AGE_PLANES),
      { kind: 'circuit', inputs: [{ op: 1, part: 6 }], circuit: builder.build([below64]) },
      {
        kind: 'select',
        choices: [choice],
        ...selectTuning(params, 'rows', 1, INCOME_PLANES).value,
      },
      { kind: 'bit-to-field', inputs: parts(3, INCOME_PLANES) },
      { kind: 'output', inputs: parts(4, INCOME_PLANES) },
    ],
  }
  return {
    plan,
    answerOf: (bits) => [[String(bits.reduce((value, bit, i) => value + (bit << BigInt(i)), 0n))]],
  }
}

interface Total {
  sum: number
  count: number
}

/**
 * Sum of incomes and number of rows of each group.
 * @param groupOf from the codes of these columns; -1 for none
 */
function totals(
  rows: number,
  columns: readonly string[],
  groupOf: (first: number, second: number) => number,
  groups: number,
): Total[] {
  const all = Array.from({ length: groups }, (): Total => ({ sum: 0, count: 0 }))
  forEachChunk(rows, ['income', ...columns], ([income, first, second]) => {
    income!.forEach((value, i) => {
      const total = all[groupOf(first![i]!, second?.[i] ?? 0)]
      if (total === undefined) return
      total.sum += value
      total.count++
    })
  })
  return all
}

function forEachChunk(
  rows: number,
  columns: readonly string[],
  visit: (codes: readonly Uint32Array[]) => void,
): void {
  for (let from = 0; from < rows; from += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - from)
    visit(columns.map((column) => codesOf(column, from, count)))
  }
}
