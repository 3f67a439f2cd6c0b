/**
 * Conditions where some columns are known, as the keys of a group are: what is left of them. A group in which
 * nothing is left is empty, and everybody can see that from the text of the query.
 */
import type { Column } from '../../shares/schema.ts'

import type { Predicate } from './bound.ts'
import { contains } from './code-set.ts'
import {
  andPredicate,
  conditionsPredicate,
  constantPredicate,
  isTruePredicate,
  isUnknownPredicate,
  notPredicate,
  orPredicate,
} from './predicate.ts'

/** Codes of columns, null for NULL. */
export type KnownCodes = ReadonlyMap<Column, bigint | null>

/** Whether no row with these codes can pass, as far as folding constants shows. */
export function isRuledOut(condition: Predicate, known: KnownCodes): boolean {
  const left = specialise(condition, known)
  return left.kind === 'constant' && left.value !== true
}

/** The condition on rows with these codes. */
export function specialise(condition: Predicate, known: KnownCodes): Predicate {
  if (known.size === 0) return condition
  const left = (operand: Predicate): Predicate => specialise(operand, known)
  if (condition.kind === 'codes') {
    const code = known.get(condition.column)
    if (code === undefined) return condition
    return constantPredicate(code === null ? null : contains(condition.codes, code))
  }
  if (condition.kind === 'is-null') {
    const code = known.get(condition.column)
    return code === undefined ? condition : constantPredicate(code === null)
  }
  if (condition.kind === 'and') return andPredicate(condition.operands.map(left))
  if (condition.kind === 'or') return orPredicate(condition.operands.map(left))
  if (condition.kind === 'not') return notPredicate(left(condition.operand))
  if (condition.kind === 'is-true') return isTruePredicate(left(condition.operand))
  if (condition.kind === 'is-unknown') return isUnknownPredicate(left(condition.operand))
  if (condition.kind === 'conditions') {
    return conditionsPredicate(condition.relation, left(condition.left), left(condition.right))
  }
  return condition
}
