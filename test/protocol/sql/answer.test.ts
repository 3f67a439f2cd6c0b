import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ANSWER_ERRORS } from '../../../protocol/sql/answer-errors.ts'
import { expressionType } from '../../../protocol/sql/answer-expression.ts'
import type {
  AggregateSpec,
  AnswerExpression,
  AnswerSpec,
  Cell,
  SqlType,
} from '../../../protocol/sql/answer-spec.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { startOracle, textOrCode } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'

const P = (1n << 61n) - 1n

let oracle: Oracle
beforeAll(async () => {
  oracle = await startOracle()
}, 240_000)
afterAll(() => oracle.database.close())

/** A plain table: what the nodes would hold as shares. */
interface PlainColumn {
  readonly name: string
  readonly declaration: string
  readonly type: 'integer' | 'bigint' | 'numeric' | 'boolean'
  readonly scale: number
  /** Scaled values. */
  readonly values: readonly (bigint | null)[]
}

const COLUMNS: readonly PlainColumn[] = [
  column('i', 'integer', 'integer', 0, [3n, -7n, null, 12n, 3n, 0n]),
  column('j', 'integer', 'integer', 0, [2147483647n, 1n, null, null, 2147483647n, 1500000000n]),
  column('l', 'bigint', 'bigint', 0, [10_000_000_000n, -5n, 77n, null, null, 12_345_678_901n]),
  column('d', 'numeric(10,2)', 'numeric', 2, [1250n, -333n, 10_001n, null, 0n, 999n]),
  column('e', 'numeric(12,6)', 'numeric', 6, [1n, 2_500_000n, null, null, -7n, 123_456n]),
  column('none', 'numeric(8,3)', 'numeric', 3, [null, null, null, null, null, null]),
  column('one', 'integer', 'integer', 0, [null, 41n, null, null, null, null]),
  column('same', 'numeric(5,1)', 'numeric', 1, [25n, 25n, 25n, 25n, 25n, 25n]),
  column('flag', 'boolean', 'boolean', 0, [1n, 0n, null, 1n, 1n, 0n]),
]

function column(
  name: string,
  declaration: string,
  type: PlainColumn['type'],
  scale: number,
  values: PlainColumn['values'],
): PlainColumn {
  return { name, declaration, type, scale, values }
}

function literalOf({ type, scale }: PlainColumn, value: bigint | null): string {
  if (value === null) return 'NULL'
  if (type === 'boolean') return value === 1n ? 'true' : 'false'
  return scale === 0 ? `${value}` : `${value} / 1e${scale}`
}

/** An expression both as SQL and as the compiler would give it; lanes are filled as it is built. */
interface Pair {
  readonly sql: string
  readonly expression: AnswerExpression
}

type Build = (lanes: bigint[]) => Pair

function aggregate(name: AggregateSpec['function'], of: PlainColumn | undefined): Build {
  return (lanes) => {
    const rows = COLUMNS[0]?.values ?? []
    const values = of === undefined ? rows.map(() => 1n) : of.values.filter((x) => x !== null)
    const sum = values.reduce((total, value) => total + value, 0n)
    const squares = values.reduce((total, value) => total + value * value, 0n)
    const first = lanes.length
    const spread = name !== 'count' && name !== 'sum' && name !== 'avg'
    lanes.push(1n, BigInt(values.length), ((sum % P) + P) % P, spread ? squares : 0n)
    const places = { present: first + 1, count: first + 1, sum: first + 2, squares: first + 3 }
    return {
      sql: `${name}(${of?.name ?? '*'})`,
      expression: {
        kind: 'aggregate',
        function: name,
        arguments: of === undefined ? [] : [{ type: of.type, scale: of.scale }],
        cohort: first,
        places,
      },
    }
  }
}

const literal = (type: SqlType, text: string): Build => {
  const sqlType = type === 'double' ? 'float8' : type
  return () => ({ sql: `'${text}'::${sqlType}`, expression: { kind: 'literal', type, text } })
}

const FUNCTIONS = [
  'count',
  'sum',
  'avg',
  'var_pop',
  'var_samp',
  'stddev_pop',
  'stddev_samp',
] as const

const aggregates: fc.Arbitrary<Build> = fc.oneof(
  fc.constant(aggregate('count', undefined)),
  fc
    .tuple(fc.constantFrom(...FUNCTIONS), fc.constantFrom(...COLUMNS))
    // Squares of the widest columns would not fit a lane: the planner refuses those.
    .filter(([name, of]) => ['count', 'sum', 'avg'].includes(name) || !['j', 'l'].includes(of.name))
    .map(([name, of]) => aggregate(name, of)),
)

const literals: fc.Arbitrary<Build> = fc.oneof(
  fc.integer({ min: -12, max: 12 }).map((value) => literal('integer', String(value))),
  fc
    .constantFrom('100', '2147483648', '-9000000000000000000', '9223372036854775807')
    .map((text) => literal('bigint', text)),
  fc
    .constantFrom('0.5', '100.0', '-2.50', '1e3', '0.000', '33.333', '123456789012345678901234.5')
    .map((text) => literal('numeric', text)),
)

const leaves = fc.oneof({ weight: 3, arbitrary: aggregates }, { weight: 1, arbitrary: literals })

const expressions: fc.Arbitrary<Build> = fc.letrec<{ node: Build }>((tie) => {
  const node = tie('node')
  const binary = fc
    .tuple(fc.constantFrom('+', '-', '*', '/', '%'), node, node)
    .map(([operator, a, b]): Build => (lanes) => {
      const left = a(lanes)
      const right = b(lanes)
      return {
        sql: `(${left.sql} ${operator} ${right.sql})`,
        expression: {
          kind: 'binary',
          operator: operator as '+',
          left: left.expression,
          right: right.expression,
        },
      }
    })
  const call = (name: (AnswerExpression & { kind: 'call' })['function'], parts: Build[]): Build => {
    return (lanes) => {
      const pairs = parts.map((part) => part(lanes))
      return {
        sql: `${name}(${pairs.map((pair) => pair.sql).join(', ')})`,
        expression: {
          kind: 'call',
          function: name,
          arguments: pairs.map((pair) => pair.expression),
        },
      }
    }
  }
  const negate = node.map((part): Build => (lanes) => {
    const operand = part(lanes)
    return {
      sql: `(- ${operand.sql})`,
      expression: { kind: 'negate', operand: operand.expression },
    }
  })
  const cast = fc
    .tuple(
      fc.constantFrom<{ to: 'integer' | 'bigint' | 'numeric'; precision?: number; scale?: number }>(
        { to: 'integer' },
        { to: 'bigint' },
        { to: 'numeric' },
        { to: 'numeric', precision: 6 },
        { to: 'numeric', precision: 12, scale: 2 },
        { to: 'numeric', precision: 30, scale: 8 },
      ),
      node,
    )
    .map(([target, part]): Build => (lanes) => {
      const operand = part(lanes)
      const size = [target.precision, target.scale].filter((number) => number !== undefined)
      const typmod = size.length === 0 ? '' : `(${size.join(',')})`
      return {
        sql: `${operand.sql}::${target.to}${typmod}`,
        expression: { kind: 'cast', ...target, operand: operand.expression },
      }
    })
  const unary = fc
    .tuple(
      fc.constantFrom(
        'round' as const,
        'abs' as const,
        'floor' as const,
        'ceil' as const,
        'sqrt' as const,
      ),
      node,
    )
    .map(([name, part]) => call(name, [part]))
  const roundTo = fc
    .tuple(node, fc.integer({ min: -2, max: 8 }))
    .map(([part, decimals]) => call('round', [part, literal('integer', String(decimals))]))
  const nullLiteral: Build = () => ({
    sql: 'NULL',
    expression: { kind: 'literal', type: 'text', text: null },
  })
  const coalesce = fc
    .tuple(fc.array(fc.oneof(aggregates, fc.constant(nullLiteral)), { maxLength: 2 }), leaves)
    .map(([parts, last]) => call('coalesce', [...parts, last]))
  // The left side is never constant: PostgreSQL folds a constant NULL and skips errors beside it.
  const nullif = fc.tuple(aggregates, node).map(([left, right]) => call('nullif', [left, right]))
  const extreme = fc
    .tuple(fc.constantFrom('greatest' as const, 'least' as const), leaves, fc.array(leaves))
    .map(([name, first, others]) => call(name, [first, ...others.slice(0, 2)]))
  // CASE over conditions: every kind of condition, with NULLs among the operands.
  const compare = fc
    .tuple(fc.constantFrom('=', '<>', '<', '<=', '>', '>='), aggregates, node)
    .map(([operator, a, b]): Build => (lanes) => {
      const [left, right] = [a(lanes), b(lanes)]
      return {
        sql: `(${left.sql} ${operator} ${right.sql})`,
        expression: {
          kind: 'compare',
          operator: operator as '=',
          left: left.expression,
          right: right.expression,
        },
      }
    })
  const isNull = aggregates.map((part): Build => (lanes) => {
    const { sql, expression } = part(lanes)
    return {
      sql: `(${sql} IS NULL)`,
      expression: { kind: 'is', test: 'null', operand: expression },
    }
  })
  const atom = fc.oneof(compare, compare, isNull)
  const connective = fc
    .tuple(fc.constantFrom('and' as const, 'or' as const), atom, atom, fc.boolean())
    .map(([kind, a, b, not]): Build => (lanes) => {
      const [left, right] = [a(lanes), b(lanes)]
      const both: AnswerExpression = { kind, operands: [left.expression, right.expression] }
      return {
        sql: `(${not ? 'NOT ' : ''}(${left.sql} ${kind} ${right.sql}))`,
        expression: not ? { kind: 'not', operand: both } : both,
      }
    })
  const truthTest = fc
    .tuple(fc.constantFrom('true' as const, 'false' as const), connective)
    .map(([test, part]): Build => (lanes) => {
      const { sql, expression } = part(lanes)
      return { sql: `(${sql} IS ${test})`, expression: { kind: 'is', test, operand: expression } }
    })
  const conditional = fc
    .tuple(fc.oneof(atom, connective, truthTest), leaves, fc.option(leaves))
    .map(([condition, a, b]): Build => (lanes) => {
      const [when, then] = [condition(lanes), a(lanes)]
      const otherwise = b?.(lanes)
      return {
        sql: `CASE WHEN ${when.sql} THEN ${then.sql}${otherwise ? ` ELSE ${otherwise.sql}` : ''} END`,
        expression: {
          kind: 'case',
          branches: [{ when: when.expression, result: then.expression }],
          ...(otherwise ? { otherwise: otherwise.expression } : {}),
        },
      }
    })
  return {
    node: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      leaves,
      binary,
      binary,
      negate,
      cast,
      unary,
      roundTo,
      coalesce,
      nullif,
      extreme,
      conditional,
    ),
  }
}).node

/** One row without keys if no rows are given; a row reads all lanes in order unless it names some. */
function spec({
  rows = [{}],
  lanes = 0,
  cells = [],
  ...parts
}: Partial<Omit<AnswerSpec, 'rows'>> & {
  readonly rows?: readonly Partial<AnswerSpec['rows'][number]>[]
}): AnswerSpec {
  const all = Array.from({ length: lanes }, (_, lane) => lane)
  return {
    columns: cells.map((_, index) => ({ name: `c${index}`, type: 'text' })),
    keyTypes: [],
    lanes,
    cells,
    order: [],
    rows: rows.map((row) => ({ grouping: 0, keys: [], lanes: all, ...row })),
    orderBy: [],
    limit: null,
    offset: 0,
    ...parts,
  }
}

const shown = (cell: Cell | undefined): string => {
  if (cell === undefined) return 'missing'
  if ('suppressed' in cell) return 'suppressed'
  return 'null' in cell ? 'NULL' : cell.text
}

describe('expressions over aggregates', () => {
  beforeAll(async () => {
    const rows = COLUMNS[0]?.values.map((_, row) =>
      COLUMNS.map((one) => literalOf(one, one.values[row] ?? null)).join(', '),
    )
    await oracle.database.exec(
      `CREATE TABLE plain (${COLUMNS.map((one) => `${one.name} ${one.declaration}`).join(', ')});
       INSERT INTO plain VALUES ${rows?.map((row) => `(${row})`).join(', ')}`,
    )
  })

  async function compareWithPostgres(builds: readonly Build[]): Promise<string[]> {
    const cases = builds.map((build) => {
      const lanes: bigint[] = []
      const { sql, expression } = build(lanes)
      const ours = textOrCode(() => {
        const answer = evaluateAnswer(spec({ cells: [expression], lanes: lanes.length }), lanes)
        return `${shown(answer.rows[0]?.[0])} :: ${expressionType(expression, [])}`
      })
      return { sql, from: 'FROM plain', ours }
    })
    const expected = await oracle.evaluate(cases)
    expect(cases.map(({ sql, ours }) => `${sql} = ${ours}`)).toEqual(
      expected.map((result, index) => `${cases[index]?.sql} = ${result}`),
    )
    return expected
  }

  it('every aggregate of every column', async () => {
    const wide = new Set(['j', 'l'])
    await compareWithPostgres(
      COLUMNS.flatMap((of) =>
        FUNCTIONS.filter(
          (name) => !wide.has(of.name) || ['count', 'sum', 'avg'].includes(name),
        ).map((name) => aggregate(name, of)),
      ),
    )
  })

  it('random expressions have the text, the type or the error of PostgreSQL', async () => {
    const tally = { values: 0, errors: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(expressions, { minLength: 60, maxLength: 60 }), async (builds) => {
        const results = await compareWithPostgres(builds)
        const errors = results.filter((result) => result.startsWith('SH_')).length
        tally.errors += errors
        tally.values += results.length - errors
      }),
      { numRuns: 15 },
    )
    // Both kinds must have been met, or the comparison says little.
    expect(tally.values).toBeGreaterThan(300)
    expect(tally.errors).toBeGreaterThan(20)
  }, 240_000)
})

describe('rows', () => {
  const KEYS: readonly (readonly [SqlType, readonly (string | null)[]])[] = [
    ['text', ['b', 'B', 'ä', '', null, '\uFFFD', '\u{10000}', 'aa', 'a', 'Z']],
    ['integer', ['10', '9', '-1', null, '0', '100', '7', '8', '-20', '3']],
    ['numeric', ['1.50', '1.5', '-2', '10.01', null, '0.00', '9', '1e2', '3', '4']],
    ['boolean', ['t', 'f', null, 't', 'f', 't', 'f', 't', null, 'f']],
    [
      'date',
      [
        '2024-01-31',
        '2023-12-31',
        null,
        '2024-02-01',
        '1999-01-01',
        '12024-01-01',
        '2000-01-01',
        '2000-01-02',
        '2001-01-01',
        '2024-01-30',
      ],
    ],
    [
      'timestamp',
      [
        '2024-01-31 10:00:00',
        '2024-01-31 09:59:59',
        null,
        '2024-01-31 00:00:00',
        '1999-01-01 23:00:00',
        '2000-01-01 00:00:00',
        '2000-01-01 00:00:01',
        '2001-01-01 00:00:00',
        '2002-01-01 00:00:00',
        '2003-01-01 00:00:00',
      ],
    ],
  ]

  it('are ordered, skipped and limited as PostgreSQL does', async () => {
    for (const [type, keys] of KEYS) {
      for (const [descending, nullsFirst] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        // Rows are numbered, and the number breaks ties, which stability does on our side.
        const values = keys.map(
          (key, index) => `(${key === null ? 'NULL' : `'${key}'`}::${type}, ${index})`,
        )
        const collate = type === 'text' ? 'COLLATE "C"' : ''
        const order = `${collate} ${descending ? 'DESC' : 'ASC'} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`
        const expected = await oracle.column(
          `SELECT n::text FROM (VALUES ${values.join(',')}) t(k, n)
           ORDER BY k ${order}, n LIMIT 7 OFFSET 2`,
        )
        const answer = evaluateAnswer(
          spec({
            rows: keys.map((key, index) => ({ keys: [key, String(index)] })),
            keyTypes: [type, 'integer'],
            cells: [{ kind: 'key', index: 1 }],
            order: [{ kind: 'key', index: 0 }],
            orderBy: [{ descending, nullsFirst }],
            limit: 7,
            offset: 2,
          }),
          [],
        )
        expect(
          answer.rows.map((row) => shown(row[0])),
          `${type} ${order}`,
        ).toEqual(expected)
      }
    }
  })

  it('are ordered by several expressions, the later ones where earlier ones tie', () => {
    const rows = [
      ['x', '2'],
      ['y', '1'],
      ['x', '1'],
      ['y', '10'],
    ].map((keys) => ({ keys }))
    const ascending = { descending: false, nullsFirst: false }
    const answer = evaluateAnswer(
      spec({
        rows,
        keyTypes: ['text', 'integer'],
        cells: [
          { kind: 'key', index: 0 },
          { kind: 'key', index: 1 },
        ],
        order: [
          { kind: 'key', index: 0 },
          { kind: 'negate', operand: { kind: 'key', index: 1 } },
        ],
        orderBy: [{ ...ascending, descending: true }, ascending],
      }),
      [],
    )
    expect(answer.rows.map((row) => row.map(shown).join(''))).toEqual(['y10', 'y1', 'x2', 'x1'])
  })
})

describe('suppression', () => {
  const count = (first: number): AggregateSpec => ({
    kind: 'aggregate',
    function: 'count',
    arguments: [],
    cohort: first,
    places: { count: first + 1 },
  })
  const sum = (first: number): AggregateSpec => ({
    kind: 'aggregate',
    function: 'sum',
    arguments: [{ type: 'integer', scale: 0 }],
    cohort: first,
    places: { present: first + 1, sum: first + 2 },
  })
  const one: AnswerExpression = { kind: 'literal', type: 'integer', text: '1' }

  it('hides every expression with a suppressed aggregate, COALESCE and division by it included', () => {
    const lanes = [0n, 0n, 0n, 1n, 12n, P - 30n]
    const hidden = sum(0)
    const open = sum(3)
    const cells: AnswerExpression[] = [
      hidden,
      open,
      { kind: 'call', function: 'coalesce', arguments: [hidden, one] },
      { kind: 'call', function: 'coalesce', arguments: [open, hidden] },
      { kind: 'call', function: 'coalesce', arguments: [open, one] },
      { kind: 'binary', operator: '/', left: open, right: hidden },
      { kind: 'binary', operator: '*', left: one, right: { kind: 'negate', operand: hidden } },
      {
        kind: 'cast',
        to: 'numeric',
        operand: { kind: 'call', function: 'abs', arguments: [hidden] },
      },
      count(3),
      { kind: 'key', index: 0 },
    ]
    const answer = evaluateAnswer(
      spec({
        rows: [{ keys: ['Queens'] }],
        cells,
        keyTypes: ['text'],
        lanes: lanes.length,
      }),
      lanes,
    )
    const texts = answer.rows[0]?.map((cell) => shown(cell).replace('suppressed', '?')).join(' ')
    expect(texts).toBe('? -30 ? ? -30 ? ? ? 12 Queens')
  })

  it('sorts like NULL and keeps the order of the rows', () => {
    // Suppressed, 5 rows, suppressed, a NULL (of no rows), 3 rows.
    const lanes = [0n, 0n, 1n, 5n, 0n, 0n, 1n, 0n, 1n, 3n]
    const rows = ['a', 'b', 'c', 'd', 'e'].map((key, index) => ({
      keys: [key],
      lanes: [2 * index, 2 * index + 1],
    }))
    const notZero: AnswerExpression = {
      kind: 'call',
      function: 'nullif',
      arguments: [count(0), { kind: 'literal', type: 'bigint', text: '0' }],
    }
    const sorted = (descending: boolean, nullsFirst: boolean): string =>
      evaluateAnswer(
        spec({
          rows,
          keyTypes: ['text'],
          cells: [{ kind: 'key', index: 0 }],
          order: [notZero],
          lanes: 10,
          orderBy: [{ descending, nullsFirst }],
        }),
        lanes,
      )
        .rows.map((row) => shown(row[0]))
        .join('')
    expect(sorted(false, false)).toBe('ebacd')
    expect(sorted(true, true)).toBe('acdbe')
    expect(sorted(false, true)).toBe('acdeb')
    expect(sorted(true, false)).toBe('beacd')
  })

  it('refuses lanes that cannot be an answer, and names no value', () => {
    const refused = (
      lanes: readonly bigint[],
      from: Partial<AnswerSpec> = { cells: [sum(0)] },
    ): string => {
      let message = ''
      const code = textOrCode(() => {
        try {
          return JSON.stringify(evaluateAnswer(spec({ ...from, lanes: 3 }), lanes).rows)
        } catch (error) {
          if (error instanceof ShareholdError) message = error.message
          throw error
        }
      })
      expect(message).not.toMatch(/777/)
      return code
    }
    expect(refused([1n, 12n, 777n])).toBe('[[{"text":"777"}]]')
    expect(refused([0n, 0n, 0n])).toBe('[[{"suppressed":true}]]')
    for (const lanes of [
      [777n, 12n, 0n],
      [P - 1n, 12n, 0n],
      [0n, 777n, 0n],
      [0n, 0n, 777n],
      [1n, P - 777n, 0n],
      [1n, 0n, 777n],
      [1n, 12n],
      [1n, 12n, 0n, 777n],
      [1n, 12n, P],
      [1n, 12n, -777n],
    ]) {
      expect(refused(lanes), lanes.join()).toBe('SH_ANSWER_INCONSISTENT')
    }
    expect(refused([0n, 777n, 0n], { order: [sum(0)] })).toBe('SH_ANSWER_INCONSISTENT')
  })

  it('takes lanes and keys that do not exist for a mistake of the caller', () => {
    const evaluate = (cell: AnswerExpression) => () =>
      evaluateAnswer(spec({ cells: [cell], lanes: 2 }), [1n, 1n])
    expect(evaluate(count(1))).toThrow(RangeError)
    expect(evaluate({ kind: 'key', index: 0 })).toThrow(RangeError)
  })
})

describe('static types', () => {
  it('are refused where PostgreSQL has no operator, function or cast', async () => {
    const of = (type: SqlType, text: string): AnswerExpression => ({ kind: 'literal', type, text })
    const call = (
      name: (AnswerExpression & { kind: 'call' })['function'],
      ...parts: AnswerExpression[]
    ): AnswerExpression => ({ kind: 'call', function: name, arguments: parts })
    const cast = (
      to: 'integer' | 'bigint' | 'numeric',
      operand: AnswerExpression,
    ): AnswerExpression => ({ kind: 'cast', to, operand })
    const cases: readonly (readonly [string, AnswerExpression])[] = [
      ["round('1'::float8, 2)", call('round', of('double', '1'), of('integer', '2'))],
      ['round(1.5, 2::bigint)', call('round', of('numeric', '1.5'), of('bigint', '2'))],
      ['round(7, 2)', call('round', of('integer', '7'), of('integer', '2'))],
      ['abs(true)', call('abs', of('boolean', 't'))],
      ["sqrt('2024-01-01'::date)", call('sqrt', of('date', '2024-01-01'))],
      ['true::integer', cast('integer', of('boolean', 't'))],
      ['true::bigint', cast('bigint', of('boolean', 't'))],
      ['true::numeric', cast('numeric', of('boolean', 't'))],
      ["'2024-01-01'::date::integer", cast('integer', of('date', '2024-01-01'))],
      ["'12'::text::integer", cast('integer', of('text', '12'))],
      ["'1.5'::text::numeric", cast('numeric', of('text', '1.5'))],
      ["'1.5'::text::integer", cast('integer', of('text', '1.5'))],
      ["coalesce(1, 'a'::text)", call('coalesce', of('integer', '1'), of('text', 'a'))],
      ["nullif('a'::text, 'a'::text)", call('nullif', of('text', 'a'), of('text', 'a'))],
      ["nullif('a'::text, 'b'::text)", call('nullif', of('text', 'a'), of('text', 'b'))],
      ["nullif(true, 't'::boolean)", call('nullif', of('boolean', 'true'), of('boolean', 't'))],
      [
        "'1'::float8 % '1'::float8",
        {
          kind: 'binary',
          operator: '%',
          left: of('double', '1'),
          right: of('double', '1'),
        },
      ],
    ]
    const expected = await oracle.evaluate(cases.map(([sql]) => ({ sql })))
    const ours = cases.map(([, expression]) =>
      textOrCode(() => {
        const text = shown(evaluateAnswer(spec({ cells: [expression] }), []).rows[0]?.[0])
        return `${text} :: ${expressionType(expression, [])}`
      }),
    )
    expect(cases.map(([sql], index) => `${sql} = ${ours[index]}`)).toEqual(
      cases.map(([sql], index) => `${sql} = ${expected[index]}`),
    )
  })

  it('has a sentence for each code', () => {
    for (const [code, sentence] of Object.entries(ANSWER_ERRORS)) {
      expect(code).toMatch(/^SH_ANSWER_[A-Z_]+$/)
      expect(sentence).toMatch(/\.$/)
    }
  })
})
