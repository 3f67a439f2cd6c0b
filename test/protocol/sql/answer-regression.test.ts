/**
 * Aggregates of two arguments from exact sums against PostgreSQL, which adds up doubles: equal to 1e-9 of the
 * magnitude of what goes in, NULL and exactly 1 in the same places. And the rounding to a double.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { AGGREGATE_FUNCTIONS, numbersOf } from '../../../protocol/sql/aggregate-functions.ts'
import { aggregateType, aggregateValue } from '../../../protocol/sql/answer-aggregate.ts'
import type { OpenedNumbers } from '../../../protocol/sql/answer-consistency.ts'
import type { AggregateName, NumberName } from '../../../protocol/sql/answer-spec.ts'
import { formatValue } from '../../../protocol/sql/answer-value.ts'
import { doubleOfRatio, doubleOfRoot } from '../../../protocol/sql/double.ts'
import { formatNumeric } from '../../../protocol/sql/numeric.ts'

import { startOracle, textOrCode } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'

const NAMES = Object.values(AGGREGATE_FUNCTIONS).filter((name) => /^(corr|covar|regr)/u.test(name))

let oracle: Oracle
beforeAll(async () => {
  oracle = await startOracle()
}, 240_000)
afterAll(() => oracle.database.close())

type Pair = readonly [y: bigint | null, x: bigint | null]

interface Data {
  readonly scales: readonly [number, number]
  readonly pairs: readonly Pair[]
}

/** Opens what the function is computed from, and nothing else. */
function opened(name: AggregateName, { scales, pairs }: Data): OpenedNumbers {
  const both = pairs.flatMap(([y, x]) => (y === null || x === null ? [] : [[y, x] as const]))
  const numbers = new Map<string, bigint>()
  const call = { function: name, arguments: argumentsOf(scales) }
  for (const [key, number] of Object.entries(numbersOf(call))) {
    if (number.kind === 'count') numbers.set(key, BigInt(both.length))
    else if (number.kind === 'sum') {
      const terms = both.map((pair) => number.factors.reduce((term, at) => term * pair[at], 1n))
      numbers.set(
        key,
        terms.reduce((sum, term) => sum + term, 0n),
      )
    }
  }
  return (wanted: NumberName) => {
    const found = numbers.get(wanted)
    if (found === undefined) throw new RangeError(`${name} asks for ${wanted}`)
    return found
  }
}

function argumentsOf(scales: readonly [number, number]) {
  return scales.map((scale) => ({ type: 'numeric', scale }) as const)
}

async function compare(data: Data): Promise<void> {
  const { scales, pairs } = data
  const texts = pairs.map((pair) =>
    pair.map((digits, i) =>
      digits === null ? 'NULL' : formatNumeric({ digits, scale: scales[i]! }),
    ),
  )
  const rows = [['NULL', 'NULL'], ...texts].map(([y, x]) => `(${y}::numeric, ${x}::numeric)`)
  const { rows: results } = await oracle.database.query<Record<string, number | null>>(
    `SELECT ${NAMES.map((name) => `${name}(y, x)::float8 AS ${name}`).join(', ')}
     FROM (VALUES ${rows.join(', ')}) AS t(y, x)`,
  )
  // What goes in: rounding errors of PostgreSQL's are relative to this.
  const most = Math.max(1, ...texts.flat().map((text) => Math.abs(Number(text)) || 0))
  for (const name of NAMES) {
    const call = { function: name, arguments: argumentsOf(scales) }
    const value = aggregateValue(call, opened(name, data))
    const expected = results[0]![name]!
    const message = `${name} of ${JSON.stringify(texts)}`
    if (expected === null || value === null) {
      expect(value, message).toBe(expected)
      continue
    }
    expect(value.type).toBe(aggregateType(call))
    const ours = Number(value.value)
    const tolerance = 1e-9 * Math.max(Math.abs(expected), /r2|corr|count/u.test(name) ? 0 : most)
    expect(Math.abs(ours - expected), `${message}: ${ours}, not ${expected}`).toBeLessThanOrEqual(
      tolerance,
    )
  }
}

test('integers and decimals, NULLs, constants', async () => {
  const value = fc.option(fc.bigInt({ min: -30n, max: 30n }), { freq: 5 })
  const data = fc.record({
    // PostgreSQL 18 takes equal decimals for unequal ones once it has added them up (0.1 six times).
    scales: fc.constantFrom([0, 0], [2, 0], [0, 2], [2, 3]) as fc.Arbitrary<[number, number]>,
    pairs: fc.array(fc.tuple(value, value), { maxLength: 12 }),
  })
  let constants = 0
  await fc.assert(
    fc.asyncProperty(data, async ({ scales, pairs }) => {
      const isConstant = ([0, 1] as const).map((i) => {
        const values = pairs.flatMap((pair) => (pair.includes(null) ? [] : [pair[i]]))
        return new Set(values).size <= 1
      })
      const hasConstant = isConstant[0]! || isConstant[1]!
      if (hasConstant) constants++
      const exact = hasConstant ? ([0, 0] as const) : scales
      await compare({ scales: exact, pairs })
    }),
    { numRuns: 150 },
  )
  expect(constants).toBeGreaterThan(10)
}, 240_000)

test('no rows, one row, no spread in either', async () => {
  const sets: readonly (readonly Pair[])[] = [
    [],
    [[3n, null]],
    [[5n, 7n]],
    [
      [5n, 7n],
      [5n, 8n],
    ],
    [
      [4n, 7n],
      [5n, 7n],
    ],
    [
      [5n, 7n],
      [5n, 7n],
    ],
    [
      [1n, 2n],
      [2n, 4n],
      [3n, 6n],
    ],
    [
      [1n, 6n],
      [2n, 4n],
      [3n, 2n],
      [null, 9n],
    ],
  ]
  for (const pairs of sets) await compare({ scales: [0, 0], pairs })
})

test('sums that no values have are refused', () => {
  const numbers = {
    count: 2n,
    sum: 3n,
    secondSum: 3n,
    products: 5n,
    squares: 5n,
    secondSquares: 4n,
  }
  const call = { function: 'corr', arguments: argumentsOf([0, 0]) } as const
  const value = (changed: Partial<typeof numbers>): string =>
    textOrCode(() => {
      const all: Partial<Record<NumberName, bigint>> = { ...numbers, ...changed }
      const result = aggregateValue(call, (name) => all[name]!)
      return result === null ? 'NULL' : formatValue(result)
    })
  expect(value({})).toBe('SH_ANSWER_INCONSISTENT')
  expect(value({ secondSquares: 5n })).toBe('1')
  expect(value({ secondSquares: 5n, products: 6n })).toBe('SH_ANSWER_INCONSISTENT')
  expect(value({ secondSquares: 5n, count: -1n })).toBe('SH_ANSWER_INCONSISTENT')
})

test('quotients and roots are rounded once, as those of doubles are', () => {
  const exact = fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n })
  const positive = fc.bigInt({ min: 1n, max: 2n ** 53n })
  fc.assert(
    fc.property(exact, positive, (a, b) => {
      expect(doubleOfRatio(a, b)).toBe(Number(a) / Number(b) + 0)
      expect(doubleOfRatio(-a, -b)).toBe(Number(a) / Number(b) + 0)
      const root = Math.sqrt(Number(b))
      expect(doubleOfRoot(b, 1n)).toBe(root)
      expect(doubleOfRoot(b * 3n, 12n)).toBe(root / 2)
      // A factor of both changes nothing, however long the numbers get.
      const factor = 10n ** 40n + 7n
      expect(doubleOfRatio(a * factor, b * factor)).toBe(doubleOfRatio(a, b))
      expect(doubleOfRoot(b * factor, 9n * factor)).toBe(doubleOfRoot(b, 9n))
    }),
    { numRuns: 2000 },
  )
})
