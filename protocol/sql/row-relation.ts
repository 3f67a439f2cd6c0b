/** Two computed values of a row compared on planes: numbers as linear forms, texts by their places in one order. */
import type { Planes, Wire } from '../circuit-builder.ts'
import { equals, lessThan } from '../circuit-gadgets.ts'

import type { AnswerExpression } from './answer-spec.ts'
import type { Predicate } from './bound.ts'
import { analyse } from './row-analysis.ts'
import { relateNumbers } from './row-number.ts'
import type { RowCircuit } from './row-number.ts'
import { union } from './row-shape.ts'
import type { Shape } from './row-shape.ts'
import { recode, wordsOf } from './row-words.ts'

/** 1 where left stands in the relation to right; left open where either is NULL. */
export function relateValues(
  circuit: RowCircuit,
  { relation, left, right, scope }: Extract<Predicate, { kind: 'values' }>,
): Wire {
  const shapes = [analyse(left, scope).shape, analyse(right, scope).shape] as const
  if (shapes[0].kind === 'numbers') return relateNumbers(circuit, relation, left, right, scope)
  const { builder, carryDepth } = circuit.row
  const all = sortedWords(shapes)
  const placeOf = (side: AnswerExpression): Planes => {
    const { words, planes } = wordsOf(circuit, side, scope)
    return recode(circuit.row, planes, words, all)
  }
  const [x, y] = [placeOf(left), placeOf(right)]
  switch (relation) {
    case 'equal':
      return equals(builder, x, y)
    case 'less':
      return lessThan(builder, x, y, carryDepth)
    case 'less-equal':
      return builder.not(lessThan(builder, y, x, carryDepth))
  }
}

function sortedWords([left, right]: readonly [Shape, Shape]): readonly string[] {
  const both = union(left, right)
  return both.kind === 'words' ? both.words : []
}
