/**
 * Conditions as circuits against three-valued logic written down plainly, on every combination of values
 * of small columns, NULL included.
 */
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'

import { CircuitBuilder } from '../../../protocol/circuit-builder.ts'
import { evaluatePlain } from '../../../protocol/circuit.ts'
import type { Predicate } from '../../../protocol/sql/bound.ts'
import { contains } from '../../../protocol/sql/code-set.ts'
import { domainOf } from '../../../protocol/sql/column-domain.ts'
import { inputPlanes, rowPlanes } from '../../../protocol/sql/column-planes.ts'
import { whereFalse, whereTrue } from '../../../protocol/sql/condition-circuit.ts'
import {
  andPredicate,
  codesPredicate,
  conditionsPredicate,
  constantPredicate,
  isNullPredicate,
  isTruePredicate,
  isUnknownPredicate,
  neverUnknown,
  notNullWhenTrue,
  notPredicate,
  orPredicate,
} from '../../../protocol/sql/predicate.ts'
import { singleTable } from '../../../protocol/sql/tables.ts'
import { planesOf } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

type Truth = boolean | null
/** Codes by column, null for NULL. */
type Row = ReadonlyMap<Column, bigint | null>

const integer = (name: string, nullable: boolean, min: number, max: number): Column => ({
  name,
  type: 'integer',
  nullable,
  min,
  max,
})
const text = (name: string, nullable: boolean, dictionary: readonly string[]): Column => ({
  name,
  type: 'text',
  nullable,
  dictionary,
})

const COLUMNS: readonly Column[] = [
  integer('a', true, 0, 4),
  integer('b', false, -1, 1),
  { name: 'c', type: 'boolean', nullable: true },
  text('d', true, ['x', 'y', 'z']),
]

const schemaOf = (columns: readonly Column[]): Schema => ({
  dataset: 'd',
  member: 'm',
  kMin: 1,
  purposes: [],
  columns,
})

/** SQL's meaning of a condition. */
function meaning(predicate: Predicate, row: Row): Truth {
  switch (predicate.kind) {
    case 'constant':
      return predicate.value
    case 'codes': {
      const code = row.get(predicate.column)!
      return code === null ? null : contains(predicate.codes, code)
    }
    case 'columns': {
      const [left, right] = [predicate.left, predicate.right].map((column) => {
        const code = row.get(column)!
        return code === null ? null : valueOf(column, code)
      })
      if (left === null || right === null) return null
      return related(predicate.relation, compareValues(left!, right!))
    }
    case 'values':
    case 'table':
      throw new TypeError('made of expressions, which the oracle knows (oracle.test.ts)')
    case 'conditions': {
      const left = meaning(predicate.left, row)
      const right = meaning(predicate.right, row)
      if (left === null || right === null) return null
      return related(predicate.relation, Number(left) - Number(right))
    }
    case 'and':
    case 'or': {
      const absorbing = predicate.kind === 'or'
      const values = new Set(predicate.operands.map((operand) => meaning(operand, row)))
      if (values.has(absorbing)) return absorbing
      return values.has(null) ? null : !absorbing
    }
    case 'not': {
      const value = meaning(predicate.operand, row)
      return value === null ? null : !value
    }
    case 'is-null':
      return row.get(predicate.column) === null
    case 'is-true':
      return meaning(predicate.operand, row) === true
    case 'is-unknown':
      return meaning(predicate.operand, row) === null
  }
}

function related(relation: 'equal' | 'less' | 'less-equal', order: number): boolean {
  return relation === 'equal' ? order === 0 : relation === 'less' ? order < 0 : order <= 0
}

/** A fraction [numerator, denominator], or a text. */
function valueOf(column: Column, code: bigint): readonly [bigint, bigint] | string {
  if (column.type === 'text') return column.dictionary[Number(code)]!
  const { origin, step, divisor } = domainOf(column)
  return [origin + code * step, divisor]
}

function compareValues(
  a: readonly [bigint, bigint] | string,
  b: readonly [bigint, bigint] | string,
): number {
  if (typeof a === 'string' || typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  const difference = a[0] * b[1] - b[0] * a[1]
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** All rows over the columns. */
function allRows(columns: readonly Column[]): Row[] {
  let rows: Map<Column, bigint | null>[] = [new Map()]
  for (const column of columns) {
    const codes: (bigint | null)[] = column.nullable ? [null] : []
    for (let code = 0n; code < domainOf(column).size; code++) codes.push(code)
    rows = rows.flatMap((row) => codes.map((code) => new Map(row).set(column, code)))
  }
  return rows
}

/** The planes "true" and "false" of conditions on every row. */
function planes(columns: readonly Column[], predicates: readonly Predicate[]): [Row, Truth[]][] {
  const builder = new CircuitBuilder()
  const query = { tables: [singleTable(schemaOf(columns))] }
  const row = rowPlanes(builder, inputPlanes(builder, query, new Set(columns)))
  const outputs = predicates.flatMap((one) => [whereTrue(row, one), whereFalse(row, one)])
  const circuit = builder.build(outputs)
  return allRows(columns).map((values) => {
    const inputs = columns.flatMap((column) => {
      const code = values.get(column)!
      const bits = Array.from({ length: planesOf(column) }, (_, i) =>
        Number(((code ?? 0n) >> BigInt(i)) & 1n),
      )
      return column.nullable ? [...bits, code === null ? 0 : 1] : bits
    })
    const bits = evaluatePlain(circuit, inputs)
    const truths = predicates.map((_, i): Truth => {
      const [isTrue, isFalse] = [bits[2 * i], bits[2 * i + 1]]
      expect(isTrue! + isFalse!).toBeLessThanOrEqual(1)
      return isTrue === 1 ? true : isFalse === 1 ? false : null
    })
    return [values, truths]
  })
}

const relation = fc.constantFrom('equal' as const, 'less' as const, 'less-equal' as const)

const { predicate } = fc.letrec<{ predicate: Predicate; atom: Predicate }>((tie) => ({
  atom: fc.oneof(
    fc.constantFrom(true, false, null).map(constantPredicate),
    fc.constantFrom(...COLUMNS).map(isNullPredicate),
    fc
      .constantFrom(...COLUMNS)
      .chain((column) =>
        fc
          .subarray(Array.from({ length: Number(domainOf(column).size) }, (_, i) => BigInt(i)))
          .map((codes) => codesPredicate(column, orderedCodes(codes))),
      ),
    relation.map((one): Predicate => ({
      kind: 'columns',
      relation: one,
      left: COLUMNS[0]!,
      right: COLUMNS[1]!,
    })),
  ),
  predicate: fc.oneof(
    { maxDepth: 4 },
    tie('atom'),
    tie('predicate').map(notPredicate),
    tie('predicate').map(isTruePredicate),
    tie('predicate').map(isUnknownPredicate),
    fc.array(tie('predicate'), { minLength: 1, maxLength: 3 }).map(andPredicate),
    fc.array(tie('predicate'), { minLength: 1, maxLength: 3 }).map(orPredicate),
    fc
      .tuple(relation, tie('predicate'), tie('predicate'))
      .map(([one, left, right]) => conditionsPredicate(one, left, right)),
  ),
}))

function orderedCodes(codes: readonly bigint[]): [bigint, bigint][] {
  const intervals: [bigint, bigint][] = []
  for (const code of codes) {
    const last = intervals.at(-1)
    if (last?.[1] === code - 1n) last[1] = code
    else intervals.push([code, code])
  }
  return intervals
}

test('circuits of random conditions mean what SQL means, on every row', () => {
  fc.assert(
    fc.property(fc.array(predicate, { minLength: 1, maxLength: 4 }), (predicates) => {
      for (const [row, truths] of planes(COLUMNS, predicates)) {
        expect(truths).toEqual(predicates.map((one) => meaning(one, row)))
      }
    }),
    { numRuns: 25 },
  )
})

test('simplification keeps the meaning', () => {
  fc.assert(
    fc.property(fc.array(predicate, { minLength: 1, maxLength: 3 }), (operands) => {
      for (const row of allRows(COLUMNS)) {
        const plain = (kind: 'and' | 'or'): Truth => meaning({ kind, operands }, row)
        expect(meaning(andPredicate(operands), row)).toBe(plain('and'))
        expect(meaning(orPredicate(operands), row)).toBe(plain('or'))
        const [first] = operands
        const truth = meaning(first!, row)
        expect(meaning(notPredicate(first!), row)).toBe(truth === null ? null : !truth)
        expect(meaning(isTruePredicate(first!), row)).toBe(truth === true)
        expect(meaning(isUnknownPredicate(first!), row)).toBe(truth === null)
      }
    }),
    { numRuns: 25 },
  )
})

describe('what is said about NULLs holds on every row', () => {
  const check = (one: Predicate): void => {
    const known = notNullWhenTrue(one)
    for (const row of allRows(COLUMNS)) {
      const truth = meaning(one, row)
      if (neverUnknown(one)) expect(truth).not.toBeNull()
      if (truth !== true) continue
      expect(known).toBeDefined()
      for (const column of COLUMNS) {
        if (known?.has(column) === true) expect(row.get(column)).not.toBeNull()
      }
    }
  }

  test('of random conditions', () => {
    fc.assert(fc.property(predicate, check), { numRuns: 120 })
  })

  test('of all pairs of simple ones, negated or not', () => {
    const [a, , c, d] = COLUMNS
    const simple = [
      codesPredicate(a!, [[1n, 2n]]),
      codesPredicate(d!, [[0n, 0n]]),
      isNullPredicate(c!),
      constantPredicate(null),
    ]
    for (const left of simple) {
      for (const right of simple) {
        for (const both of [andPredicate([left, right]), orPredicate([left, right])]) {
          for (const one of [both, conditionsPredicate('less', both, right)]) {
            for (const whole of [one, isTruePredicate(one), isUnknownPredicate(one)]) {
              check(whole)
              check(notPredicate(whole))
            }
          }
        }
      }
    }
  })
})

test('the filter of a plain comparison spares the validity plane', () => {
  const [a] = COLUMNS
  const below = codesPredicate(a!, [[0n, 2n]])
  expect(notNullWhenTrue(andPredicate([below, isNullPredicate(COLUMNS[2]!)]))).toEqual(new Set([a]))
  expect(notNullWhenTrue(notPredicate(isNullPredicate(a!)))).toEqual(new Set([a]))
})

describe('a nullable column against constants costs as many ANDs as one that is never NULL', () => {
  test.each([[[[0n, 2n]]], [[[1n, 3n]]], [[[2n, 2n]]]] as const)('%s', (codes) => {
    const cost = (nullable: boolean): number => {
      const column = integer('a', nullable, 0, 6)
      const query = { tables: [singleTable(schemaOf([column]))] }
      const builder = new CircuitBuilder()
      const row = rowPlanes(builder, inputPlanes(builder, query, new Set([column])))
      const one = codesPredicate(column, codes)
      whereTrue(row, one)
      whereFalse(row, one)
      return builder.ands
    }
    expect(cost(true)).toBe(cost(false))
  })
})

describe('two columns of different offsets, scales, resolutions and dictionaries', () => {
  const decimal = (name: string, scale: number, min: string, max: string): Column => ({
    name,
    type: 'decimal',
    nullable: true,
    precision: 10,
    scale,
    min,
    max,
  })
  const timestamp = (
    name: string,
    resolutionSeconds: number,
    min: string,
    max: string,
  ): Column => ({
    name,
    type: 'timestamp',
    nullable: false,
    resolutionSeconds,
    min,
    max,
  })
  const pairs: readonly (readonly [Column, Column])[] = [
    [integer('l', true, -3, 5), integer('r', false, 2, 9)],
    [integer('l', false, 0, 6), integer('r', true, -200, -190)],
    [integer('l', true, -1, 3), decimal('r', 2, '-0.50', '0.70')],
    [decimal('l', 1, '0.3', '2.1'), decimal('r', 2, '0.25', '0.55')],
    [decimal('l', 1, '-0.3', '0.6'), integer('r', true, -1, 1)],
    [
      timestamp('l', 3600, '2019-03-01 00:30:20', '2019-03-01 06:30:20'),
      timestamp('r', 1800, '2019-03-01 00:10:00', '2019-03-01 04:40:00'),
    ],
    [
      { name: 'l', type: 'date', nullable: true, min: '2019-02-27', max: '2019-03-02' },
      timestamp('r', 43_200, '2019-02-27 12:00:00', '2019-03-02 00:00:00'),
    ],
    [
      { name: 'l', type: 'date', nullable: true, min: '2019-02-27', max: '2019-03-02' },
      { name: 'r', type: 'date', nullable: true, min: '2019-02-28', max: '2019-03-05' },
    ],
    [text('l', true, ['b', 'a', 'd']), text('r', false, ['a', 'c', 'd', 'e', 'b'])],
    [text('l', true, ['b', 'a', 'd']), text('r', true, ['b', 'a', 'd'])],
    [text('l', false, ['q']), text('r', true, ['p', 'q'])],
  ]

  test.each(pairs)('$0.type $1.type', (left, right) => {
    const predicates = (['equal', 'less', 'less-equal'] as const).flatMap((one): Predicate[] => [
      { kind: 'columns', relation: one, left, right },
      { kind: 'columns', relation: one, left: right, right: left },
    ])
    for (const [row, truths] of planes([left, right], predicates)) {
      expect(truths).toEqual(predicates.map((one) => meaning(one, row)))
    }
  })
})
