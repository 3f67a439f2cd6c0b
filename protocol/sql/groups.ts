/**
 * Groups over a public domain: every combination of the keys' values is a group, whether rows are in it
 * or not. Each key is decoded once (one plane per value); combinations are products of those planes.
 */
import { textOfCode } from '../../shares/column-codec.ts'
import type { Column } from '../../shares/schema.ts'
import { FALSE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { oneHot } from '../circuit-gadgets.ts'

import type { BoundKey, Predicate } from './bound.ts'
import { contains } from './code-set.ts'
import type { CodeSet } from './code-set.ts'
import { domainOf } from './column-domain.ts'
import type { RowPlanes } from './column-planes.ts'
import { whereTrue } from './condition-circuit.ts'
import { keyPlanes } from './row-key.ts'
import { columnValue } from './row-value.ts'

/** Most groups of a plan that has a plane for each. */
export const MAX_GROUPS = 4096

/** A stored column as a key. Its values: a range from its start, false before true, a dictionary in its order. */
export function columnKey(column: Column): BoundKey {
  const value = columnValue(column)
  const { size } = domainOf(column)
  return {
    value,
    type: value.type,
    size: size + (column.nullable ? 1n : 0n),
    values: () => {
      const values = Array.from({ length: Number(size) }, (_, code) =>
        textOfCode(column, BigInt(code)),
      )
      return column.nullable ? [...values, null] : values
    },
  }
}

/** How many groups the keys have; 1 without keys. */
export function countGroups(keys: readonly BoundKey[]): bigint {
  return keys.reduce((product, key) => product * key.size, 1n)
}

/**
 * One plane per combination of the keys' values, the last key running fastest: 1 where the row passes the filter and is in the group.
 * The smallest keys are multiplied first, so the last product dominates: about one AND a group.
 */
export function groupPlanes(
  row: RowPlanes,
  keys: readonly BoundKey[],
  condition: Predicate,
): Wire[] {
  const { builder } = row
  const filter = whereTrue(row, condition)
  const order = keys
    .map((key, index) => ({ index, size: Number(key.size) }))
    .toSorted((a, b) => a.size - b.size || a.index - b.index)
  // Partial products, by the places of the values chosen so far.
  let partial = [{ places: new Map<number, number>(), wire: filter }]
  for (const { index } of order) {
    const values = valuePlanes(row, keys[index]!, condition)
    partial = partial.flatMap(({ places, wire }) =>
      values.map((value, place) => ({
        places: new Map([...places, [index, place]]),
        wire: builder.and(wire, value),
      })),
    )
  }
  const sizes = keys.map((key) => Number(key.size))
  const planes: Wire[] = []
  for (const { places, wire } of partial) {
    const at = sizes.reduce((sum, size, index) => sum * size + (places.get(index) ?? 0), 0)
    planes[at] = wire
  }
  return planes
}

/** One plane per value of the key, in the order of the key's values; FALSE for values that the filter rules out. */
function valuePlanes(row: RowPlanes, key: BoundKey, condition: Predicate): Wire[] {
  if (key.value.kind === 'computed') {
    const circuit = { row, whereTrue: (one: Predicate) => whereTrue(row, one) }
    return keyPlanes(circuit, key.value, key.values())
  }
  const { column } = key.value
  const planes = row.columns.get(column)
  if (planes === undefined) throw new RangeError(`column ${column.name} is not loaded`)
  const { builder } = row
  const count = Number(domainOf(column).size)
  const codes = Array.from({ length: count }, (_, code) => code)
  const wires = oneHot(builder, planes.code, codes)
  const allowed = requiredCodes(condition, column)
  if (allowed !== undefined) {
    const kept = wires.map((wire, code) => (contains(allowed, BigInt(code)) ? wire : FALSE))
    // The filter is unknown on NULLs too.
    return column.nullable ? kept.concat(FALSE) : kept
  }
  if (!column.nullable) return wires
  // A NULL has code 0: it is taken out of that value, without an AND.
  const isNull = builder.not(planes.valid)
  return [builder.xor(wires[0]!, isNull), ...wires.slice(1), isNull]
}

/** The codes that a column must have for the condition to be true, if it says so outright. */
function requiredCodes(condition: Predicate, column: Column): CodeSet | undefined {
  const conjuncts = condition.kind === 'and' ? condition.operands : [condition]
  for (const conjunct of conjuncts) {
    if (conjunct.kind === 'codes' && conjunct.column === column) return conjunct.codes
  }
  return undefined
}
