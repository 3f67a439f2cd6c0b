/** Which way the planner goes, where there are several, and what it says of the others. */
import { describe, expect, test, vi } from 'vitest'

import { circuitStats } from '../../../protocol/circuit.ts'
import { bytesSent, schedule } from '../../../protocol/cost.ts'
import type { Operator, PlanParams } from '../../../protocol/plan.ts'
import { choiceLines, choose } from '../../../protocol/sql/choices.ts'
import type { Choice } from '../../../protocol/sql/choices.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { explainText } from '../../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../../protocol/sql/explain.ts'
import { networkSeconds, ratesOf, scheduleSeconds } from '../../../protocol/sql/network-model.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

vi.setConfig({ testTimeout: 120_000 })

/** A table of so many rows, two a member. */
function paramsOf(rows: number, network: PlanParams['network'], n = 3): PlanParams {
  const whole = Array.from({ length: Math.floor(rows / 62_500) }, () => 62_500)
  const rest = rows % 62_500
  return {
    ...PARAMS,
    committee: { n, t: (n - 1) / 2 },
    network,
    dataset: {
      ...PARAMS.dataset,
      chunks: rest === 0 ? whole : [...whole, rest],
      rowsPerMember: [[2, rows / 2]],
    },
  }
}

const planOf = (sql: string, params: PlanParams): Promise<CompiledQuery> =>
  compile(sql, TRIPS, params)

function choiceOf({ explain }: CompiledQuery, question: string): Choice | undefined {
  return explain.choices.find((choice) => choice.question === question)
}

const operatorsOf = <K extends Operator['kind']>(
  { plan }: CompiledQuery,
  kind: K,
): Extract<Operator, { kind: K }>[] =>
  plan.operators.filter((one): one is Extract<Operator, { kind: K }> => one.kind === kind)

describe('choose', () => {
  const candidate = (name: string, seconds: number, rounds = 1) => ({
    name,
    value: `value ${name}`,
    cost: { rounds, bytes: 7, seconds },
  })

  test('takes the lowest estimate, and tells the others from the cheapest on', () => {
    const { value, choice } = choose('which', [
      candidate('three', 3),
      candidate('one', 1),
      candidate('two', 2),
    ])
    expect(value).toBe('value one')
    expect(choice).toEqual({
      question: 'which',
      chosen: { name: 'one', rounds: 1, bytes: 7, seconds: 1 },
      rejected: [
        { name: 'two', rounds: 1, bytes: 7, seconds: 2 },
        { name: 'three', rounds: 1, bytes: 7, seconds: 3 },
      ],
    })
  })

  test('the first of equals; what costs the same is not told', () => {
    expect(choose('which', [candidate('a', 2), candidate('b', 2)])).toEqual({ value: 'value a' })
    expect(choose('which', [candidate('alone', 2)])).toEqual({ value: 'value alone' })
    const { value, choice } = choose('which', [candidate('a', 2, 5), candidate('b', 2, 4)])
    expect([value, choice!.rejected.length]).toEqual(['value a', 1])
    expect(() => choose('which', [])).toThrow(RangeError)
  })
})

test.each([
  'SELECT AVG(fare), COUNT(*) FROM trips WHERE fare < tip',
  'SELECT VARIANCE(tip), COUNT(fare) FROM trips WHERE odometer > 99999',
])('what was chosen is what the plan costs: %s', async (sql) => {
  for (const n of [3, 5]) {
    const params = paramsOf(200_000, 'wan', n)
    const { plan, explain } = await planOf(sql, params)
    const cost = schedule(plan, params)
    expect(explain.choices.length).toBeGreaterThan(1)
    for (const { chosen, rejected } of explain.choices) {
      expect(chosen).toMatchObject({
        rounds: cost.rounds.length,
        bytes: Math.max(...bytesSent(cost)),
      })
      const local = chosen.seconds - networkSeconds(cost, params.network)
      expect(local).toBeGreaterThanOrEqual(0)
      expect(local).toBeLessThan(n === 3 ? 1e-9 : 0.1)
      for (const { seconds } of rejected) expect(seconds).toBeGreaterThanOrEqual(chosen.seconds)
    }
  }
})

test('an estimate is a delay for every round and the bytes of its busiest party, at any rates', () => {
  const cost = {
    n: 3,
    t: 1,
    rounds: [
      [
        { op: 0, batch: 0, step: 0, dealers: [1, 2, 3], bytes: 600 },
        { op: 3, batch: 0, step: 0, dealers: [1, 2], bytes: 400 },
      ],
      [{ op: 0, batch: 0, step: 1, dealers: [3], bytes: 500 }],
    ],
  }
  expect(scheduleSeconds(cost, { roundSeconds: 0.02, bytesPerSecond: 100 })).toBeCloseTo(15.04)
  expect(networkSeconds(cost, 'wan')).toBe(scheduleSeconds(cost, ratesOf('wan')))
})

describe('comparisons', () => {
  const SQL = 'SELECT AVG(fare), COUNT(*) FROM trips WHERE fare < tip AND odometer < 12345678'
  const stats = ({ plan }: CompiledQuery) => {
    const circuit = plan.operators.find((one) => one.kind === 'circuit')!
    return circuitStats(circuit.circuit)
  }

  test('in few rounds where rows are few or rounds dear, with few ANDs where rows are many', async () => {
    const few = await planOf(SQL, paramsOf(10_000, 'lan'))
    const far = await planOf(SQL, paramsOf(100_000, 'wan'))
    const many = await planOf(SQL, paramsOf(4_000_000, 'lan'))
    expect(choiceOf(few, 'comparisons of rows')!.chosen.name).toBe('tree')
    expect(choiceOf(far, 'comparisons of rows')!.chosen.name).toBe('tree')
    expect(choiceOf(many, 'comparisons of rows')!.chosen.name).toBe('ripple')
    expect(stats(many).ands).toBeLessThan(stats(few).ands)
    expect(stats(many).depth).toBeGreaterThan(stats(few).depth)
  })

  test('nothing is asked where there is nothing to compare by size', async () => {
    const compiled = await planOf('SELECT COUNT(*) FROM trips WHERE shared', PARAMS)
    expect(choiceOf(compiled, 'comparisons of rows')).toBeUndefined()
  })
})

/** Planes that are converted row by row. */
const converted = (compiled: CompiledQuery): number =>
  operatorsOf(compiled, 'bit-to-field').reduce(
    (sum, { inputs }) =>
      sum + (compiled.plan.operators[inputs[0]!.op]!.kind === 'circuit' ? inputs.length : 0),
    0,
  )

describe('sums and counts', () => {
  const SUMS = 'sums over all rows of the group'

  test('the count of all rows is free where the sum is taken over all rows, NULLs as 0', async () => {
    const compiled = await planOf('SELECT SUM(fare), COUNT(*) FROM trips WHERE shared', PARAMS)
    expect(converted(compiled)).toBe(1)
    expect(operatorsOf(compiled, 'count')).toHaveLength(1)
    expect(choiceOf(compiled, 'sums and counts')!.chosen.name).toBe(SUMS)
  })

  test('the count of contributing rows is free where the sum is taken over them', async () => {
    const compiled = await planOf('SELECT AVG(fare) FROM trips WHERE shared', PARAMS)
    expect(converted(compiled)).toBe(1)
    expect(operatorsOf(compiled, 'count')).toHaveLength(1)
    expect(choiceOf(compiled, 'sums and counts')!.chosen.name).toBe(
      'sums over the rows that contribute',
    )
  })

  test('one conversion serves the sum and the count of the same rows', async () => {
    const sum = await planOf('SELECT SUM(tip) FROM trips WHERE shared', PARAMS)
    const both = await planOf(
      'SELECT SUM(tip), COUNT(*), COUNT(tip) FROM trips WHERE shared',
      PARAMS,
    )
    const [one, two] = [sum, both].map(({ plan }) => schedule(plan, PARAMS))
    expect(two!.andGates).toBe(one!.andGates)
    expect(two!.rounds.length).toBe(one!.rounds.length)
    // One more number is opened.
    expect(Math.max(...bytesSent(two!)) - Math.max(...bytesSent(one!))).toBe(8)
  })

  test('a sum over the whole table is local, even of a column with NULLs', async () => {
    const compiled = await planOf('SELECT SUM(fare) FROM trips', PARAMS)
    expect(operatorsOf(compiled, 'dot')).toHaveLength(0)
    expect(converted(compiled)).toBe(0)
  })

  test('counts alone: a few rows are converted, many are added first', async () => {
    const sql = 'SELECT COUNT(*) FROM trips WHERE shared'
    // Every member has one row, so that the cohort waits for the count.
    const single = (rows: number): PlanParams => ({
      ...paramsOf(rows, 'wan'),
      dataset: { ...paramsOf(rows, 'wan').dataset, rowsPerMember: [[1, rows]] },
    })
    const few = choiceOf(await planOf(sql, single(2000)), 'sums and counts')!
    expect(few.chosen.name).toBe('rows counted by converting each')
    const many = choiceOf(await planOf(sql, single(2_000_000)), 'sums and counts')!
    expect(many.chosen.name).toMatch(/rounds of adders/u)
  })
})

describe('cohorts', () => {
  const QUESTION = 'cohorts of enough members'
  const SQL = 'SELECT AVG(tip) FROM trips WHERE shared'

  test('few members are counted in binary, many in the field', async () => {
    const members = (count: number): PlanParams => ({
      ...paramsOf(10_000, 'lan'),
      dataset: { ...PARAMS.dataset, chunks: [10_000], rowsPerMember: [[10_000 / count, count]] },
    })
    const few = await planOf(SQL, members(4))
    expect(choiceOf(few, QUESTION)!.chosen.name).toBe('members counted in binary')
    expect(operatorsOf(few, 'less-than-zero')).toHaveLength(0)
    const many = await planOf(SQL, members(5000))
    expect(choiceOf(many, QUESTION)!.chosen.name).toMatch(/conver/u)
    expect(operatorsOf(many, 'popcount')).toHaveLength(0)
  })

  test('where every member has one row, the count of rows serves', async () => {
    const single = {
      ...PARAMS,
      dataset: { ...PARAMS.dataset, rowsPerMember: [[1, 100_000]] as const },
    }
    const compiled = await planOf(SQL, single)
    expect(operatorsOf(compiled, 'any-row')).toHaveLength(0)
    expect(operatorsOf(compiled, 'count')).toHaveLength(0)
    expect(operatorsOf(compiled, 'popcount')).toHaveLength(0)
    const { andGates } = schedule(compiled.plan, single)
    // Nothing is added up: what is left is the filter, and a comparison of one number.
    const filter = operatorsOf(compiled, 'circuit')[0]!
    expect(andGates).toBeLessThan(100_000 * circuitStats(filter.circuit).ands + 1000)
  })
})

describe('products', () => {
  const SQL = 'SELECT VARIANCE(tip) FROM trips WHERE shared'
  const via = (compiled: CompiledQuery) =>
    operatorsOf(compiled, 'multiply').some((operator) => operator.via === 'king')

  test('through kings where bandwidth is dear and rows are many, never among three', async () => {
    expect(via(await planOf(SQL, paramsOf(1_000_000, 'wan', 7)))).toBe(true)
    expect(via(await planOf(SQL, paramsOf(1_000_000, 'lan', 5)))).toBe(true)
    expect(via(await planOf(SQL, paramsOf(1_000_000, 'loopback', 7)))).toBe(false)
    expect(via(await planOf(SQL, paramsOf(1_000_000, 'wan', 3)))).toBe(false)
  })

  test('not where they would take rounds for a few rows', async () => {
    // The cohort waits for the conversion, as every member has one row.
    const params = paramsOf(1000, 'wan', 5)
    const single = {
      ...params,
      dataset: { ...params.dataset, rowsPerMember: [[1, 1000]] as const },
    }
    const compiled = await planOf('SELECT AVG(tip) FROM trips WHERE shared', single)
    expect(choiceOf(compiled, 'products over rows')!.chosen.name).toBe('re-shared by everybody')
    expect(operatorsOf(compiled, 'bit-to-field').map((one) => one.via)).not.toContain('king')
  })

  test('conversions have products too, among five and more', async () => {
    const compiled = await planOf(
      'SELECT SUM(tip) FROM trips WHERE shared',
      paramsOf(1_000_000, 'wan', 5),
    )
    expect(operatorsOf(compiled, 'bit-to-field').map((operator) => operator.via)).toContain('king')
  })
})

test('EXPLAIN prints what was chosen, and what the others would have cost', async () => {
  const compiled = await planOf(
    'SELECT AVG(fare), COUNT(*) FROM trips WHERE fare < tip GROUP BY borough',
    PARAMS,
  )
  const { choices } = compiled.explain
  expect(choices.length).toBeGreaterThan(0)
  const text = explainText(explainQuery(compiled, PARAMS))
  for (const line of choiceLines(choices, PARAMS.network)) expect(text).toContain(line)
  for (const { question, chosen, rejected } of choices) {
    expect(text).toContain(`${question}: ${chosen.name}`)
    for (const { name, seconds } of rejected) {
      expect(text).toContain(`rather than ${name}`)
      expect(seconds).toBeGreaterThanOrEqual(chosen.seconds)
    }
  }
  expect(JSON.stringify(compiled.plan)).not.toContain('rather than')
  expect(choiceLines([], 'lan')).toEqual([])
})
