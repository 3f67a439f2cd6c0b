/**
 * COALESCE, NULLIF, GREATEST, LEAST and ABS of rows as CASE: so that conditions, planes and field values have one
 * construct to deal with. What is made is a graph, its parts shared; whoever walks it has to remember.
 */
import type { AnswerExpression } from './answer-spec.ts'

export type CaseExpression = Extract<AnswerExpression, { kind: 'case' }>

const made = new WeakMap<AnswerExpression, CaseExpression>()

/** The expression as a CASE, if it is one of these or a CASE; else undefined. */
export function asCase(expression: AnswerExpression): CaseExpression | undefined {
  if (expression.kind === 'case') return expression
  if (expression.kind !== 'call') return undefined
  let result = made.get(expression)
  if (result === undefined) {
    result = desugar(expression)
    if (result !== undefined) made.set(expression, result)
  }
  return result
}

function desugar({
  function: name,
  arguments: operands,
}: Extract<AnswerExpression, { kind: 'call' }>): CaseExpression | undefined {
  const [first, ...others] = operands
  if (first === undefined) return undefined
  const called: string = name
  switch (called) {
    case 'coalesce':
      return others.length === 0
        ? chosen([], first)
        : chosen(
            operands.slice(0, -1).map((operand) => ({ when: isNotNull(operand), result: operand })),
            operands.at(-1),
          )
    case 'nullif': {
      const when: AnswerExpression = {
        kind: 'compare',
        operator: '=',
        left: first,
        right: others[0]!,
      }
      return chosen([{ when: { kind: 'not', operand: isTrue(when) }, result: first }], undefined)
    }
    case 'greatest':
    case 'least': {
      const operator = called === 'greatest' ? '>' : '<'
      // NULLs are passed over. In pairs, then pairs of pairs: each is named three times.
      const folded = inPairs(operands, (best, next) =>
        chosen(
          [
            {
              when: {
                kind: 'or',
                operands: [
                  isNull(best),
                  isTrue({ kind: 'compare', operator, left: next, right: best }),
                ],
              },
              result: next,
            },
          ],
          best,
        ),
      )
      return folded.kind === 'case' ? folded : chosen([], folded)
    }
    case 'abs': {
      const zero: AnswerExpression = { kind: 'literal', type: 'integer', text: '0' }
      return chosen(
        [
          {
            when: { kind: 'compare', operator: '<', left: first, right: zero },
            result: { kind: 'negate', operand: first },
          },
        ],
        first,
      )
    }
    default:
      return undefined
  }
}

function inPairs(
  operands: readonly AnswerExpression[],
  join: (left: AnswerExpression, right: AnswerExpression) => AnswerExpression,
): AnswerExpression {
  const [first] = operands
  if (operands.length === 1 && first !== undefined) return first
  const half = operands.length >> 1
  return join(inPairs(operands.slice(0, half), join), inPairs(operands.slice(half), join))
}

function chosen(
  branches: CaseExpression['branches'],
  otherwise: AnswerExpression | undefined,
): CaseExpression {
  return { kind: 'case', branches, ...(otherwise === undefined ? {} : { otherwise }) }
}

const isNull = (operand: AnswerExpression): AnswerExpression => ({
  kind: 'is',
  test: 'null',
  operand,
})
const isNotNull = (operand: AnswerExpression): AnswerExpression => ({
  kind: 'not',
  operand: isNull(operand),
})
const isTrue = (operand: AnswerExpression): AnswerExpression => ({
  kind: 'is',
  test: 'true',
  operand,
})
