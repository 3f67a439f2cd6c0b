/**
 * WHERE: conditions over the columns of one row, in SQL's three-valued logic. Whatever compares a column
 * with constants is decided for every code at plan time; what is left for the nodes are sets of codes,
 * comparisons of two columns and connectives.
 */
import type { AnswerExpression } from './answer-spec.ts'
import { listOf, locationOf, namesOf, open, openAs, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { bindRow } from './bind-row.ts'
import type { Predicate } from './bound.ts'
import { codesOf } from './code-set.ts'
import type { Comparison } from './code-set.ts'
import { sqlTypeOf } from './column-domain.ts'
import {
  asCondition,
  compare,
  isNull,
  noOperator,
  notDistinct,
  settleOperand,
  typeOfList,
} from './comparison.ts'
import type { Operand } from './comparison.ts'
import { fail, locate, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { likeMatcher } from './like.ts'
import {
  andPredicate,
  codesPredicate,
  constantPredicate,
  isTruePredicate,
  isUnknownPredicate,
  notPredicate,
  orPredicate,
  UNKNOWN_PREDICATE,
} from './predicate.ts'
import { conditionOf } from './row-analysis.ts'
import { placesIn } from './row-value.ts'
import { constantValue } from './scalar.ts'
import { unsupportedExpression } from './unsupported.ts'

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])
const CONDITION_KINDS: ReadonlySet<string> = new Set([
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
])

/**
 * Binds an expression that must be a condition.
 *
 * @param role where it stands, for the error: "WHERE", "AND"
 * @throws ShareholdError SH_SQL_TYPE, SH_SQL_LITERAL, SH_SQL_UNSUPPORTED, SH_SQL_UNKNOWN_COLUMN, SH_POLICY_MEMBER …
 */
export function bindCondition(context: Context, node: unknown, role: string): Predicate {
  return asCondition(context, bindOperand(context, node), role)
}

function bindOperand(context: Context, node: unknown): Operand {
  const { kind, fields } = open(node)
  const location = startOf(node)
  const condition = (value: Predicate): Operand => ({
    kind: 'condition',
    type: 'boolean',
    condition: value,
    location,
  })
  switch (kind) {
    case 'ColumnRef': {
      const column = resolveColumn(context, fields)
      return { kind: 'column', column, type: sqlTypeOf(column), location }
    }
    case 'BoolExpr':
      return condition(bindConnective(context, fields))
    case 'BooleanTest':
      return condition(bindTruthTest(context, fields))
    case 'NullTest': {
      const test = isNull(context, bindOperand(context, fields['arg']))
      return condition(fields['nulltesttype'] === 'IS_NOT_NULL' ? notPredicate(test) : test)
    }
    case 'A_Expr':
      if (isCondition(fields)) return condition(bindComparison(context, fields))
      return bindComputed(context, node)
    default:
      return bindComputed(context, node)
  }
}

function isCondition(fields: Fields): boolean {
  const names = namesOf(fields, 'name')
  const kind = textOf(fields, 'kind')
  if (kind !== 'AEXPR_OP') return CONDITION_KINDS.has(kind)
  return names.length === 1 && COMPARISONS.has(names[0]!) && fields['lexpr'] !== undefined
}

function bindConnective(context: Context, fields: Fields): Predicate {
  const word = textOf(fields, 'boolop').replace('_EXPR', '')
  const operands = listOf(fields, 'args').map((node) => bindCondition(context, node, word))
  if (word === 'AND') return andPredicate(operands)
  if (word === 'OR') return orPredicate(operands)
  return notPredicate(operands[0] ?? UNKNOWN_PREDICATE)
}

function bindTruthTest(context: Context, fields: Fields): Predicate {
  const test = textOf(fields, 'booltesttype')
  const operand = bindCondition(context, fields['arg'], test.replaceAll('_', ' '))
  const asked = test.replace('IS_NOT_', '').replace('IS_', '')
  const result =
    asked === 'UNKNOWN'
      ? isUnknownPredicate(operand)
      : isTruePredicate(asked === 'TRUE' ? operand : notPredicate(operand))
  return test.startsWith('IS_NOT_') ? notPredicate(result) : result
}

function bindComparison(context: Context, fields: Fields): Predicate {
  const location = locationOf(fields)
  const [name = ''] = namesOf(fields, 'name')
  const kind = textOf(fields, 'kind')
  const left = bindOperand(context, fields['lexpr'])
  switch (kind) {
    case 'AEXPR_IN': {
      const test = bindIn(context, left, fields, location)
      return name === '<>' ? notPredicate(test) : test
    }
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE': {
      const test = bindLike(context, left, fields, location)
      return name.startsWith('!') ? notPredicate(test) : test
    }
    case 'AEXPR_BETWEEN':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN_SYM': {
      const test = bindBetween(context, left, fields, location)
      return kind.includes('NOT') ? notPredicate(test) : test
    }
    case 'AEXPR_DISTINCT':
      return notPredicate(
        notDistinct(context, left, bindOperand(context, fields['rexpr']), location),
      )
    case 'AEXPR_NOT_DISTINCT':
      return notDistinct(context, left, bindOperand(context, fields['rexpr']), location)
    default: {
      const right = bindOperand(context, fields['rexpr'])
      return compare(context, name as Comparison, left, right, location)
    }
  }
}

function bindBetween(
  context: Context,
  left: Operand,
  fields: Fields,
  location: number | undefined,
): Predicate {
  const bounds = listOf(openAs(fields['rexpr'], 'List') ?? {}, 'items')
  const [low, high] = bounds.map((node) => bindOperand(context, node))
  if (low === undefined || high === undefined) throw unsupportedExpression(context, fields)
  const between = (from: Operand, to: Operand): Predicate =>
    andPredicate([
      compare(context, '>=', left, from, location),
      compare(context, '<=', left, to, location),
    ])
  const straight = between(low, high)
  if (!textOf(fields, 'kind').includes('SYM')) return straight
  return orPredicate([straight, between(high, low)])
}

function bindIn(
  context: Context,
  left: Operand,
  fields: Fields,
  location: number | undefined,
): Predicate {
  const list = openAs(fields['rexpr'], 'List')
  if (list === undefined) throw unsupportedExpression(context, fields['rexpr'])
  const items = listOf(list, 'items').map((node) => bindOperand(context, node))
  const constants = items.filter(({ kind }) => kind === 'constant')
  // Several constants are an array to PostgreSQL: literals without a type take the type of all together.
  const type = constants.length > 1 ? typeOfList([left, ...constants]) : undefined
  const settle = (operand: Operand): Operand =>
    type === undefined ? operand : settleOperand(context, operand, type)
  return orPredicate(
    items.map((item) => compare(context, '=', settle(left), settle(item), location)),
  )
}

function bindLike(
  context: Context,
  operand: Operand,
  fields: Fields,
  location: number | undefined,
): Predicate {
  const ignoreCase = fields['kind'] === 'AEXPR_ILIKE'
  const { pattern, escape } = likePattern(context, fields)
  const left = settleOperand(context, operand, 'text')
  if (left.type !== 'text' || pattern.type !== 'text') {
    throw noOperator(context, ignoreCase ? 'ILIKE' : 'LIKE', left.type, pattern.type, location)
  }
  if (pattern.kind !== 'constant' || escape.kind !== 'constant') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'The pattern of LIKE must be a constant.',
      pattern.location,
      'Compare two columns with = or <.',
    )
  }
  if (pattern.value?.type !== 'text' || escape.value?.type !== 'text') return UNKNOWN_PREDICATE
  const [template, escaper] = [pattern.value.value, escape.value.value]
  const matches = locate(context, pattern.location, () =>
    likeMatcher(template, escaper, ignoreCase),
  )
  if (left.kind === 'column' && left.column.type === 'text') {
    return codesPredicate(left.column, codesOf(left.column.dictionary.map(matches)))
  }
  if (left.kind === 'value') {
    const literals = [template, escaper].map((text): AnswerExpression => ({
      kind: 'literal',
      type: 'text',
      text,
    }))
    const test: AnswerExpression = {
      kind: 'call',
      function: ignoreCase ? 'ilike' : 'like',
      arguments: [left.expression, ...literals],
    }
    return locate(context, left.location, () => conditionOf(test, context.columns))
  }
  if (left.kind !== 'constant' || left.value?.type !== 'text') return UNKNOWN_PREDICATE
  return constantPredicate(matches(left.value.value))
}

/** The pattern, and the escape character of `LIKE … ESCAPE …`, a backslash if none is written. */
function likePattern(
  context: Context,
  fields: Fields,
): { readonly pattern: Operand; readonly escape: Operand } {
  const bind = (node: unknown): Operand =>
    settleOperand(context, bindOperand(context, node), 'text')
  const call = openAs(fields['rexpr'], 'FuncCall')
  if (call !== undefined && namesOf(call, 'funcname').at(-1) === 'like_escape') {
    const [pattern, escape] = listOf(call, 'args').map(bind)
    if (pattern !== undefined && escape !== undefined) return { pattern, escape }
  }
  return {
    pattern: bind(fields['rexpr']),
    escape: {
      kind: 'constant',
      type: 'text',
      value: { type: 'text', value: '\\' },
      location: undefined,
    },
  }
}

/** Anything else: computed from columns, or constant. */
function bindComputed(context: Context, node: unknown): Operand {
  const scalar = bindRow(context, node, IN_WHERE)
  const { type, untyped, expression } = scalar
  const location = startOf(node) ?? scalar.location
  if (placesIn(expression).length > 0) {
    const scope = context.columns
    if (type === 'boolean') {
      const condition = locate(context, location, () => conditionOf(expression, scope))
      return { kind: 'condition', type, condition, location }
    }
    return { kind: 'value', type, expression, location }
  }
  const value = untyped === undefined ? constantValue(context, scalar) : null
  return { kind: 'constant', type, value, ...(untyped === undefined ? {} : { untyped }), location }
}

const IN_WHERE = {
  message: 'Aggregate functions are not allowed in WHERE.',
  hint: 'WHERE chooses rows, before anything is aggregated.',
}
