/** Conditions as values of the answer, in three-valued logic: comparisons, AND, OR, NOT, IS, CASE. */
import { joinedType, missing, strict } from './answer-bound.ts'
import type { Bound } from './answer-bound.ts'
import type { AnswerComparison } from './answer-spec.ts'
import { castValue, compareValues, isTrue } from './answer-value.ts'
import type { Value } from './answer-value.ts'

const truth = (value: boolean): Value => ({ type: 'boolean', value: value ? 't' : 'f' })

const isTruth = (value: Value): boolean => value.type === 'boolean' && isTrue(value.value)

/** An operand that must be boolean. */
function asCondition(operand: Bound): Bound {
  if (operand.type === 'boolean' || operand.untyped === true) return operand
  throw missing('A condition', [operand])
}

const COMPARE: Readonly<Record<AnswerComparison, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

export function bindComparison(operator: AnswerComparison, left: Bound, right: Bound): Bound {
  const type = joinedType([left, right])
  return {
    type: 'boolean',
    evaluate: (row) => {
      const a = left.evaluate(row)
      const b = right.evaluate(row)
      if (a === null || b === null) return null
      return truth(COMPARE[operator](compareValues(castValue(a, type), castValue(b, type))))
    },
  }
}

export function bindNot(operand: Bound): Bound {
  return strict(asCondition(operand), 'boolean', (value) => truth(!isTruth(value)))
}

/** AND and OR: one operand that decides is enough; without one, an unknown operand makes it unknown. */
export function bindConnective(kind: 'and' | 'or', operands: readonly Bound[]): Bound {
  const conditions = operands.map(asCondition)
  const deciding = kind === 'or'
  return {
    type: 'boolean',
    evaluate: (row) => {
      let unknown = false
      for (const condition of conditions) {
        const value = condition.evaluate(row)
        if (value === null) unknown = true
        else if (isTruth(value) === deciding) return truth(deciding)
      }
      return unknown ? null : truth(!deciding)
    },
  }
}

export function bindTest(test: 'null' | 'true' | 'false', operand: Bound): Bound {
  const tested = test === 'null' ? operand : asCondition(operand)
  return {
    type: 'boolean',
    evaluate: (row) => {
      const value = tested.evaluate(row)
      if (test === 'null' || value === null) return truth(test === 'null' && value === null)
      return truth(isTruth(value) === (test === 'true'))
    },
  }
}

interface BoundBranch {
  readonly when: Bound
  readonly result: Bound
}

/** Evaluates no further than the branch that is taken. */
export function bindCase(branches: readonly BoundBranch[], otherwise: Bound | undefined): Bound {
  const conditions = branches.map(({ when }) => asCondition(when))
  const type = joinedType([
    ...branches.map(({ result }) => result),
    ...(otherwise ? [otherwise] : []),
  ])
  return {
    type,
    evaluate: (row) => {
      const taken = branches.find((_, index) => {
        const value = conditions[index]!.evaluate(row)
        return value !== null && isTruth(value)
      })
      const value = (taken?.result ?? otherwise)?.evaluate(row) ?? null
      return value === null ? null : castValue(value, type)
    },
  }
}
