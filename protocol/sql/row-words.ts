/** Texts of rows on planes: the place of the word in a list that is public. */
import { FALSE } from '../circuit-builder.ts'
import type { Planes } from '../circuit-builder.ts'
import { inSet } from '../circuit-gadgets.ts'

import type { AnswerExpression } from './answer-spec.ts'
import { formatValue } from './answer-value.ts'
import type { RowPlanes } from './column-planes.ts'
import { analyse, branchesOf } from './row-analysis.ts'
import type { CaseExpression } from './row-desugar.ts'
import { lookUp } from './row-lookup.ts'
import type { RowCircuit } from './row-number.ts'
import type { Scope } from './row-value.ts'

export interface Words {
  readonly words: readonly string[]
  /** The place of the row's word; left open where the text is NULL. */
  readonly planes: Planes
}

/** @throws RangeError if the expression is no text */
export function wordsOf(circuit: RowCircuit, expression: AnswerExpression, scope: Scope): Words {
  const analysis = analyse(expression, scope)
  if (analysis.shape.kind !== 'words') throw new RangeError('a number is no text')
  const { words } = analysis.shape
  switch (analysis.by) {
    case 'constant':
      return { words, planes: [] }
    case 'column': {
      const planes = circuit.row.columns.get(analysis.column)?.code
      if (planes === undefined) throw new RangeError(`${analysis.column.name} is not loaded`)
      return { words, planes }
    }
    case 'table': {
      const places = new Map(words.map((word, place) => [word, BigInt(place)]))
      const width = planesFor(words.length)
      const planes = lookUp(circuit.row, analysis.table, width, (result) => {
        return places.get(formatValue(result))!
      })
      return { words, planes }
    }
    case 'case':
      return { words, planes: ofCase(circuit, analysis.expression, scope, words) }
    case 'operands':
    case 'condition':
      throw new RangeError('a number is no text')
  }
}

/** The word that is taken, by its place among all that there can be; constants take no gate. */
function ofCase(
  circuit: RowCircuit,
  expression: CaseExpression,
  scope: Scope,
  words: readonly string[],
): Planes {
  const { builder } = circuit.row
  const branches = branchesOf(expression, scope)
    .filter(({ result }) => analyse(result, scope).shape.kind !== 'none')
    .map(({ taken, result }) => {
      const own = wordsOf(circuit, result, scope)
      return {
        plane: circuit.whereTrue(taken),
        planes: recode(circuit.row, own.planes, own.words, words),
      }
    })
  return Array.from({ length: planesFor(words.length) }, (_, i) =>
    builder.xorMany(branches.map(({ plane, planes }) => builder.and(plane, planes[i] ?? FALSE))),
  )
}

/** The place in one list from the place in another, all of whose words it has. */
export function recode(
  { builder, carryDepth }: RowPlanes,
  planes: Planes,
  from: readonly string[],
  to: readonly string[],
): Planes {
  if (from.length === to.length && from.every((word, place) => word === to[place])) return planes
  const places = new Map(to.map((word, place) => [word, place]))
  const targets = from.map((word) => places.get(word)!)
  return Array.from({ length: planesFor(to.length) }, (_, i) =>
    inSet(
      builder,
      planes,
      targets.flatMap((target, code) => (((target >> i) & 1) === 1 ? [code] : [])),
      carryDepth,
    ),
  )
}

/** Planes of a place among so many. */
function planesFor(count: number): number {
  return count <= 1 ? 0 : (count - 1).toString(2).length
}
