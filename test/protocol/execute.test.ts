import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  bytesSent,
  messagesBetween,
  roundsOfParties,
  schedule,
  trafficOf,
} from '../../protocol/cost.ts'
import {
  type ColumnSource,
  execute,
  type ExecuteHooks,
  type Progress,
} from '../../protocol/execute.ts'
import type { Operator, Plan, PlanParams } from '../../protocol/plan.ts'
import { validatePlan } from '../../protocol/validate-plan.ts'
import { liveBytes } from '../../shares/field/memory.ts'
import { asShamirShare } from '../../shares/shamir.ts'

import { idealExecute } from './ideal.ts'
import { testCommittee } from './parties.ts'
import { randomCase } from './random-plan.ts'
import { executeAll, paramsFor, plainSource } from './run-plan.ts'

describe.each([3, 5, 7])('%i parties', (n) => {
  test('random plans give the ideal output and send exactly what the cost formulas say', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const made = randomCase(n, seed, true)
        const { plan, params, columns, memberOfRow, joined, beside } = made
        const committee = await testCommittee(n, seed)
        const before = liveBytes()
        const seen = newSeen()
        const hooks = seen.hooks
        const lanes = await executeAll(
          committee,
          plan,
          params,
          columns,
          memberOfRow,
          hooks,
          joined,
          beside,
        )
        expect(liveBytes()).toBe(before)
        expect(lanes).toEqual(idealExecute(plan, params, columns, memberOfRow, joined, beside))
        const cost = schedule(plan, params)
        // What EXPLAIN ANALYZE compares and measures.
        const rounds = roundsOfParties(cost).reduce((sum, own) => sum + own, 0)
        expect(seen.rounds).toEqual({ begins: rounds, ends: rounds })
        expect(seen.ended).toEqual(seen.started)
        for (let from = 1; from <= n; from++) {
          for (let to = 1; to <= n; to++) {
            if (from === to) continue
            expect(committee.network.sent(from, to)).toEqual(messagesBetween(cost, from, to))
          }
        }
      }),
      { numRuns: n === 3 ? 30 : n === 5 ? 14 : 8 },
    )
  }, 120_000)
})

/** What the hooks tell of all parties. */
function newSeen() {
  const started = new Map<string, number>()
  const ended = new Map<string, number>()
  const rounds = { begins: 0, ends: 0 }
  const note = (where: Map<string, number>, { op, stage }: Progress): void => {
    const key = `${op} ${stage}`
    where.set(key, (where.get(key) ?? 0) + 1)
  }
  const sorted = (of: Map<string, number>) => [...of].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const hooks: ExecuteHooks = {
    progress: (at) => note(started, at),
    ended: (at) => note(ended, at),
    round: (when) => void rounds[when]++,
  }
  return {
    hooks,
    rounds,
    get started() {
      return sorted(started)
    },
    get ended() {
      return sorted(ended)
    },
  }
}

/** A small table: 3 batches of up to 2 chunks, 40 members. */
const CHUNKS = [100, 3, 90, 20, 7]
const MEMBER_OF_ROW = Uint32Array.from({ length: 220 }, (_, row) => (row * 7) % 40)
const COLUMNS = {
  fare: {
    codes: Array.from({ length: 220 }, (_, row) => (row % 9 === 0 ? null : row % 64)),
    values: Array.from({ length: 220 }, (_, row) => (row % 9 === 0 ? null : row - 100)),
  },
}
const LOADS: Operator[] = [
  { kind: 'load-bits', dataset: 'trips', column: 'fare', planes: 6, validity: true },
  { kind: 'load-field', dataset: 'trips', column: 'fare' },
]

const planOf = (...operators: Operator[]): Plan => ({
  version: 1,
  operators: [...LOADS, ...operators],
})
const ref = (op: number, part = 0) => ({ op, part })
const TOTAL: Operator = { kind: 'total', inputs: [ref(1)] }

describe('costs of single operators at n=3, as the papers count them', () => {
  const cost = (n: number, ...operators: Operator[]) =>
    schedule(
      planOf(...operators, TOTAL, { kind: 'output', inputs: [ref(2 + operators.length)] }),
      paramsFor(n, CHUNKS, MEMBER_OF_ROW),
    )
  const elements = (n: number, ...operators: Operator[]): number =>
    bytesSent(cost(n, ...operators)).reduce((sum, bytes) => sum + bytes, 0) / 8 / 220

  test.each([
    [3, 3, 2],
    [5, 20, 3],
    [7, 63, 4],
  ])('bit to field, %i parties: %i elements in all, %i rounds a batch', (n, total, rounds) => {
    const toField: Operator = { kind: 'bit-to-field', inputs: [ref(0)] }
    expect(elements(n, toField)).toBe(total)
    expect(cost(n, toField).rounds).toHaveLength(3 * rounds)
  })

  test.each([3, 5, 7])('a product: t elements per party, 1 round (n=%i)', (n) => {
    const multiply: Operator = { kind: 'multiply', pairs: [[ref(1), ref(1)]] }
    expect(elements(n, multiply)).toBe((n * (n - 1)) / 2)
    expect(cost(n, multiply)).toMatchObject({ fieldMultiplications: 220, andGates: 0 })
    expect(cost(n, multiply).rounds).toHaveLength(3)
  })

  test.each([
    [5, 16, 4],
    [7, 39, 6],
  ])('bit to field by kings, %i parties: %i elements in all, %i rounds', (n, total, rounds) => {
    const toField: Operator = { kind: 'bit-to-field', inputs: [ref(0)], via: 'king' }
    expect(elements(n, toField)).toBe(total)
    expect(cost(n, toField).rounds).toHaveLength(3 * rounds)
  })

  test.each([5, 7])('a product through a king: 3t elements in all, 2 rounds (n=%i)', (n) => {
    const multiply: Operator = { kind: 'multiply', pairs: [[ref(1), ref(1)]], via: 'king' }
    const { t } = paramsFor(n, CHUNKS, MEMBER_OF_ROW).committee
    expect(elements(n, multiply)).toBe(3 * t)
    expect(cost(n, multiply)).toMatchObject({ fieldMultiplications: 220, andGates: 0 })
    expect(cost(n, multiply).rounds).toHaveLength(3 * 2)
    // No party sends much more than another: in each batch at most one lane more to each.
    const sent = bytesSent(cost(n, multiply))
    expect(Math.max(...sent) - Math.min(...sent)).toBeLessThanOrEqual(3 * 8 * t)
  })

  test.each([
    [3, 0, 2],
    [3, 2, 4],
    [5, 2, 5],
  ])('a count, %i parties: %i rounds of adders, %i rounds', (n, addingRounds, rounds) => {
    const count: Operator = { kind: 'count', inputs: [ref(0)], addingRounds }
    const { andGates } = cost(n, count)
    expect(cost(n, count).rounds).toHaveLength(rounds)
    // 5 blocks of 128 lanes: the adders take 1 and 1 of them away.
    expect(andGates).toBe(addingRounds === 0 ? 0 : 2 * 128)
    const converted = addingRounds === 0 ? 5 * 128 : 3 * 128
    const bytes = bytesSent(cost(n, count)).reduce((sum, sent) => sum + sent, 0)
    const ofAdders = (n * ((n - 1) / 2) * andGates) / 8
    expect(bytes).toBe(ofAdders + 8 * converted * (n === 3 ? 3 : 20))
  })

  test('public numbers cost nothing, and take no columns', () => {
    const plan: Plan = {
      version: 1,
      operators: [
        { kind: 'constant', lanes: ['5', '-1', '0'] },
        { kind: 'output', inputs: [ref(0)] },
      ],
    }
    const params = paramsFor(3, CHUNKS, MEMBER_OF_ROW)
    expect(schedule(plan, params)).toMatchObject({ rounds: [], andGates: 0 })
    expect(validatePlan(plan, params)[0]).toEqual({
      domain: 'slots',
      type: 'field',
      parts: 1,
      lanes: 3,
    })
  })

  test.each([3, 5, 7])('an AND: t bits per party and lane, padding included (n=%i)', (n) => {
    const circuit: Operator = {
      kind: 'circuit',
      inputs: [ref(0, 0), ref(0, 1)],
      circuit: { inputs: 2, gates: [[1, 2, 3]], outputs: [4] },
    }
    const padded = CHUNKS.reduce((sum, chunk) => sum + Math.ceil(chunk / 128) * 16, 0)
    expect(bytesSent(cost(n, circuit))).toEqual(
      Array.from({ length: n }, () => (padded * (n - 1)) / 2),
    )
    expect(cost(n, circuit)).toMatchObject({ fieldMultiplications: 0, andGates: 220 })
  })

  test('an inner product over all rows: one element a lane, once', () => {
    const dot: Operator = {
      kind: 'dot',
      pairs: [
        [ref(1), ref(1)],
        [ref(1), ref(1)],
      ],
    }
    expect(cost(3, dot).rounds).toEqual([
      [{ op: 2, batch: 0, step: 0, dealers: [1, 2, 3], bytes: 16 }],
    ])
  })

  test('traffic of pairs adds up to what parties send', () => {
    const { plan, params } = randomCase(5, 11)
    const all = schedule(plan, params)
    const traffic = trafficOf(all)
    bytesSent(all).forEach((bytes, k) => {
      const sent = traffic.filter(({ from }) => from === k + 1)
      expect(sent.reduce((sum, pair) => sum + pair.bytes, 0)).toBe(bytes)
    })
    // Kings hear from everybody, some openings are to all; else a party sends to two.
    const toAll = all.rounds.flat().some((round) => 'kings' in round || 'to' in round)
    expect(traffic.length).toBe(toAll ? 20 : 10)
  })
})

describe('execute', () => {
  test('public numbers come out as they are', async () => {
    const plan: Plan = {
      version: 1,
      operators: [
        { kind: 'constant', lanes: ['5', '-1', '0'] },
        { kind: 'output', inputs: [ref(0)] },
      ],
    }
    const params = paramsFor(3, CHUNKS, MEMBER_OF_ROW)
    const committee = await testCommittee(3)
    const lanes = await executeAll(committee, plan, params, COLUMNS, MEMBER_OF_ROW)
    expect(lanes).toEqual([5n, 2n ** 61n - 2n, 0n])
  })

  test('a SUM with a filter, by hand', async () => {
    const plan = planOf(
      { kind: 'bit-to-field', inputs: [ref(0, 3), ref(0, 6)] },
      {
        kind: 'dot',
        pairs: [
          [ref(1), ref(2, 0)],
          [ref(2, 0), ref(2, 1)],
        ],
      },
      { kind: 'output', inputs: [ref(3)] },
    )
    const params = paramsFor(3, CHUNKS, MEMBER_OF_ROW)
    const lanes = await executeAll(await testCommittee(3), plan, params, COLUMNS, MEMBER_OF_ROW)
    const rows = Array.from({ length: 220 }, (_, row) => row)
    const passing = rows.filter((row) => row % 9 !== 0 && ((row % 64) & 8) !== 0)
    const sum = passing.reduce((total, row) => total + row - 100, 0)
    expect(lanes).toEqual([BigInt(sum), BigInt(passing.length)])
  })

  test('progress is told before each operator that is needed, batch after batch', async () => {
    const plan = planOf(TOTAL, { kind: 'output', inputs: [ref(2)] })
    const params = paramsFor(3, CHUNKS, MEMBER_OF_ROW)
    const { parties } = await testCommittee(3)
    const seen: string[] = []
    await execute(parties[0]!, plan, params, plainSource(1, 3, params, COLUMNS, MEMBER_OF_ROW), {
      progress: ({ op, stage }) => seen.push(`${op}/${stage}`),
    })
    // Nobody reads operator 0.
    const batches = [0, 1, 2].flatMap((batch) => [1, 2].map((op) => `${op}/${batch}`))
    expect(seen).toEqual([...batches, '2/3', '3/3'])
  })

  test.each([3, 5])(
    'a table of many blocks: counting and choosing cost what the formulas say (n=%i)',
    async (n) => {
      const rows = 9000
      const memberOfRow = Uint32Array.from({ length: rows }, (_, row) => row % 8700)
      const columns = {
        fare: { codes: Array.from({ length: rows }, (_, row) => row % 3), values: [] },
      }
      const plan: Plan = {
        version: 1,
        operators: [
          LOADS[0]!,
          { kind: 'any-row', inputs: [ref(0, 0)] },
          { kind: 'popcount', inputs: [ref(1)], width: 14 },
          { kind: 'popcount', inputs: [ref(0, 0), ref(0, 6)], width: 15 },
          {
            kind: 'extreme',
            choices: [
              { planes: [ref(0, 0), ref(0, 1)], among: ref(0, 6), largest: true },
              { planes: [ref(0, 1)], among: ref(0, 0), largest: false },
            ],
          },
          { kind: 'extreme', choices: [{ planes: [ref(1)], among: ref(1), largest: false }] },
          {
            kind: 'select',
            choices: [
              { planes: [ref(0, 0), ref(0, 1)], among: ref(0, 6), times: 2, plus: 2, over: 3 },
            ],
            digit: 1,
            addingRounds: 5,
          },
          { kind: 'bit-to-field', inputs: [ref(2, 0), ref(2, 12)] },
          { kind: 'bit-to-field', inputs: [ref(3, 3), ref(3, 13)] },
          { kind: 'bit-to-field', inputs: [ref(4, 0), ref(4, 1)] },
          { kind: 'bit-to-field', inputs: [ref(5, 0), ref(6, 0), ref(6, 1)] },
          {
            kind: 'output',
            inputs: [7, 7, 8, 8, 9, 9, 10, 10, 10].map((op, k) => ref(op, k < 8 ? k % 2 : 2)),
          },
        ],
      }
      const params = paramsFor(n, [5000, 4000], memberOfRow)
      const committee = await testCommittee(n)
      const lanes = await executeAll(committee, plan, params, columns, memberOfRow)
      expect(lanes).toEqual(idealExecute(plan, params, columns, memberOfRow))
      const cost = schedule(plan, params)
      for (let to = 2; to <= n; to++) {
        expect(committee.network.sent(1, to)).toEqual(messagesBetween(cost, 1, to))
      }
    },
  )

  test('an empty table counts nobody', async () => {
    const plan = planOf(
      { kind: 'any-row', inputs: [ref(0, 0)] },
      { kind: 'popcount', inputs: [ref(2)], width: 3 },
      { kind: 'bit-to-field', inputs: [ref(3)] },
      TOTAL,
      { kind: 'output', inputs: [ref(4), ref(5)] },
    )
    const params = paramsFor(3, [], new Uint32Array(0))
    const lanes = await executeAll(
      await testCommittee(3),
      plan,
      params,
      COLUMNS,
      new Uint32Array(0),
    )
    expect(lanes).toEqual([0n, 0n])
  })

  test('a source that breaks its contract is refused', async () => {
    const plan = planOf(
      { kind: 'any-row', inputs: [ref(0)] },
      { kind: 'bit-to-field', inputs: [ref(2)] },
      { kind: 'total', inputs: [ref(1)] },
      { kind: 'total', inputs: [ref(3)] },
      { kind: 'output', inputs: [ref(4), ref(5)] },
    )
    const params = paramsFor(3, CHUNKS, MEMBER_OF_ROW)
    const { parties } = await testCommittee(3)
    const source = plainSource(1, 3, params, COLUMNS, MEMBER_OF_ROW)
    const refusal = { code: 'SH_PROTOCOL_COLUMN' }
    const run = (broken: Partial<ColumnSource>) =>
      execute(parties[0]!, plan, params, { ...source, ...broken })
    await expect(run({ memberOfRow: new Uint32Array(219) })).rejects.toMatchObject(refusal)
    await expect(
      run({ bits: async (...call) => (await source.bits(...call)).slice(1) }),
    ).rejects.toMatchObject(refusal)
    await expect(
      run({ field: async (_column, _batch, arena) => asShamirShare(arena.elements(7)) }),
    ).rejects.toMatchObject(refusal)
  })

  test('a plan for another committee is refused', async () => {
    const plan = planOf(TOTAL, { kind: 'output', inputs: [ref(2)] })
    const params = paramsFor(5, CHUNKS, MEMBER_OF_ROW)
    const { parties } = await testCommittee(3)
    const source = plainSource(1, 3, params, COLUMNS, MEMBER_OF_ROW)
    await expect(execute(parties[0]!, plan, params, source)).rejects.toMatchObject({
      code: 'SH_PLAN_INVALID',
    })
  })
})

describe('validatePlan', () => {
  const params = paramsFor(3, CHUNKS, MEMBER_OF_ROW)
  const circuit = { inputs: 1, gates: [], outputs: [2] }
  const good: Operator[] = [
    ...LOADS,
    { kind: 'any-row', inputs: [ref(0)] },
    { kind: 'popcount', inputs: [ref(2)], width: 6 },
    { kind: 'bit-to-field', inputs: [ref(3)] },
    { kind: 'output', inputs: [ref(4)] },
  ]
  const refuses = (operators: Operator[], changed: PlanParams = params): void => {
    expect(() => validatePlan({ version: 1, operators }, changed)).toThrow(
      expect.objectContaining({ code: 'SH_PLAN_INVALID' }),
    )
  }

  test('a good plan has the shapes that the contract states', () => {
    expect(validatePlan({ version: 1, operators: good }, params)).toEqual([
      { domain: 'rows', type: 'bits', parts: 7, lanes: 220 },
      { domain: 'rows', type: 'field', parts: 1, lanes: 220 },
      { domain: 'members', type: 'bits', parts: 1, lanes: 40 },
      { domain: 'slots', type: 'bits', parts: 6, lanes: 1 },
      { domain: 'slots', type: 'field', parts: 1, lanes: 1 },
      { domain: 'slots', type: 'field', parts: 1, lanes: 1 },
    ])
  })

  const output: Operator = { kind: 'output', inputs: [ref(3)] }
  const COMBINE = { kind: 'combine', inputs: [ref(1)], coefficients: ['2'] } as const
  const CHOICE = { planes: [ref(0, 0), ref(0, 1)], among: ref(0, 6) }
  const extreme = (changed: Partial<typeof CHOICE>): Operator => ({
    kind: 'extreme',
    choices: [{ ...CHOICE, largest: true, ...changed }],
  })
  const select = (rank: object, tuning: object = {}): Operator => ({
    kind: 'select',
    choices: [{ ...CHOICE, times: 1, plus: 1, over: 2, ...rank }],
    digit: 2,
    addingRounds: 3,
    ...tuning,
  })

  test('computed rows: differences, comparisons and choices have their shapes', () => {
    const operators: Operator[] = [
      ...LOADS,
      { ...COMBINE, constant: '-7' },
      { kind: 'less-than-zero', inputs: [ref(2), ref(1)] },
      { kind: 'equals-zero', inputs: [ref(2)] },
      { kind: 'extreme', choices: [{ ...CHOICE, largest: false }] },
      select({}),
      { kind: 'bit-to-field', inputs: [ref(5), ref(6)] },
      { kind: 'output', inputs: [ref(7)] },
    ]
    expect(validatePlan({ version: 1, operators }, params).slice(2, 7)).toEqual([
      { domain: 'rows', type: 'field', parts: 1, lanes: 220 },
      { domain: 'rows', type: 'bits', parts: 2, lanes: 220 },
      { domain: 'rows', type: 'bits', parts: 1, lanes: 220 },
      { domain: 'slots', type: 'bits', parts: 2, lanes: 1 },
      { domain: 'slots', type: 'bits', parts: 2, lanes: 1 },
    ])
  })

  const bad: [string, Operator[]][] = [
    ['no operator', []],
    ['no output', good.slice(0, -1)],
    ['two outputs', [...good, { kind: 'output', inputs: [ref(4)] }]],
    ['a forward reference', [...LOADS, { kind: 'total', inputs: [ref(2)] }, output]],
    ['a missing part', [...LOADS, { kind: 'any-row', inputs: [ref(0, 7)] }, output]],
    ['a fractional part', [...LOADS, { kind: 'any-row', inputs: [ref(0, 0.5)] }, output]],
    ['no inputs', [...LOADS, { kind: 'total', inputs: [] }, output]],
    ['another dataset', [{ ...LOADS[0]!, dataset: 'x' } as Operator, ...good.slice(1)]],
    ['too many planes', [{ ...LOADS[0]!, planes: 65 } as Operator, ...good.slice(1)]],
    ['bits where field is due', [...LOADS, { kind: 'total', inputs: [ref(0)] }, output]],
    ['field where bits are due', [...LOADS, { kind: 'any-row', inputs: [ref(1)] }, output]],
    [
      'two domains',
      [...good.slice(0, 4), { kind: 'circuit', inputs: [ref(0), ref(2)], circuit }, output],
    ],
    [
      'another number of circuit inputs',
      [...LOADS, { kind: 'circuit', inputs: [ref(0), ref(0)], circuit }, output],
    ],
    [
      'a narrow count',
      [...good.slice(0, 3), { kind: 'popcount', inputs: [ref(2)], width: 5 }, ...good.slice(4)],
    ],
    [
      'a count of slots',
      [...good.slice(0, 4), { kind: 'popcount', inputs: [ref(3)], width: 6 }, output],
    ],
    [
      'a missing coefficient',
      [...good.slice(0, 5), { kind: 'combine', inputs: [ref(4)], coefficients: [] }, output],
    ],
    [
      'a coefficient that is no number',
      [...good.slice(0, 5), { kind: 'combine', inputs: [ref(4)], coefficients: ['1e9'] }, output],
    ],
    [
      'a lane that is not there',
      [...good.slice(0, 5), { kind: 'gather', lanes: [{ from: ref(4), lane: 1 }] }, output],
    ],
    [
      'a pick of a lane that is not there',
      [...good.slice(0, 5), { kind: 'pick', inputs: [ref(4)], lanes: [0, 1] }, output],
    ],
    [
      'a pick of rows',
      [...good.slice(0, 5), { kind: 'pick', inputs: [ref(2)], lanes: [0] }, output],
    ],
    ['rows in the output', [...LOADS, { kind: 'output', inputs: [ref(1)] }]],
  ]
  test.each(bad)('%s is refused', (_name, operators) => refuses(operators))

  const badChoices: [string, Operator[]][] = [
    ['a constant that is no number', [...LOADS, { ...COMBINE, constant: '0x1' }, output]],
    ['a comparison of bits', [...LOADS, { kind: 'less-than-zero', inputs: [ref(0)] }, output]],
    ['no choices', [...LOADS, { kind: 'extreme', choices: [] }, output]],
    ['a choice without planes', [...LOADS, extreme({ planes: [] }), output]],
    ['a choice from field', [...LOADS, extreme({ planes: [ref(1)] }), output]],
    ['a choice among another domain', [...good.slice(0, 3), extreme({ among: ref(2) }), output]],
    [
      'a rank among slots',
      [...good.slice(0, 4), select({ planes: [ref(3)], among: ref(3) }), output],
    ],
    ['too many bits at a time', [...LOADS, select({}, { digit: 5 }), output]],
    ['no bits at a time', [...LOADS, select({}, { digit: 0 }), output]],
    ['too many rounds of adding', [...LOADS, select({}, { addingRounds: 65 }), output]],
    ['a count of field', [...LOADS, { kind: 'count', inputs: [ref(1)], addingRounds: 0 }, output]],
    [
      'a count with too many rounds of adding',
      [...LOADS, { kind: 'count', inputs: [ref(0)], addingRounds: 65 }, output],
    ],
    ['no constants', [...LOADS, { kind: 'constant', lanes: [] }, output]],
    ['a constant that is no integer', [...LOADS, { kind: 'constant', lanes: ['1e3'] }, output]],
    [
      'a king among three',
      [...LOADS, { kind: 'bit-to-field', inputs: [ref(0)], via: 'king' }, output],
    ],
    [
      'a product of three through a king',
      [...LOADS, { kind: 'multiply', pairs: [[ref(1), ref(1)]], via: 'king' }, output],
    ],
    ['a rank over 0', [...LOADS, select({ over: 0 }), output]],
    ['a negative rank', [...LOADS, select({ plus: -1 }), output]],
    ['a rank that overflows the field', [...LOADS, select({ times: 2 ** 52 + 2 ** 50 }), output]],
  ]
  test.each(badChoices)('%s is refused, not what comes after', (_name, operators) => {
    const kind = operators.at(-2)?.kind
    expect(() => validatePlan({ version: 1, operators }, params)).toThrow(`(${kind})`)
    refuses(operators)
  })

  const { dataset } = params
  const badParams: [string, PlanParams][] = [
    ['four parties', { ...params, committee: { n: 4, t: 1 } }],
    ['another threshold', { ...params, committee: { n: 5, t: 1 } }],
    ['no chunks in flight', { ...params, chunksInFlight: 0 }],
    ['too many chunks in flight', { ...params, chunksInFlight: 257 }],
    ['version 0', { ...params, dataset: { ...dataset, version: 0 } }],
    ['an empty chunk', { ...params, dataset: { ...dataset, chunks: [...CHUNKS, 0] } }],
    ['a long chunk', { ...params, dataset: { ...dataset, chunks: [65_537] } }],
    ['rows without members', { ...params, dataset: { ...dataset, rowsPerMember: [] } }],
    [
      'unsorted classes',
      {
        ...params,
        dataset: {
          ...dataset,
          rowsPerMember: [
            [6, 20],
            [5, 20],
          ],
        },
      },
    ],
    [
      'a class without members',
      {
        ...params,
        dataset: {
          ...dataset,
          rowsPerMember: [
            [1, 220],
            [2, 0],
          ],
        },
      },
    ],
  ]
  test.each(badParams)('%s is refused', (_name, changed) => refuses(good, changed))
})
