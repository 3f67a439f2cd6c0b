/** Queries with answers worked out by hand, and what a plan looks like: what it loads, converts and opens. */
import { describe, expect, test, vi } from 'vitest'

import { canonicalJson } from '../../../protocol/canonical-json.ts'
import { schedule } from '../../../protocol/cost.ts'
import type { Operator, PlanParams } from '../../../protocol/plan.ts'
import type { Cell } from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import type { CompiledQuery } from '../../../protocol/sql/compile.ts'
import { explainText } from '../../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../../protocol/sql/explain.ts'
import { validatePlan } from '../../../protocol/validate-plan.ts'
import type { Schema } from '../../../shares/schema.ts'
import { hash } from '../../shares/noble.ts'
import { idealExecute } from '../ideal.ts'

import { plainColumns } from './random-table.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const SCHEMA: Schema = {
  dataset: 'trips',
  member: 'rider',
  kMin: 2,
  purposes: ['test'],
  columns: [
    { name: 'fare', type: 'decimal', nullable: true, precision: 5, scale: 2, min: '-5', max: '50' },
    { name: 'tip', type: 'decimal', nullable: false, precision: 4, scale: 1, min: '0', max: '20' },
    { name: 'seats', type: 'integer', nullable: false, min: 1, max: 6 },
    { name: 'zone', type: 'text', nullable: true, dictionary: ['Bronx', 'Brooklyn', 'Queens'] },
    { name: 'shared', type: 'boolean', nullable: true },
    { name: 'day', type: 'date', nullable: false, min: '2019-03-01', max: '2019-03-31' },
    {
      name: 'start',
      type: 'timestamp',
      nullable: false,
      resolutionSeconds: 60,
      min: '2019-03-01 00:00:00',
      max: '2019-03-31 23:59:00',
    },
  ],
}

// rider, fare, tip, seats, zone, shared, day, start
const ROWS: readonly (readonly [number, ...(string | null)[]])[] = [
  [0, '7.50', '1.0', '1', 'Bronx', 't', '2019-03-01', '2019-03-01 08:00:00'],
  [0, '7.51', '2.0', '2', 'Brooklyn', 'f', '2019-03-02', '2019-03-02 08:30:00'],
  [1, '-5.00', '0.5', '3', 'Bronx', null, '2019-03-03', '2019-03-03 09:00:00'],
  [1, null, '20.0', '4', 'Queens', 't', '2019-03-04', '2019-03-03 23:59:00'],
  [2, '50.00', '0.0', '1', null, 'f', '2019-03-31', '2019-03-31 23:59:00'],
  [3, '10.00', '10.0', '6', null, 't', '2019-03-10', '2019-03-10 00:00:00'],
  [3, '20.00', '3.5', '2', 'Brooklyn', null, '2019-03-11', '2019-03-11 12:00:00'],
]

const SIZES: PlanParams = {
  committee: { n: 3, t: 1 },
  security: 'passive',
  dataset: {
    name: 'trips',
    version: 4,
    chunks: [4, 3],
    rowsPerMember: [
      [1, 1],
      [2, 3],
    ],
  },
  chunksInFlight: 1,
  network: 'loopback',
}

/** Cells as texts: NULL and suppressed by name. */
async function ask(sql: string, kMin = 2): Promise<string[][]> {
  const schema = { ...SCHEMA, kMin }
  const memberOfRow = Uint32Array.from(ROWS, ([rider]) => rider)
  const rows = ROWS.map(([, ...cells]) => cells)
  const { plan, answer } = await compile(sql, schema, SIZES)
  const columns = plainColumns({ schema, rows })
  const result = evaluateAnswer(answer, idealExecute(plan, SIZES, columns, memberOfRow))
  return result.rows.map((cells) => cells.map(shown))
}

function shown(cell: Cell): string {
  return 'text' in cell ? cell.text : 'null' in cell ? 'NULL' : '*'
}

const ANSWERS: readonly (readonly [
  sql: string,
  rows: readonly (readonly string[])[],
  kMin?: number,
])[] = [
  [
    'SELECT COUNT(*), COUNT(fare), SUM(fare), AVG(fare) FROM trips',
    [['7', '6', '90.01', '15.0016666666666667']],
  ],
  ['SELECT COUNT(*) WHERE trips.fare < 7.505', [['2']]],
  ['SELECT COUNT(*) FROM trips WHERE 7.505 <= fare', [['4']]],
  ['SELECT COUNT(*) FROM trips WHERE fare < 1000 OR fare IS NULL', [['7']]],
  ['SELECT COUNT(*) FROM trips WHERE fare > -1000 AND fare <> 0.001', [['6']]],
  ["SELECT COUNT(*) FROM trips WHERE NOT (zone = 'Nowhere')", [['5']]],
  ["SELECT COUNT(*) FROM trips WHERE zone IN ('Queens', 'Nowhere', NULL)", [['1']], 1],
  ["SELECT COUNT(*) FROM trips WHERE zone NOT IN ('Queens', NULL)", [['*']], 1],
  ["SELECT COUNT(*) FROM trips WHERE zone LIKE 'Br%' AND zone >= 'Brooklyn'", [['2']]],
  ["SELECT SUM(tip) FROM trips WHERE zone ILIKE '_rON_' OR shared", [['31.5']]],
  ['SELECT COUNT(*) FROM trips WHERE shared IS NOT TRUE', [['4']]],
  ['SELECT COUNT(*) FROM trips WHERE NOT shared', [['2']]],
  ['SELECT COUNT(*) FROM trips WHERE shared IS UNKNOWN', [['2']]],
  ['SELECT COUNT(*) FROM trips WHERE fare <= tip', [['2']]],
  ['SELECT COUNT(*) FROM trips WHERE tip > seats', [['3']]],
  ['SELECT COUNT(*) FROM trips WHERE day = start', [['1']], 1],
  ['SELECT COUNT(*) FROM trips WHERE day > start', [['1']], 1],
  ["SELECT COUNT(*) FROM trips WHERE start >= '2019-03-03 09:00:00.5'", [['4']]],
  ["SELECT COUNT(*) FROM trips WHERE day BETWEEN '2019-03-02' AND date '2019-03-02' + 8", [['4']]],
  ['SELECT COUNT(*) FROM trips WHERE seats = 2.0 OR seats = 2.5', [['2']]],
  ['SELECT COUNT(*) FROM trips WHERE (fare > 15) = shared', [['1']], 1],
  ['SELECT COUNT(*) FROM trips WHERE NULL', [['*']]],
  [
    'SELECT SUM(seats) / 2, SUM(seats) % 4, -SUM(seats), SUM(seats)::numeric / 2 FROM trips',
    [['9', '3', '-19', '9.5000000000000000']],
  ],
  [
    'SELECT VAR_POP(seats), STDDEV_SAMP(tip) FROM trips',
    [['2.7755102040816327', '7.3249410854123533']],
  ],
  [
    'SELECT zone, COUNT(*) AS n, SUM(fare) FROM trips GROUP BY zone ORDER BY n DESC NULLS LAST, zone',
    [
      ['Brooklyn', '2', '27.51'],
      ['NULL', '2', '60.00'],
      // Two members, as the others, and the first of them: hidden beside Queens.
      ['Bronx', '*', '*'],
      ['Queens', '*', '*'],
    ],
  ],
  [
    'SELECT shared, AVG(fare) FROM trips GROUP BY 1',
    [
      ['f', '28.7550000000000000'],
      ['t', '8.7500000000000000'],
      ['NULL', '7.5000000000000000'],
    ],
  ],
  [
    "SELECT COALESCE(zone, 'none') z, SUM(fare) FROM trips GROUP BY zone, shared ORDER BY SUM(fare) DESC NULLS LAST LIMIT 3 OFFSET 1",
    [
      ['Brooklyn', '20.00'],
      ['none', '10.00'],
      ['Brooklyn', '7.51'],
    ],
    1,
  ],
  // Two members ride to Queens or pay no fare, one of them does both: the sum has one contributor.
  [
    "SELECT COUNT(*), COUNT(fare), SUM(fare), COALESCE(SUM(fare), 0) FROM trips WHERE zone = 'Queens' OR tip = 0",
    [['2', '*', '*', '*']],
  ],
]

describe('answers by hand', () => {
  test.each(ANSWERS.map(([sql, rows, kMin]) => ({ sql, rows, kMin })))(
    '$sql',
    async ({ sql, rows, kMin }) => {
      expect(await ask(sql, kMin)).toEqual(rows)
    },
  )
})

const kinds = ({ plan }: CompiledQuery): string[] => plan.operators.map(({ kind }) => kind)

function operator<K extends Operator['kind']>(
  { plan }: CompiledQuery,
  kind: K,
): Extract<Operator, { kind: K }> {
  const found = plan.operators.find((one) => one.kind === kind)
  if (found === undefined) throw new Error(`no ${kind}`)
  return found as Extract<Operator, { kind: K }>
}

/** Operators that add up planes over rows. */
function countersOfRows({ plan }: CompiledQuery): Operator[] {
  const shapes = validatePlan(plan, PARAMS)
  return plan.operators.filter(
    (one) =>
      (one.kind === 'popcount' || one.kind === 'count') &&
      shapes[one.inputs[0]!.op]!.domain === 'rows',
  )
}

describe('plans', () => {
  const plan = (sql: string, params = PARAMS): Promise<CompiledQuery> => compile(sql, TRIPS, params)

  test('are the same for the same input, and hashed as canonical JSON', async () => {
    const sql = 'SELECT borough, AVG(fare) FROM trips WHERE tip > 1 GROUP BY borough'
    const [one, two] = [await plan(sql), await plan(sql)]
    expect(two).toEqual(one)
    const bytes = hash.sha256(new TextEncoder().encode(canonicalJson(one.plan)))
    expect(one.planHash).toBe(
      Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
    )
    expect((await plan(`${sql} LIMIT 3`)).planHash).toBe(one.planHash)
    expect((await plan(sql.replace('tip > 1', 'tip > 2'))).planHash).not.toBe(one.planHash)
  })

  test('spelling does not matter', async () => {
    const one = await plan("SELECT AVG(trips.fare) WHERE trips.borough = 'Queens' AND tip < 3")
    const two = await plan(
      "select avg(FARE) as x from Trips T where 'Queens' = borough and not (t.tip >= 3.00)",
    )
    expect(two.planHash).toBe(one.planHash)
  })

  test('rounds hardly grow with the number of groups', async () => {
    const rounds = async (sql: string): Promise<number> =>
      schedule((await plan(sql)).plan, PARAMS).rounds.length
    const few = await rounds('SELECT shared, SUM(tip), COUNT(*) FROM trips GROUP BY shared')
    const many = await rounds(
      'SELECT borough, "Mixed", SUM(tip), COUNT(*) FROM trips GROUP BY 1, 2',
    )
    expect(many).toBeLessThan(1.5 * few)
  })

  test('values that planning tells are not computed', async () => {
    const { operators } = await plan(
      'SELECT MIN(3), percentile_disc(0.5) WITHIN GROUP (ORDER BY 3), mode() WITHIN GROUP (ORDER BY 3) FROM trips',
    ).then((compiled) => compiled.plan)
    expect(operators.map(({ kind }) => kind)).not.toContain('circuit')
  })

  test('a sum opens no count, an average does', async () => {
    const sum = await plan('SELECT SUM(fare) FROM trips')
    const avg = await plan('SELECT AVG(fare) FROM trips')
    expect(sum.answer.lanes).toBe(2)
    expect(avg.answer.lanes).toBe(3)
    expect(sum.leaks.join()).not.toContain('COUNT(fare)')
    expect(avg.leaks.join()).toContain('COUNT(fare), SUM(fare)')
  })

  test('equal aggregates are opened once', async () => {
    const { answer } = await plan(
      'SELECT AVG(tip), SUM(tip) / COUNT(tip), COUNT(*), VAR_POP(tip), STDDEV(tip) FROM trips ORDER BY AVG(tip)',
    )
    expect(answer.lanes).toBe(4)
  })

  test('a sum over all rows needs no product', async () => {
    expect(kinds(await plan('SELECT SUM(tip) FROM trips'))).not.toContain('dot')
    expect(kinds(await plan('SELECT SUM(tip) FROM trips WHERE shared'))).toContain('dot')
  })

  test('the plane of a sum is counted for nothing', async () => {
    const compiled = await plan('SELECT AVG(fare), COUNT(*) FROM trips WHERE fare > 3')
    expect(operator(compiled, 'bit-to-field').inputs).toHaveLength(1)
    expect(countersOfRows(compiled)).toHaveLength(0)
  })

  test('rows that no sum needs in the field are added up, if only at the end', async () => {
    const counted = await plan('SELECT borough, COUNT(*) FROM trips GROUP BY borough')
    expect(countersOfRows(counted)).toHaveLength(1)
  })

  test('groups that the filter rules out are not computed', async () => {
    const all = await plan('SELECT borough, SUM(tip) FROM trips GROUP BY borough')
    const two = await plan(
      "SELECT borough, SUM(tip) FROM trips WHERE borough IN ('Bronx', 'Queens') GROUP BY borough",
    )
    expect(operator(all, 'bit-to-field').inputs).toHaveLength(6)
    expect(operator(two, 'bit-to-field').inputs).toHaveLength(2)
    expect(two.answer.rows).toHaveLength(6)
  })

  test('only columns that matter are loaded', async () => {
    const { plan: operators } = await plan('SELECT AVG(fare), SUM(tip) FROM trips WHERE fare > 3')
    const loaded = operators.operators.flatMap((one) =>
      one.kind === 'load-bits' || one.kind === 'load-field' ? [`${one.kind} ${one.column}`] : [],
    )
    expect(loaded).toEqual(['load-bits fare', 'load-field fare', 'load-field tip'])
  })

  test('every opened value is a product with a cohort bit', async () => {
    const compiled = await plan('SELECT borough, AVG(fare), COUNT(*) FROM trips GROUP BY borough')
    const { operators } = compiled.plan
    const { inputs } = operator(compiled, 'output')
    expect(inputs.map(({ op }) => operators[op]!.kind)).toEqual(['bit-to-field', 'multiply'])
    const masked = operators[inputs[1]!.op]! as Extract<Operator, { kind: 'multiply' }>
    const mask = operators[masked.pairs[0]![1].op]! as Extract<Operator, { kind: 'gather' }>
    expect(new Set(mask.lanes.map(({ from }) => from.op))).toEqual(new Set([inputs[0]!.op]))
  })

  test('aggregates that would overflow are refused, narrower ones are not', async () => {
    const bits = (rows: number): PlanParams => ({
      ...PARAMS,
      dataset: {
        ...PARAMS.dataset,
        chunks: Array.from({ length: rows / 65_536 }, () => 65_536),
        rowsPerMember: [[1, rows]],
      },
    })
    // odometer has 46 bits: 2^13 rows fit, 2^16 do not.
    const small = {
      ...PARAMS,
      dataset: { ...PARAMS.dataset, chunks: [8192], rowsPerMember: [[1, 8192]] as const },
    }
    await expect(plan('SELECT SUM(odometer) FROM trips', small)).resolves.toBeDefined()
    await expect(plan('SELECT SUM(odometer) FROM trips', bits(65_536))).rejects.toMatchObject({
      code: 'SH_PLAN_OVERFLOW',
    })
    // fare has 16 bits: 2 * 16 + 20 fit.
    await expect(plan('SELECT VARIANCE(fare) FROM trips', bits(2 ** 20))).resolves.toBeDefined()
  })
})

test('EXPLAIN adds up', async () => {
  const compiled = await compile(
    'SELECT borough, AVG(fare) FROM trips GROUP BY borough',
    TRIPS,
    PARAMS,
  )
  const explained = explainQuery(compiled, PARAMS)
  const sum = (values: readonly number[]): number =>
    values.reduce((total, value) => total + value, 0)
  // Each has a place, the last one the last round; members are counted beside the sums.
  expect(sum(explained.operators.map(({ rounds }) => rounds))).toBeGreaterThan(explained.rounds)
  expect(Math.max(...explained.operators.map(({ last }) => last))).toBe(explained.rounds)
  for (const { rounds, first, last } of explained.operators) {
    expect(rounds === 0 ? 0 : last - first + 1).toBeGreaterThanOrEqual(rounds)
  }
  expect(explained.operators).toHaveLength(compiled.plan.operators.length)
  const { andGates, fieldMultiplications } = schedule(compiled.plan, PARAMS)
  expect(sum(explained.operators.map((one) => one.andGates))).toBe(andGates)
  expect(sum(explained.operators.map((one) => one.fieldMultiplications))).toBe(fieldMultiplications)
  for (const { rounds, andGates: ands, fieldMultiplications: products } of explained.operators) {
    expect(rounds > 0).toBe(ands + products > 0)
  }
  const text = explainText(explained)
  for (const { op } of explained.operators) expect(text).toContain(`#${op}`)
  const counter = explained.operators.find(({ kind }) => kind === 'extreme')!
  expect(text).toContain(`${counter.rounds} rounds (${counter.first}-${counter.last})`)
  for (const line of compiled.leaks) expect(text).toContain(line)
  expect(text).toContain('100,000 rows of 50,000 members')
})

test('many sums over groups are taken over fewer chunks at a time', async () => {
  const rows = 160 * 65_536
  const chunks = Array.from({ length: 160 }, () => 65_536)
  const params = (network: PlanParams['network']): PlanParams => ({
    ...SIZES,
    dataset: { name: 'trips', version: 1, chunks, rowsPerMember: [[1, rows]] },
    chunksInFlight: 16,
    network,
  })
  const plannedFor = async (sql: string, network: PlanParams['network']): Promise<number> => {
    const { plan } = await compile(sql, SCHEMA, params(network))
    validatePlan(plan, params(network))
    expect(plan.chunksInFlight).not.toBe(16)
    return plan.chunksInFlight ?? 16
  }
  const whole = 'SELECT SUM(fare) FROM trips'
  const grouped = 'SELECT seats, SUM(fare), COUNT(*) FROM trips GROUP BY seats'
  expect(await plannedFor(whole, 'loopback')).toBe(16)
  const few = await plannedFor(grouped, 'loopback')
  expect(few).toBeLessThan(16)
  // Where rounds take long, longer batches are worth their memory.
  expect(await plannedFor(grouped, 'wan')).toBeGreaterThan(few)
  const { plan } = await compile(grouped, SCHEMA, params('loopback'))
  expect(() => validatePlan(plan, { ...params('loopback'), chunksInFlight: few - 1 })).toThrow(
    expect.objectContaining({ code: 'SH_PLAN_INVALID' }),
  )
})
