/**
 * Making conditions: constructors that simplify, exactly in three-valued logic. Conditions on one column
 * merge into one set of codes (x >= 3 AND x < 5 is one interval), constants fold away.
 */
import type { Column } from '../../shares/schema.ts'

import type { Predicate, Relation } from './bound.ts'
import { complement, countOf, intersection, union } from './code-set.ts'
import type { CodeSet, Comparison } from './code-set.ts'
import { domainOf } from './column-domain.ts'
import { columnAt, placesIn } from './row-value.ts'

type Codes = Extract<Predicate, { kind: 'codes' }>

export const TRUE_PREDICATE: Predicate = { kind: 'constant', value: true }
export const FALSE_PREDICATE: Predicate = { kind: 'constant', value: false }
export const UNKNOWN_PREDICATE: Predicate = { kind: 'constant', value: null }

export function constantPredicate(value: boolean | null): Predicate {
  return value === null ? UNKNOWN_PREDICATE : value ? TRUE_PREDICATE : FALSE_PREDICATE
}

export function codesPredicate(column: Column, codes: CodeSet): Predicate {
  if (!column.nullable) {
    if (codes.length === 0) return FALSE_PREDICATE
    if (countOf(codes) === domainOf(column).size) return TRUE_PREDICATE
  }
  return { kind: 'codes', column, codes }
}

/** A boolean column as a condition. */
export function booleanColumn(column: Column): Predicate {
  return codesPredicate(column, [[1n, 1n]])
}

export function notPredicate(operand: Predicate): Predicate {
  switch (operand.kind) {
    case 'constant':
      return constantPredicate(operand.value === null ? null : !operand.value)
    case 'codes':
      return codesPredicate(
        operand.column,
        complement(operand.codes, domainOf(operand.column).size),
      )
    case 'not':
      return operand.operand
    case 'columns':
    case 'values':
    case 'table':
    case 'conditions':
    case 'and':
    case 'or':
    case 'is-null':
    case 'is-true':
    case 'is-unknown':
      return { kind: 'not', operand }
  }
}

export function andPredicate(operands: readonly Predicate[]): Predicate {
  return connect('and', operands, FALSE_PREDICATE, TRUE_PREDICATE)
}

export function orPredicate(operands: readonly Predicate[]): Predicate {
  return connect('or', operands, TRUE_PREDICATE, FALSE_PREDICATE)
}

export function isNullPredicate(column: Column): Predicate {
  return column.nullable ? { kind: 'is-null', column } : FALSE_PREDICATE
}

export function isTruePredicate(operand: Predicate): Predicate {
  if (operand.kind === 'constant') return constantPredicate(operand.value === true)
  return neverUnknown(operand) ? operand : { kind: 'is-true', operand }
}

export function isUnknownPredicate(operand: Predicate): Predicate {
  if (operand.kind === 'constant') return constantPredicate(operand.value === null)
  if (operand.kind === 'codes') return isNullPredicate(operand.column)
  return neverUnknown(operand) ? FALSE_PREDICATE : { kind: 'is-unknown', operand }
}

export function conditionsPredicate(
  relation: Relation,
  left: Predicate,
  right: Predicate,
): Predicate {
  if (left.kind === 'constant' && right.kind === 'constant') {
    if (left.value === null || right.value === null) return UNKNOWN_PREDICATE
    const [a, b] = [Number(left.value), Number(right.value)]
    return constantPredicate(relation === 'equal' ? a === b : relation === 'less' ? a < b : a <= b)
  }
  if (isUnknown(left) || isUnknown(right)) return UNKNOWN_PREDICATE
  return { kind: 'conditions', relation, left, right }
}

/** Two stored columns. */
export function columnsPredicate(relation: Relation, left: Column, right: Column): Predicate {
  if (left !== right) return { kind: 'columns', relation, left, right }
  // A column against itself: decided but for NULLs.
  const { size } = domainOf(left)
  return codesPredicate(left, relation === 'less' ? [] : [[0n, size - 1n]])
}

/** A comparison as one of the three relations, swapped and negated as needed. */
export function relateOperands<T>(
  comparison: Comparison,
  left: T,
  right: T,
  relate: (relation: Relation, left: T, right: T) => Predicate,
): Predicate {
  switch (comparison) {
    case '=':
      return relate('equal', left, right)
    case '<>':
      return notPredicate(relate('equal', left, right))
    case '<':
      return relate('less', left, right)
    case '<=':
      return relate('less-equal', left, right)
    case '>':
      return relate('less', right, left)
    case '>=':
      return relate('less-equal', right, left)
  }
}

/** Whether the condition is true or false on every row. */
export function neverUnknown(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'constant':
      return predicate.value !== null
    case 'codes':
      return !predicate.column.nullable
    case 'columns':
      return !predicate.left.nullable && !predicate.right.nullable
    case 'values':
      return sameConstant(predicate.known, TRUE_PREDICATE)
    case 'table':
      return predicate.table.entries.every(({ result }) => result !== null)
    case 'conditions':
      return neverUnknown(predicate.left) && neverUnknown(predicate.right)
    case 'and':
    case 'or':
      return predicate.operands.every(neverUnknown)
    case 'not':
      return neverUnknown(predicate.operand)
    case 'is-null':
    case 'is-true':
    case 'is-unknown':
      return true
  }
}

/** The columns that the condition reads. */
export function columnsOf(predicate: Predicate): readonly Column[] {
  switch (predicate.kind) {
    case 'constant':
      return []
    case 'codes':
    case 'is-null':
      return [predicate.column]
    case 'columns':
      return [predicate.left, predicate.right]
    case 'values': {
      const { left, right, scope, known } = predicate
      const places = [...placesIn(left), ...placesIn(right)]
      return [...places.map((place) => columnAt(scope, place)), ...columnsOf(known)]
    }
    case 'table':
      return predicate.table.columns
    case 'conditions':
      return [...columnsOf(predicate.left), ...columnsOf(predicate.right)]
    case 'and':
    case 'or':
      return predicate.operands.flatMap(columnsOf)
    case 'not':
    case 'is-true':
    case 'is-unknown':
      return columnsOf(predicate.operand)
  }
}

/**
 * The columns that cannot be NULL on a row where the condition is true; undefined if it never is.
 * Spares the validity plane in AVG(tip) … WHERE tip > 0.
 */
export function notNullWhenTrue(predicate: Predicate): ReadonlySet<Column> | undefined {
  return notNull(predicate).whenTrue
}

/** Whether a condition that is never unknown is false on all rows where these columns are not NULL. */
export function neverTrueWhere(condition: Predicate, notNull: ReadonlySet<Column>): boolean {
  switch (condition.kind) {
    case 'constant':
      return condition.value !== true
    case 'is-null':
      return notNull.has(condition.column)
    case 'and':
      return condition.operands.some((operand) => neverTrueWhere(operand, notNull))
    case 'or':
      return condition.operands.every((operand) => neverTrueWhere(operand, notNull))
    case 'codes':
    case 'columns':
    case 'conditions':
    case 'is-true':
    case 'is-unknown':
    case 'not':
    case 'table':
    case 'values':
      return false
  }
}

/** Whether one of these conditions wants a column to be NULL, and another is not true if it is. */
export function neverTrue(operands: readonly Predicate[]): boolean {
  return operands.some(
    (operand) =>
      operand.kind === 'is-null' &&
      operands.some((other) => notNullWhenTrue(other)?.has(operand.column)),
  )
}

type Columns = ReadonlySet<Column> | undefined

interface NotNull {
  readonly whenTrue: Columns
  readonly whenFalse: Columns
}

function notNull(predicate: Predicate): NotNull {
  const always = (columns: readonly Column[]): NotNull => {
    const set = new Set(columns)
    return { whenTrue: set, whenFalse: set }
  }
  switch (predicate.kind) {
    case 'constant':
      return {
        whenTrue: predicate.value === true ? new Set() : undefined,
        whenFalse: predicate.value === false ? new Set() : undefined,
      }
    case 'codes':
      return always([predicate.column])
    case 'columns':
      return always([predicate.left, predicate.right])
    case 'values': {
      const { whenTrue } = notNull(predicate.known)
      return { whenTrue, whenFalse: whenTrue }
    }
    case 'table':
      return always([])
    case 'conditions': {
      // Known only where both sides are.
      const known = together([whenKnown(predicate.left), whenKnown(predicate.right)])
      return { whenTrue: known, whenFalse: known }
    }
    case 'and':
    case 'or': {
      const operands = predicate.operands.map(notNull)
      const whenTrue = operands.map((operand) => operand.whenTrue)
      const whenFalse = operands.map((operand) => operand.whenFalse)
      return predicate.kind === 'and'
        ? { whenTrue: together(whenTrue), whenFalse: common(whenFalse) }
        : { whenTrue: common(whenTrue), whenFalse: together(whenFalse) }
    }
    case 'not': {
      const { whenTrue, whenFalse } = notNull(predicate.operand)
      return { whenTrue: whenFalse, whenFalse: whenTrue }
    }
    case 'is-null':
      return { whenTrue: new Set(), whenFalse: new Set([predicate.column]) }
    case 'is-true':
      return { whenTrue: notNull(predicate.operand).whenTrue, whenFalse: new Set() }
    case 'is-unknown':
      return { whenTrue: new Set(), whenFalse: whenKnown(predicate.operand) }
  }
}

function whenKnown(predicate: Predicate): Columns {
  const { whenTrue, whenFalse } = notNull(predicate)
  return common([whenTrue, whenFalse])
}

/** All hold: the union, or nothing possible. */
function together(sets: readonly Columns[]): Columns {
  const all = new Set<Column>()
  for (const set of sets) {
    if (set === undefined) return undefined
    for (const column of set) all.add(column)
  }
  return all
}

/** One of them holds: what is in all that are possible. */
function common(sets: readonly Columns[]): Columns {
  const [first, ...rest] = sets.filter((set) => set !== undefined)
  return first && new Set([...first].filter((column) => rest.every((set) => set.has(column))))
}

function isUnknown(predicate: Predicate): boolean {
  return predicate.kind === 'constant' && predicate.value === null
}

/** AND or OR: `absorbing` decides alone, `neutral` says nothing. */
function connect(
  kind: 'and' | 'or',
  operands: readonly Predicate[],
  absorbing: Predicate,
  neutral: Predicate,
): Predicate {
  const flat = operands.flatMap((operand) => (operand.kind === kind ? operand.operands : [operand]))
  const merged = mergeCodes(kind, flat).filter((operand) => !sameConstant(operand, neutral))
  if (merged.some((operand) => sameConstant(operand, absorbing))) return absorbing
  const unknown = merged.filter(isUnknown).slice(0, 1)
  const rest = [...merged.filter((operand) => !isUnknown(operand)), ...unknown]
  if (rest.length === 0) return neutral
  return rest.length === 1 ? rest[0]! : { kind, operands: rest }
}

/** Conditions on the codes of one column become one, at the place of the first. */
function mergeCodes(kind: 'and' | 'or', operands: readonly Predicate[]): Predicate[] {
  const byColumn = new Map<Column, Codes[]>()
  for (const operand of operands) {
    if (operand.kind !== 'codes') continue
    const same = byColumn.get(operand.column)
    if (same === undefined) byColumn.set(operand.column, [operand])
    else same.push(operand)
  }
  return operands.flatMap((operand) => {
    if (operand.kind !== 'codes') return [operand]
    const same = byColumn.get(operand.column) ?? []
    if (same[0] !== operand) return []
    const sets = same.map(({ codes }) => codes)
    const codes = kind === 'or' ? union(sets) : intersection(sets, domainOf(operand.column).size)
    return [codesPredicate(operand.column, codes)]
  })
}

function sameConstant(predicate: Predicate, constant: Predicate): boolean {
  return (
    predicate.kind === 'constant' &&
    constant.kind === 'constant' &&
    predicate.value === constant.value
  )
}
