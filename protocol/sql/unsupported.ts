/**
 * Expressions of PostgreSQL that are refused: what to call them and what to do instead. Anything that is
 * not bound elsewhere ends here, so nothing unknown is ever answered.
 */
import type { ShareholdError } from '../../shares/errors.ts'

import { locationOf, namesOf, open, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { didYouMean } from './names.ts'

interface Refusal {
  readonly what: string
  readonly hint: string
}

const BY_KIND: Readonly<Record<string, Refusal>> = {
  SubLink: { what: 'A sub-query', hint: 'Ask two queries, one after the other.' },
  CaseExpr: { what: 'CASE', hint: 'Move the conditions into WHERE, one query for each.' },
  A_ArrayExpr: { what: 'An array', hint: 'Write a list: x IN (1, 2).' },
  RowExpr: { what: 'A row of values', hint: 'Compare the columns one by one, joined by AND.' },
  ParamRef: { what: 'A parameter', hint: 'Write the value into the text of the query.' },
  SQLValueFunction: {
    what: 'The current date, time or user',
    hint: 'Every node must plan the same: write the value as a literal.',
  },
  CollateClause: { what: 'COLLATE', hint: 'Text is compared by its bytes (collation "C").' },
  GroupingFunc: { what: 'GROUPING', hint: 'Group by one set of columns at a time.' },
  A_Indirection: { what: 'A field or element of a value', hint: 'Name a column of the dataset.' },
  SetToDefault: { what: 'DEFAULT', hint: 'Write a value.' },
  NamedArgExpr: { what: 'A named argument', hint: 'Give arguments by position.' },
}

const BY_OPERATOR: Readonly<Record<string, Refusal>> = {
  '||': { what: 'Joining texts with ||', hint: 'Join the texts after the answer has arrived.' },
  '^': { what: 'The power operator ^', hint: 'Multiply: x * x.' },
  '~': { what: 'A regular expression', hint: 'Use LIKE or IN.' },
  '~*': { what: 'A regular expression', hint: 'Use ILIKE or IN.' },
  '!~': { what: 'A regular expression', hint: 'Use NOT LIKE or NOT IN.' },
  '!~*': { what: 'A regular expression', hint: 'Use NOT ILIKE or NOT IN.' },
}

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~~*', '!~~*'])
const AS_VALUE: Refusal = { what: 'A condition as a value', hint: 'Conditions belong into WHERE.' }

const LATER_AGGREGATES: Readonly<Record<string, string>> = {
  min: 'MIN and MAX come in a later release; COUNT(*) with WHERE x < … brackets them today.',
  max: 'MIN and MAX come in a later release; COUNT(*) with WHERE x > … brackets them today.',
  median: 'Quantiles come in a later release; COUNT(*) with WHERE x < … brackets them today.',
  percentile_cont:
    'Quantiles come in a later release; COUNT(*) with WHERE x < … brackets them today.',
  percentile_disc:
    'Quantiles come in a later release; COUNT(*) with WHERE x < … brackets them today.',
  mode: 'GROUP BY the column and ORDER BY COUNT(*) DESC.',
  bool_and: 'Count the rows where it is false: COUNT(*) with WHERE NOT x.',
  every: 'Count the rows where it is false: COUNT(*) with WHERE NOT x.',
  bool_or: 'Count the rows where it is true: COUNT(*) with WHERE x.',
  array_agg: 'It would show the values of single rows.',
  string_agg: 'It would show the values of single rows.',
  json_agg: 'It would show the values of single rows.',
  jsonb_agg: 'It would show the values of single rows.',
  corr: 'Correlation comes in a later release.',
  covar_pop: 'Covariance comes in a later release.',
  covar_samp: 'Covariance comes in a later release.',
  mod: 'Write a % b.',
  power: 'Multiply: x * x.',
  trunc: 'ROUND, FLOOR and CEIL are there.',
  now: 'Every node must plan the same: write the date as a literal.',
}

/** Names that a function call could have meant. */
const FUNCTIONS = [
  'count',
  'sum',
  'avg',
  'var_pop',
  'var_samp',
  'variance',
  'stddev_pop',
  'stddev_samp',
  'stddev',
  'round',
  'abs',
  'floor',
  'ceil',
  'sqrt',
  'coalesce',
  'nullif',
]

/** The error for an expression that has no meaning here. */
export function unsupportedExpression(context: Context, node: unknown): ShareholdError {
  const { kind, fields } = open(node)
  const location = kind === 'A_Expr' ? locationOf(fields) : (locationOf(fields) ?? startOf(node))
  if (kind === 'FuncCall') return unsupportedCall(context, fields)
  const { what, hint } =
    kind === 'A_Expr' ? operatorRefusal(fields) : (BY_KIND[kind] ?? otherRefusal(kind))
  const message = /s$|&$/u.test(what) || what.includes(' and ') ? 'are' : 'is'
  return fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `${what} ${message} not supported here.`,
    location,
    hint,
  )
}

/** The error for a function call, or for the modifiers of one that is known. */
export function unsupportedCall(context: Context, call: Fields): ShareholdError {
  const names = namesOf(call, 'funcname')
  const name = names.at(-1) ?? ''
  const location = locationOf(call)
  const modifier = modifierOf(call)
  if (modifier !== undefined) {
    return fail(
      context,
      'SH_SQL_UNSUPPORTED',
      `${modifier.what} is not supported.`,
      location,
      modifier.hint,
    )
  }
  return fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `Function ${names.join('.')} is not supported here.`,
    location,
    (names.length === 1 ? LATER_AGGREGATES[name] : undefined) ?? didYouMean(name, FUNCTIONS),
  )
}

/** What is unusual about a call: window, FILTER, ORDER BY, DISTINCT, VARIADIC. */
export function modifierOf(call: Fields): Refusal | undefined {
  if (call['over'] !== undefined) {
    return { what: 'A window function (OVER)', hint: 'Use GROUP BY.' }
  }
  if (call['agg_filter'] !== undefined) {
    return { what: 'FILTER here', hint: 'It belongs to an aggregate: COUNT(*) FILTER (WHERE …).' }
  }
  if (call['agg_order'] !== undefined) {
    return {
      what: 'ORDER BY inside an aggregate',
      hint: 'The order of rows has no effect: leave it away.',
    }
  }
  if (call['agg_distinct'] === true) {
    return { what: 'DISTINCT inside an aggregate', hint: 'GROUP BY the column to see its values.' }
  }
  if (call['func_variadic'] === true) return { what: 'VARIADIC', hint: 'Write the arguments out.' }
  return undefined
}

function operatorRefusal(fields: Fields): Refusal {
  const operator = namesOf(fields, 'name').at(-1) ?? ''
  const kind = textOf(fields, 'kind')
  if (kind === 'AEXPR_SIMILAR') return { what: 'SIMILAR TO', hint: 'Use LIKE or IN.' }
  if (kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL') {
    return { what: 'ANY and ALL over an array', hint: 'Write a list: x IN (1, 2).' }
  }
  if (kind !== 'AEXPR_OP' || COMPARISONS.has(operator)) return AS_VALUE
  return (
    BY_OPERATOR[operator] ?? {
      what: `Operator ${operator}`,
      hint: 'There are + - * / % for numbers, and = <> < <= > >= LIKE in WHERE.',
    }
  )
}

function otherRefusal(kind: string): Refusal {
  const words = kind.replaceAll(/([a-z])([A-Z])/gu, '$1 $2').replace(/ Expr$/u, '')
  return {
    what: words === '' ? 'This expression' : `This expression (${words})`,
    hint: 'Use columns, literals, aggregates and + - * / %.',
  }
}
