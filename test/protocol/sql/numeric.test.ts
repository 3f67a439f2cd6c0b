import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { aggregateType, aggregateValue } from '../../../protocol/sql/answer-aggregate.ts'
import type { OpenedNumbers } from '../../../protocol/sql/answer-consistency.ts'
import type { AggregateSpec, NumberName } from '../../../protocol/sql/answer-spec.ts'
import { castValue, formatValue } from '../../../protocol/sql/answer-value.ts'
import type { Value } from '../../../protocol/sql/answer-value.ts'
import {
  doubleArithmetic,
  formatDouble,
  numericFromDouble,
  roundDouble,
  sqrtDouble,
} from '../../../protocol/sql/double.ts'
import { integerArithmetic } from '../../../protocol/sql/integer.ts'
import {
  absoluteNumeric,
  addNumeric,
  castNumeric,
  ceilNumeric,
  compareNumeric,
  divideNumeric,
  floorNumeric,
  formatNumeric,
  moduloNumeric,
  multiplyNumeric,
  negateNumeric,
  parseNumeric,
  roundNumeric,
  sqrtNumeric,
  subtractNumeric,
} from '../../../protocol/sql/numeric.ts'
import type { Numeric } from '../../../protocol/sql/numeric.ts'

import { startOracle, textOrCode } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'

let oracle: Oracle
beforeAll(async () => {
  oracle = await startOracle()
}, 240_000)
afterAll(() => oracle.database.close())

/** One expression for PostgreSQL and what ours makes of it. */
interface Case {
  readonly sql: string
  readonly from?: string
  readonly ours: () => string
}

async function compare(cases: readonly Case[]): Promise<void> {
  const expected = await oracle.evaluate(cases)
  const label = (result: string, index: number): string => `${cases[index]?.sql} = ${result}`
  expect(cases.map((one) => textOrCode(one.ours)).map(label)).toEqual(expected.map(label))
}

const numeric = (value: Numeric): string => `${formatNumeric(value)} :: numeric`
const quoted = (text: string): string => `'${text}'::numeric`

/** Decimals of 1 to 40 digits with 0 to 20 decimals, small ones and zeros more often than chance. */
const decimalText = fc
  .record({
    length: fc.oneof(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 40 }),
    ),
    digits: fc.bigInt({ min: 0n, max: 10n ** 40n - 1n }),
    scale: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 20 })),
    negative: fc.boolean(),
    zero: fc.integer({ min: 0, max: 15 }),
  })
  .map(({ length, digits, scale, negative, zero }) => {
    const value = zero === 0 ? 0n : digits % 10n ** BigInt(length)
    return formatNumeric({ digits: negative ? -value : value, scale })
  })

const BINARY = {
  '+': addNumeric,
  '-': subtractNumeric,
  '*': multiplyNumeric,
  '/': divideNumeric,
  '%': moduloNumeric,
} as const

const UNARY = {
  '-': negateNumeric,
  abs: absoluteNumeric,
  floor: floorNumeric,
  ceil: ceilNumeric,
  sqrt: sqrtNumeric,
  round: (value: Numeric) => roundNumeric(value, 0),
} as const

describe('numeric', () => {
  it('computes as PostgreSQL does, digit for digit', async () => {
    const operation = fc.record({
      a: decimalText,
      b: decimalText,
      operator: fc.constantFrom(...(Object.keys(BINARY) as (keyof typeof BINARY)[])),
      name: fc.constantFrom(...(Object.keys(UNARY) as (keyof typeof UNARY)[])),
      decimals: fc.integer({ min: -6, max: 12 }),
      precision: fc.integer({ min: 1, max: 45 }),
      scale: fc.integer({ min: -3, max: 12 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 40, maxLength: 40 }),
        async (operations) => {
          await compare(
            operations.flatMap(({ a, b, operator, name, decimals, precision, scale }): Case[] => [
              {
                sql: `${quoted(a)} ${operator} ${quoted(b)}`,
                ours: () => numeric(BINARY[operator](parseNumeric(a), parseNumeric(b))),
              },
              {
                sql: `${name}(${quoted(a)})`,
                ours: () => numeric(UNARY[name](parseNumeric(a))),
              },
              {
                sql: `round(${quoted(a)}, ${decimals})`,
                ours: () => numeric(roundNumeric(parseNumeric(a), decimals)),
              },
              {
                sql: `${quoted(a)}::numeric(${precision},${scale})`,
                ours: () => numeric(castNumeric(parseNumeric(a), precision, scale)),
              },
              {
                sql: `sign(${quoted(a)} - ${quoted(b)})`,
                ours: () =>
                  `${Math.sign(compareNumeric(parseNumeric(a), parseNumeric(b)))} :: numeric`,
              },
            ]),
          )
        },
      ),
      { numRuns: 20 },
    )
  }, 240_000)

  it('divides and takes roots at every weight of base-10000 digits', async () => {
    const powers = Array.from({ length: 25 }, (_, index) => index - 12)
    const texts = powers.flatMap((power) =>
      ['1', '9999', '5000', '10001'].map((digits) =>
        formatNumeric(
          power >= 0
            ? { digits: BigInt(digits) * 10n ** BigInt(power), scale: 0 }
            : { digits: BigInt(digits), scale: -power },
        ),
      ),
    )
    await compare(
      texts.flatMap((text, index): Case[] => {
        const other = texts[(index * 37 + 11) % texts.length] ?? '1'
        return [
          {
            sql: `${quoted(text)} / ${quoted(other)}`,
            ours: () => numeric(divideNumeric(parseNumeric(text), parseNumeric(other))),
          },
          { sql: `sqrt(${quoted(text)})`, ours: () => numeric(sqrtNumeric(parseNumeric(text))) },
        ]
      }),
    )
  })

  it('rounds halves away from zero', async () => {
    const texts = ['0.5', '-0.5', '1.5', '2.5', '-2.5', '0.45', '-0.05', '99.95', '-0.0049']
    await compare(
      texts.flatMap((text) =>
        [-1, 0, 1, 2].map((decimals) => ({
          sql: `round(${quoted(text)}, ${decimals})`,
          ours: () => numeric(roundNumeric(parseNumeric(text), decimals)),
        })),
      ),
    )
  })

  it('reads and writes what PostgreSQL reads and writes', async () => {
    const plain = '0 -0 -0.00 007 .5 5. +1.250 1e3 1.5e3 1.5e-3 12e-1 1.50e1 1e200000'
    const refused = '. - 1e x 0x 1,5 --1 1e+'
    const texts = [...plain.split(' '), ...refused.split(' '), '', ' 12 ', '1 2']
    await compare(
      texts.map((text) => ({ sql: quoted(text), ours: () => numeric(parseNumeric(text)) })),
    )
  })

  it('keeps scales above the display limit within it', async () => {
    const long = `0.${'0'.repeat(1200)}1234567`
    await compare([
      { sql: `sqrt(${quoted(long)})`, ours: () => numeric(sqrtNumeric(parseNumeric(long))) },
      {
        sql: `${quoted(long)} / 3::numeric`,
        ours: () => numeric(divideNumeric(parseNumeric(long), parseNumeric('3'))),
      },
    ])
  })
})

describe('int4 and int8', () => {
  const edge = fc.oneof(
    fc.bigInt({ min: -20n, max: 20n }),
    fc.constantFrom(2147483647n, -2147483648n, 2147483646n, 65536n, -46341n),
    fc.bigInt({ min: -2147483648n, max: 2147483647n }),
  )
  const wide = fc.oneof(
    edge,
    fc.constantFrom(9223372036854775807n, -9223372036854775808n, 3037000500n),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  )

  it('overflow, truncate and divide as PostgreSQL does', async () => {
    const operation = fc.record({
      type: fc.constantFrom('integer' as const, 'bigint' as const),
      operator: fc.constantFrom(
        '+' as const,
        '-' as const,
        '*' as const,
        '/' as const,
        '%' as const,
      ),
      narrow: fc.tuple(edge, edge),
      wide: fc.tuple(wide, wide),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 60, maxLength: 60 }),
        async (operations) => {
          await compare(
            operations.map(({ type, operator, narrow, wide: both }) => {
              const [a, b] = type === 'integer' ? narrow : both
              return {
                sql: `'${a}'::${type} ${operator} '${b}'::${type}`,
                ours: () => `${integerArithmetic(type, operator, a, b)} :: ${type}`,
              }
            }),
          )
        },
      ),
      { numRuns: 6 },
    )
  }, 240_000)

  it('are cast as PostgreSQL casts them', async () => {
    const texts = (
      '2147483647.4 2147483647.5 -2147483648.4 -2147483648.5 0.5 -1.5 2.5 1e30 ' +
      '9223372036854775807.4 9223372036854775807.5 -9223372036854775808.4'
    ).split(' ')
    const cases = texts.flatMap((text) =>
      (['integer', 'bigint'] as const).map((type) => ({
        sql: `${quoted(text)}::${type}`,
        ours: () => typed(castValue({ type: 'numeric', value: parseNumeric(text) }, type)),
      })),
    )
    await compare([
      ...cases,
      {
        sql: '2147483648::bigint::integer',
        ours: () => typed(castValue({ type: 'bigint', value: 2147483648n }, 'integer')),
      },
    ])
  })
})

describe('double precision', () => {
  const doubles = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -1e16, max: 1e16, noNaN: true }),
    fc.integer({ min: -100, max: 100 }).map((value) => value / 2),
  )
  const literal = (value: number): string => `'${Object.is(value, -0) ? '-0' : value}'::float8`

  it('prints, computes and casts as PostgreSQL does', async () => {
    const operation = fc.record({
      a: doubles,
      b: doubles,
      operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { minLength: 40, maxLength: 40 }),
        async (operations) => {
          await compare(
            operations.flatMap(({ a, b, operator }): Case[] => [
              { sql: literal(a), ours: () => `${formatDouble(a)} :: double` },
              {
                sql: `${literal(a)} ${operator} ${literal(b)}`,
                ours: () => `${formatDouble(doubleArithmetic(operator, a, b))} :: double`,
              },
              {
                sql: `round(${literal(a)})`,
                ours: () => `${formatDouble(roundDouble(a))} :: double`,
              },
              {
                sql: `sqrt(${literal(a)})`,
                ours: () => `${formatDouble(sqrtDouble(a))} :: double`,
              },
              { sql: `${literal(a)}::numeric`, ours: () => numeric(numericFromDouble(a)) },
              {
                sql: `${literal(a)}::bigint`,
                ours: () => typed(castValue({ type: 'double', value: a }, 'bigint')),
              },
            ]),
          )
        },
      ),
      { numRuns: 6 },
    )
  }, 240_000)

  it('prints half-ways, powers of two and the ends of the range as PostgreSQL does', async () => {
    const special = [
      41040001891160380, 52780463294999500, 4689151029738.125, 1e15, 1e14, 1e-4, 1e-5,
    ]
    const ends = [0, -0, 5e-324, Number.MAX_VALUE, 2 ** 53, 2 ** 53 + 2, 123456789012345.6, 1 / 3]
    const powers = Array.from({ length: 64 }, (_, exponent) => 2 ** (exponent + 40))
    await compare(
      [...special, ...ends, ...powers].flatMap((value): Case[] => [
        { sql: literal(value), ours: () => `${formatDouble(value)} :: double` },
        { sql: `${literal(value)}::numeric`, ours: () => numeric(numericFromDouble(value)) },
      ]),
    )
  })
})

describe('aggregates', () => {
  const FUNCTIONS = [
    'count',
    'sum',
    'avg',
    'var_pop',
    'var_samp',
    'stddev_pop',
    'stddev_samp',
  ] as const satisfies readonly AggregateSpec['function'][]
  const limits = { integer: 2n ** 31n - 1n, bigint: 2n ** 62n, numeric: 10n ** 30n } as const

  const data = fc
    .record({
      type: fc.constantFrom('integer' as const, 'bigint' as const, 'numeric' as const),
      scale: fc.integer({ min: 0, max: 6 }),
      spread: fc.constantFrom(1n, 50n, 100_000n, 2n ** 62n, 10n ** 30n),
      same: fc.integer({ min: 0, max: 5 }),
      values: fc.array(fc.option(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })), {
        maxLength: 12,
      }),
    })
    .map(({ type, scale, spread, same, values }) => {
      const bound = spread < limits[type] ? spread : limits[type]
      const kept = values.map((value) => {
        if (value === null) return null
        return same === 0 ? bound : value % (bound + 1n)
      })
      return { type, scale: type === 'numeric' ? scale : 0, values: kept }
    })

  it('have the digits of PostgreSQL: random data', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(data, { minLength: 12, maxLength: 12 }), async (datasets) => {
        await compare(datasets.flatMap(casesOf))
      }),
      { numRuns: 8 },
    )
  }, 240_000)

  it('have the digits of PostgreSQL: no values, one value, no spread, huge sums', async () => {
    const sets: readonly (readonly (bigint | null)[])[] = [
      [],
      [null, null],
      [7n],
      [null, -7n],
      [5n, 5n, 5n],
      [0n, 0n],
      [-1n, 1n],
      [1n, 2n, null, 4n],
      [2147483647n, 2147483647n, -2147483648n],
      Array.from({ length: 300 }, () => 2147483647n),
      Array.from({ length: 300 }, (_, index) => 2147483647n - BigInt(index)),
    ]
    const types = ['integer', 'bigint', 'numeric'] as const
    await compare(
      sets.flatMap((values) =>
        types.flatMap((type) =>
          (type === 'numeric' ? [0, 1, 2, 3, 4, 5, 6] : [0]).flatMap((scale) =>
            casesOf({ type, scale, values }),
          ),
        ),
      ),
    )
  })

  it('refuse to sum booleans', async () => {
    await compare(
      FUNCTIONS.map((name) => ({
        sql: `${name}(x)`,
        from: 'FROM (VALUES (true), (false), (NULL)) t(x)',
        ours: () =>
          typed(
            aggregateValue(
              { function: name, arguments: [{ type: 'boolean', scale: 0 }] },
              opened({ count: 2n, sum: 1n, squares: 1n }),
            ),
          ),
      })),
    )
  })

  it('refuse counts and sums that no values have', () => {
    const call = {
      function: 'var_pop',
      arguments: [{ type: 'integer', scale: 0 }],
    } as const
    for (const sums of [
      { count: -1n, sum: 0n, squares: 0n },
      { count: 0n, sum: 1n, squares: 0n },
      { count: 2n, sum: 10n, squares: 49n },
    ]) {
      const compute = (): string => typed(aggregateValue(call, opened(sums)))
      expect(textOrCode(compute)).toBe('SH_ANSWER_INCONSISTENT')
    }
  })

  function casesOf(dataset: {
    readonly type: 'integer' | 'bigint' | 'numeric'
    readonly scale: number
    readonly values: readonly (bigint | null)[]
  }): readonly Case[] {
    const { type, scale, values } = dataset
    const column = type === 'numeric' ? `numeric(60,${scale})` : type
    const texts = values.map((digits) =>
      digits === null ? 'NULL' : `'${formatNumeric({ digits, scale })}'`,
    )
    const present = values.filter((value) => value !== null)
    const sums = {
      count: BigInt(present.length),
      sum: present.reduce((total, value) => total + value, 0n),
      squares: present.reduce((total, value) => total + value * value, 0n),
    }
    return FUNCTIONS.map((name) => {
      const spec = { function: name, arguments: [{ type, scale }] }
      return {
        sql: `${name}(x)`,
        from: `FROM unnest(ARRAY[${texts.join(',')}]::${column}[]) x`,
        ours: () => {
          const value = aggregateValue(spec, opened(sums))
          return value === null ? `NULL :: ${aggregateType(spec)}` : typed(value)
        },
      }
    })
  }
})

function opened(sums: { count: bigint; sum: bigint; squares: bigint }): OpenedNumbers {
  const numbers: Partial<Record<NumberName, bigint>> = { ...sums, present: sums.count }
  return (name) => numbers[name]!
}

function typed(value: Value | null): string {
  return value === null ? 'NULL' : `${formatValue(value)} :: ${value.type}`
}
