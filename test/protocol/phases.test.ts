/** Independent operators share rounds, and what bounds that. */
import { describe, expect, test } from 'vitest'

import { messagesBetween, operatorCosts, schedule } from '../../protocol/cost.ts'
import { execute } from '../../protocol/execute.ts'
import type { Message } from '../../protocol/memory-channel.ts'
import type { Operator, Plan, PlanParams } from '../../protocol/plan.ts'
import { liveBytes } from '../../shares/field/memory.ts'

import { idealExecute } from './ideal.ts'
import { settleAll, testCommittee } from './parties.ts'
import { randomCase } from './random-plan.ts'
import { executeAll, paramsFor, plainSource } from './run-plan.ts'

const ROWS = 300
const MEMBER_OF_ROW = Uint32Array.from({ length: ROWS }, (_, row) => row % 40)
const COLUMNS = {
  a: { codes: Array.from({ length: ROWS }, (_, row) => row % 64), values: [] },
  b: { codes: [], values: Array.from({ length: ROWS }, (_, row) => row - 70) },
}
const ref = (op: number, part = 0) => ({ op, part })
const LOAD_A: Operator = {
  kind: 'load-bits',
  dataset: 'trips',
  column: 'a',
  planes: 6,
  validity: false,
}
const LOAD_B: Operator = { kind: 'load-field', dataset: 'trips', column: 'b' }

/** x AND y AND y ... */
const circuitOf = (op: number, depth: number): Extract<Operator, { kind: 'circuit' }> => ({
  kind: 'circuit',
  inputs: [ref(op, 0), ref(op, 1)],
  circuit: {
    inputs: 2,
    gates: Array.from({ length: depth }, (_, k) => [1, k === 0 ? 2 : 3 + k, 3] as const),
    outputs: [3 + depth],
  },
})

/** Everything that came out, so that it is seen. */
function withOutput(operators: readonly Operator[], inputs: readonly number[]): Plan {
  return {
    version: 1,
    operators: [...operators, { kind: 'output', inputs: inputs.map((op) => ref(op)) }],
  }
}

async function runs(n: number, plan: Plan, params: PlanParams): Promise<void> {
  const committee = await testCommittee(n)
  const lanes = await executeAll(committee, plan, params, COLUMNS, MEMBER_OF_ROW)
  expect(lanes).toEqual(idealExecute(plan, params, COLUMNS, MEMBER_OF_ROW))
  const cost = schedule(plan, params)
  for (let from = 1; from <= n; from++) {
    for (let to = 1; to <= n; to++) {
      if (from === to) continue
      expect(committee.network.sent(from, to)).toEqual(messagesBetween(cost, from, to))
    }
  }
}

const oneBatch = (n: number): PlanParams => paramsFor(n, [200, 100], MEMBER_OF_ROW, 2)

describe.each([3, 5, 7])('%i parties', (n) => {
  const t = (n - 1) / 2

  test('two circuits, a count and a conversion take the rounds of the longest', async () => {
    const operators: Operator[] = [
      LOAD_A,
      circuitOf(0, 3),
      circuitOf(0, 7),
      { kind: 'popcount', inputs: [ref(0, 2)], width: 9 },
      { kind: 'bit-to-field', inputs: [ref(0, 4)] },
      { kind: 'bit-to-field', inputs: [ref(3)] },
      { kind: 'total', inputs: [ref(4)] },
    ]
    const plan = withOutput(operators, [5, 6])
    const params = oneBatch(n)
    const cost = schedule(plan, params)
    const each = operatorCosts(cost, 8).map(({ rounds }) => rounds)
    expect(each.slice(1, 3)).toEqual([3, 7])
    expect(each[4]).toBe(t + 1)
    const counting = each[3]!
    expect(counting).toBeGreaterThan(7)
    // Only the last conversion waits for another.
    expect(cost.rounds.length).toBe(counting + t + 1)
    expect(cost.rounds[0]!.map(({ op }) => op)).toEqual([1, 2, 3, 4])
    await runs(n, plan, params)
  })

  test('what runs once starts beside the last batch, and not before', async () => {
    const operators: Operator[] = [
      LOAD_A,
      circuitOf(0, 2),
      { kind: 'bit-to-field', inputs: [ref(1)] },
      { kind: 'total', inputs: [ref(2)] },
      { kind: 'any-row', inputs: [ref(1)] },
      { kind: 'bit-to-field', inputs: [ref(4)] },
      { kind: 'total', inputs: [ref(5)] },
    ]
    const plan = withOutput(operators, [3, 6])
    const params = paramsFor(n, [100, 100, 100], MEMBER_OF_ROW, 1)
    const { first, last, rounds } = operatorCosts(schedule(plan, params), 8)[4]!
    const batch = 2 + t + 1
    expect({ first, rounds }).toEqual({ first: 2 * batch + 2 + 1, rounds: 3 })
    expect(schedule(plan, params).rounds.length).toBe(last + t + 1)
    await runs(n, plan, params)
  })
})

test('operators that together read too much run one after the other', async () => {
  // A plan counts what an operator reads each time that it is named, so one plane will do.
  const many = Array.from({ length: 65_535 }, () => ref(0))
  const wide: Operator = {
    kind: 'circuit',
    inputs: many,
    circuit: { inputs: many.length, gates: [[1, 2, 3]], outputs: [2 + many.length] },
  }
  const narrow: Operator = { ...circuitOf(0, 2), inputs: [ref(0), ref(0)] }
  const rows = 16_512
  const memberOfRow = Uint32Array.from({ length: rows }, (_, row) => row)
  const columns = { a: { codes: Array.from({ length: rows }, (_, row) => row % 2), values: [] } }
  const operators: Operator[] = [
    { kind: 'load-bits', dataset: 'trips', column: 'a', planes: 1, validity: false },
    wide,
    narrow,
    wide,
    { kind: 'bit-to-field', inputs: [ref(1), ref(2), ref(3)] },
    { kind: 'total', inputs: [ref(4, 0), ref(4, 1), ref(4, 2)] },
  ]
  const plan = withOutput(operators, [5])
  const params = paramsFor(3, [rows], memberOfRow)
  const costs = operatorCosts(schedule(plan, params), 7)
  expect(costs.slice(1, 5).map(({ first, last }) => [first, last])).toEqual([
    [1, 1],
    [2, 3],
    [4, 4],
    [5, 6],
  ])
  const committee = await testCommittee(3)
  const lanes = await executeAll(committee, plan, params, columns, memberOfRow)
  expect(lanes).toEqual([BigInt(rows / 2), BigInt(rows / 2), BigInt(rows / 2)])
  expect(committee.network.sent(2, 1)).toEqual(messagesBetween(schedule(plan, params), 2, 1))
})

test('a column is loaded when it is read, once, and given back after its last reader', async () => {
  const operators: Operator[] = [
    LOAD_A,
    LOAD_B,
    circuitOf(0, 2),
    { kind: 'bit-to-field', inputs: [ref(2)] },
    { kind: 'multiply', pairs: [[ref(1), ref(3)]] },
    { kind: 'dot', pairs: [[ref(1), ref(3)]] },
    { kind: 'total', inputs: [ref(4)] },
  ]
  const plan = withOutput(operators, [5, 6])
  const params = oneBatch(3)
  const { parties, network } = await testCommittee(3)
  const seen: string[] = []
  const before = liveBytes()
  await settleAll(parties, network, (party) =>
    execute(party, plan, params, plainSource(party.index, 3, params, COLUMNS, MEMBER_OF_ROW), {
      progress: ({ op, stage }) => party.index === 1 && seen.push(`${op}/${stage}`),
    }),
  )
  expect(seen).toEqual(['0/0', '2/0', '3/0', '1/0', '4/0', '5/0', '5/1', '6/0', '6/1', '7/1'])
  expect(liveBytes()).toBe(before)
})

describe('failures', () => {
  const operators: Operator[] = [
    LOAD_A,
    LOAD_B,
    { kind: 'multiply', pairs: [[ref(1), ref(1)]] },
    circuitOf(0, 6),
    { kind: 'any-row', inputs: [ref(0, 5)] },
    { kind: 'bit-to-field', inputs: [ref(3)] },
    { kind: 'total', inputs: [ref(2)] },
    { kind: 'dot', pairs: [[ref(2), ref(5)]] },
  ]
  const plan = withOutput(operators, [6, 7])
  const params = oneBatch(3)

  test('one operator finds fault with a message: the others end too, and nothing is left behind', async () => {
    const spoil = (message: Message): Message => {
      const { from, to, tag, payload } = message
      if (from !== 2 || to !== 1 || tag.op !== 2) return message
      const spoilt = payload.slice()
      spoilt.fill(0xff, 0, 8)
      return { ...message, payload: spoilt }
    }
    const { parties, network } = await testCommittee(3, 0, spoil)
    const before = liveBytes()
    const ends = await settleAll(parties, network, (party) =>
      execute(party, plan, params, plainSource(party.index, 3, params, COLUMNS, MEMBER_OF_ROW)),
    )
    expect(ends[0]).toMatchObject({ reason: { code: 'SH_ROUND_CANONICAL', party: '2' } })
    expect(ends[2]).toMatchObject({ reason: { code: 'SH_ROUND_PEER_GONE' } })
    expect(liveBytes()).toBe(before)
  })

  test('a column does not come, while another is under way: that one is waited for', async () => {
    const { parties } = await testCommittee(3)
    const source = plainSource(1, 3, params, COLUMNS, MEMBER_OF_ROW)
    const before = liveBytes()
    const events: string[] = []
    const running = execute(parties[0]!, plan, params, {
      ...source,
      field: () => Promise.reject(new Error('no such column')),
      bits: async (...call) => {
        for (let k = 0; k < 30; k++) await Promise.resolve()
        events.push('loaded')
        return source.bits(...call)
      },
    })
    await expect(running).rejects.toThrow('no such column')
    expect(events).toEqual(['loaded'])
    expect(liveBytes()).toBe(before)
  })
})

test('random plans: never more rounds than one after the other, and often fewer', () => {
  let fewer = 0
  for (let seed = 0; seed < 40; seed++) {
    const { plan, params } = randomCase(3, seed, true)
    const cost = schedule(plan, params)
    const each = operatorCosts(cost, plan.operators.length).map(({ rounds }) => rounds)
    const sum = each.reduce((total, rounds) => total + rounds, 0)
    expect(cost.rounds.length).toBeLessThanOrEqual(sum)
    expect(cost.rounds.length).toBeGreaterThanOrEqual(Math.max(...each))
    const tags = cost.rounds.map(([first]) => `${first!.op}/${first!.batch}/${first!.step}`)
    expect(new Set(tags).size).toBe(tags.length)
    if (cost.rounds.length < sum) fewer++
  }
  expect(fewer).toBeGreaterThan(20)
})
