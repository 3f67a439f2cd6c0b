/**
 * What a condition can come to where some columns are known, as the keys of a group are, each column looked at by
 * itself. Never too little: an outcome that is missing here is impossible on every row.
 *
 * This is a matter of the condition's meaning and not of its circuit: which groups are empty for everybody to see decides
 * what is suppressed, and must not depend on the way that the planner takes.
 */
import type { Column } from '../../shares/schema.ts'

import type { Predicate, Relation } from './bound.ts'
import { complement, intersects } from './code-set.ts'
import type { CodeSet } from './code-set.ts'
import { domainOf } from './column-domain.ts'

/** What a column may hold. */
export interface ColumnState {
  readonly codes: CodeSet
  readonly isNull: boolean
}

/** The columns of which more is known than the schema says. */
export type KnownStates = ReadonlyMap<Column, ColumnState>

/** Which of SQL's three values are possible. */
export interface Outcomes {
  readonly true: boolean
  readonly false: boolean
  readonly unknown: boolean
}

/** @param known of columns, on the rows in question */
export function outcomesOf(condition: Predicate, known: KnownStates): Outcomes {
  const of = (operand: Predicate): Outcomes => outcomesOf(operand, known)
  switch (condition.kind) {
    case 'constant': {
      const { value } = condition
      return { true: value === true, false: value === false, unknown: value === null }
    }
    case 'codes': {
      const { column, codes } = condition
      const state = stateOf(column, known)
      const others = complement(codes, domainOf(column).size)
      return {
        true: intersects(state.codes, codes),
        false: intersects(state.codes, others),
        unknown: state.isNull,
      }
    }
    case 'is-null': {
      const { codes, isNull } = stateOf(condition.column, known)
      return { true: isNull, false: codes.length > 0, unknown: false }
    }
    case 'columns': {
      const sides = [stateOf(condition.left, known), stateOf(condition.right, known)]
      const both = sides.every(({ codes }) => codes.length > 0)
      return { true: both, false: both, unknown: sides.some(({ isNull }) => isNull) }
    }
    case 'values': {
      const isKnown = of(condition.known)
      return { true: isKnown.true, false: isKnown.true, unknown: isKnown.false || isKnown.unknown }
    }
    case 'table': {
      const { columns, entries } = condition.table
      const states = columns.map((column) => stateOf(column, known))
      const found = { true: false, false: false, unknown: false }
      for (const { codes, result } of entries) {
        if (!codes.every((code, nth) => admits(states[nth]!, code))) continue
        if (result === null) found.unknown = true
        else if (result.value === 't') found.true = true
        else found.false = true
      }
      return found
    }
    case 'conditions':
      return ofComparison(condition.relation, of(condition.left), of(condition.right))
    case 'and': {
      const all = condition.operands.map(of)
      return {
        true: all.every((one) => one.true),
        false: all.some((one) => one.false),
        unknown: all.some((one) => one.unknown) && all.every((one) => one.true || one.unknown),
      }
    }
    case 'or': {
      const all = condition.operands.map(of)
      return {
        true: all.some((one) => one.true),
        false: all.every((one) => one.false),
        unknown: all.some((one) => one.unknown) && all.every((one) => one.false || one.unknown),
      }
    }
    case 'not': {
      const operand = of(condition.operand)
      return { ...operand, true: operand.false, false: operand.true }
    }
    case 'is-true': {
      const operand = of(condition.operand)
      return { true: operand.true, false: operand.false || operand.unknown, unknown: false }
    }
    case 'is-unknown': {
      const operand = of(condition.operand)
      return { true: operand.unknown, false: operand.true || operand.false, unknown: false }
    }
  }
}

/** All that the schema allows. */
export function anyState(column: Column): ColumnState {
  return { codes: [[0n, domainOf(column).size - 1n]], isNull: column.nullable }
}

function stateOf(column: Column, known: KnownStates): ColumnState {
  return known.get(column) ?? anyState(column)
}

function admits({ codes, isNull }: ColumnState, code: bigint | undefined): boolean {
  return code === undefined ? isNull : intersects(codes, [[code, code]])
}

/** Truth values compared, false before true. */
function ofComparison(relation: Relation, left: Outcomes, right: Outcomes): Outcomes {
  const alike = (left.true && right.true) || (left.false && right.false)
  const less = left.false && right.true
  const more = left.true && right.false
  const unknown = left.unknown || right.unknown
  switch (relation) {
    case 'equal':
      return { true: alike, false: less || more, unknown }
    case 'less':
      return { true: less, false: alike || more, unknown }
    case 'less-equal':
      return { true: alike || less, false: more, unknown }
  }
}
