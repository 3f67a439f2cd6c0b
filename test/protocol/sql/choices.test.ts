/** Which way the planner goes, where there are several, and what it says of the others. */
import { describe, expect, test, vi } from 'vitest'

import { circuitStats } from '../../../protocol/circuit.ts'
import { bytesSent, schedule } from '../../../protocol/cost.ts'
import type { Operator, Plan, PlanParams } from '../../../protocol/plan.ts'
import { choiceLines, choose } from '../../../protocol/sql/choices.ts'
import type { Choice } from '../../../protocol/sql/choices.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { explainText } from '../../../protocol/sql/explain.ts'
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
  const plan = (pairs: number): Plan => ({
    version: 1,
    operators: [
      { kind: 'load-field', dataset: 'trips', column: 'tip' },
      {
        kind: 'multiply',
        pairs: Array.from({ length: pairs }, () => [
          { op: 0, part: 0 },
          { op: 0, part: 0 },
        ]),
      },
      { kind: 'total', inputs: [{ op: 1, part: 0 }] },
      { kind: 'output', inputs: [{ op: 2, part: 0 }] },
    ],
  })
  const candidate = (name: string, pairs: number, localSeconds = 0) => ({
    name,
    value: name,
    plan: plan(pairs),
    localSeconds,
  })

  test('takes the lowest estimate, and the others from the cheapest on', () => {
    const all = [candidate('three', 3), candidate('one', 1), candidate('two', 2)]
    const { value, choice } = choose('how many', all, PARAMS)
    expect(value).toBe('one')
    expect(choice!.chosen.name).toBe('one')
    expect(choice!.rejected.map(({ name }) => name)).toEqual(['two', 'three'])
    for (const { name, rounds, bytes, seconds } of [choice!.chosen, ...choice!.rejected]) {
      const cost = schedule(all.find((one) => one.name === name)!.plan, PARAMS)
      expect(rounds).toBe(cost.rounds.length)
      expect(bytes).toBe(Math.max(...bytesSent(cost)))
      expect(seconds).toBe(networkSeconds(cost, PARAMS.network))
    }
  })

  test('the first of equals; what costs the same is not told', () => {
    const { value, choice } = choose('which', [candidate('a', 2), candidate('b', 2)], PARAMS)
    expect(value).toBe('a')
    expect(choice).toBeUndefined()
    expect(choose('which', [candidate('alone', 2)], PARAMS)).toEqual({ value: 'alone' })
    expect(() => choose('which', [], PARAMS)).toThrow(RangeError)
  })

  test('computing counts too', () => {
    const all = [candidate('slow', 1, 1), candidate('long', 2)]
    expect(choose('which', all, PARAMS).value).toBe('long')
  })
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
    fieldMultiplications: 0,
    andGates: 0,
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

describe('sums and counts', () => {
  test('the count of all rows is free where the sum is taken over all rows, NULLs as 0', async () => {
    const compiled = await planOf('SELECT SUM(fare), COUNT(*) FROM trips WHERE shared', PARAMS)
    expect(operatorsOf(compiled, 'bit-to-field')[0]!.inputs).toHaveLength(1)
    expect(operatorsOf(compiled, 'popcount')).toHaveLength(1)
    expect(choiceOf(compiled, 'sums and counts')!.chosen.name).toBe(
      'sums over all rows of the group',
    )
  })

  test('the count of contributing rows is free where the sum is taken over them', async () => {
    const compiled = await planOf('SELECT AVG(fare) FROM trips WHERE shared', PARAMS)
    expect(operatorsOf(compiled, 'bit-to-field')[0]!.inputs).toHaveLength(1)
    expect(operatorsOf(compiled, 'popcount')).toHaveLength(1)
    expect(choiceOf(compiled, 'sums and counts')!.chosen.name).toBe(
      'sums over the rows that contribute',
    )
  })

  test('a sum over the whole table is local, even of a column with NULLs', async () => {
    const compiled = await planOf('SELECT SUM(fare) FROM trips', PARAMS)
    expect(operatorsOf(compiled, 'dot')).toHaveLength(0)
    expect(operatorsOf(compiled, 'bit-to-field').every(({ inputs }) => inputs.length === 1)).toBe(
      true,
    )
  })
})

test('EXPLAIN prints what was chosen, and what the others would have cost', async () => {
  const compiled = await planOf(
    'SELECT AVG(fare), COUNT(*) FROM trips WHERE fare < tip GROUP BY borough',
    PARAMS,
  )
  const { choices } = compiled.explain
  expect(choices.length).toBeGreaterThan(0)
  const text = explainText(compiled, PARAMS)
  for (const line of choiceLines(choices)) expect(text).toContain(line)
  for (const { question, chosen, rejected } of choices) {
    expect(text).toContain(`${question}: ${chosen.name}`)
    for (const { name, seconds } of rejected) {
      expect(text).toContain(`rather than ${name}`)
      expect(seconds).toBeGreaterThanOrEqual(chosen.seconds)
    }
  }
  expect(JSON.stringify(compiled.plan)).not.toContain('rather than')
  expect(choiceLines([])).toEqual([])
})
