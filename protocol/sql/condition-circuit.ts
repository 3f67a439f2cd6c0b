/**
 * Conditions as circuits. A condition in three-valued logic is two planes, "true" and "false" (unknown is
 * neither), and each is built only when somebody asks: WHERE asks for "true", NOT swaps the two, AND asks
 * its operands for what it is asked itself. So a connective costs one AND, IS NULL costs none, and a
 * nullable column compared with constants costs nothing more than one that is never NULL:
 *
 *   a NULL's code is 0, so on NULL rows a set of codes answers like for code 0. If that is "no", the
 *   answer is "true" as it stands; if it is "yes", its complement is "false" as it stands, and "true" is
 *   valid XOR "false".
 */
import type { Column } from '../../shares/schema.ts'
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'

import type { Predicate } from './bound.ts'
import { codesPlane } from './code-circuit.ts'
import { contains } from './code-set.ts'
import type { CodeSet } from './code-set.ts'
import { relateColumns } from './column-comparison.ts'
import { domainOf } from './column-domain.ts'
import type { ColumnPlanes, RowPlanes } from './column-planes.ts'
import { neverTrue, neverUnknown } from './predicate.ts'
import { tablePlane } from './row-lookup.ts'
import { relateValues } from './row-relation.ts'

/** The plane that is 1 where the condition is true (unknown counts as not). */
export function whereTrue(row: RowPlanes, predicate: Predicate): Wire {
  const known = row.built.whereTrue.get(predicate)
  if (known !== undefined) return known
  const wire = buildTrue(row, predicate)
  row.built.whereTrue.set(predicate, wire)
  return wire
}

/** The plane that is 1 where the condition is false (unknown counts as not). */
export function whereFalse(row: RowPlanes, predicate: Predicate): Wire {
  const known = row.built.whereFalse.get(predicate)
  if (known !== undefined) return known
  const wire = neverUnknown(predicate)
    ? row.builder.not(whereTrue(row, predicate))
    : buildFalse(row, predicate)
  row.built.whereFalse.set(predicate, wire)
  return wire
}

/** The plane that is 1 where the condition is true or false. */
export function whereKnown(row: RowPlanes, predicate: Predicate): Wire {
  if (neverUnknown(predicate)) return TRUE
  // They exclude each other: XOR is OR.
  return row.builder.xor(whereTrue(row, predicate), whereFalse(row, predicate))
}

function buildTrue(row: RowPlanes, predicate: Predicate): Wire {
  const { builder } = row
  switch (predicate.kind) {
    case 'constant':
      return builder.constant(predicate.value === true)
    case 'codes':
      return codesTrue(row, predicate.column, predicate.codes)
    case 'columns': {
      const { relation, left, right } = predicate
      const both = builder.and(planesOf(row, left).valid, planesOf(row, right).valid)
      return builder.and(both, relateColumns(row, relation, left, right))
    }
    case 'values':
      return builder.and(whereTrue(row, predicate.known), valuesPlane(row, predicate))
    case 'table':
      return tablePlane(row, predicate.table, true)
    case 'conditions':
      return conditionsTrue(row, predicate)
    case 'and':
      if (neverTrue(predicate.operands)) return FALSE
      return builder.andMany(predicate.operands.map((operand) => whereTrue(row, operand)))
    case 'or':
      return builder.orMany(predicate.operands.map((operand) => whereTrue(row, operand)))
    case 'not':
      return whereFalse(row, predicate.operand)
    case 'is-null':
      return builder.not(planesOf(row, predicate.column).valid)
    case 'is-true':
      return whereTrue(row, predicate.operand)
    case 'is-unknown':
      return builder.not(whereKnown(row, predicate.operand))
  }
}

function buildFalse(row: RowPlanes, predicate: Predicate): Wire {
  const { builder } = row
  switch (predicate.kind) {
    case 'constant':
      return builder.constant(predicate.value === false)
    case 'codes': {
      const { column, codes } = predicate
      return builder.xor(planesOf(row, column).valid, codesTrue(row, column, codes))
    }
    case 'columns': {
      const { relation, left, right } = predicate
      const both = builder.and(planesOf(row, left).valid, planesOf(row, right).valid)
      return builder.and(both, builder.not(relateColumns(row, relation, left, right)))
    }
    case 'values':
      return builder.and(whereTrue(row, predicate.known), builder.not(valuesPlane(row, predicate)))
    case 'table':
      return tablePlane(row, predicate.table, false)
    case 'conditions':
      return conditionsFalse(row, predicate)
    case 'and':
      return builder.orMany(predicate.operands.map((operand) => whereFalse(row, operand)))
    case 'or':
      return builder.andMany(predicate.operands.map((operand) => whereFalse(row, operand)))
    case 'not':
      return whereTrue(row, predicate.operand)
    case 'is-null':
    case 'is-true':
    case 'is-unknown':
      return builder.not(whereTrue(row, predicate))
  }
}

function valuesPlane(row: RowPlanes, predicate: Extract<Predicate, { kind: 'values' }>): Wire {
  const circuit = { row, whereTrue: (condition: Predicate) => whereTrue(row, condition) }
  return relateValues(circuit, predicate)
}

function planesOf(row: RowPlanes, column: Column): ColumnPlanes {
  const planes = row.columns.get(column)
  if (planes === undefined) throw new RangeError(`column ${column.name} is not loaded`)
  return planes
}

function codesTrue(row: RowPlanes, column: Column, codes: CodeSet): Wire {
  const { builder } = row
  const { code, valid } = planesOf(row, column)
  const inside = codesPlane(row, code, codes, domainOf(column).size)
  if (!column.nullable || !contains(codes, 0n)) return inside
  return builder.xor(valid, builder.not(inside))
}

type Conditions = Extract<Predicate, { kind: 'conditions' }>

/** false < true; on each side at most one of "true" and "false" is 1. */
function conditionsTrue(row: RowPlanes, { relation, left, right }: Conditions): Wire {
  const { builder } = row
  const rightTrue = whereTrue(row, right)
  if (relation === 'less') return builder.and(whereFalse(row, left), rightTrue)
  const leftTrue = whereTrue(row, left)
  if (relation === 'equal' && neverUnknown(left) && neverUnknown(right)) {
    return builder.not(builder.xor(leftTrue, rightTrue))
  }
  const leftFalse = whereFalse(row, left)
  const rightFalse = whereFalse(row, right)
  const bothTrue = builder.and(leftTrue, rightTrue)
  return relation === 'equal'
    ? builder.xor(bothTrue, builder.and(leftFalse, rightFalse))
    : builder.xor(bothTrue, builder.and(leftFalse, builder.xor(rightTrue, rightFalse)))
}

function conditionsFalse(row: RowPlanes, { relation, left, right }: Conditions): Wire {
  switch (relation) {
    case 'less':
      // Not (a < b) is b <= a, where both are known.
      return conditionsTrue(row, {
        kind: 'conditions',
        relation: 'less-equal',
        left: right,
        right: left,
      })
    case 'less-equal':
      return conditionsTrue(row, { kind: 'conditions', relation: 'less', left: right, right: left })
    case 'equal': {
      const { builder } = row
      return builder.xor(
        builder.and(whereTrue(row, left), whereFalse(row, right)),
        builder.and(whereFalse(row, left), whereTrue(row, right)),
      )
    }
  }
}
