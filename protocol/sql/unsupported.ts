/**
 * Expressions of PostgreSQL that are refused: what to call them and what to do instead. Anything that is
 * not bound elsewhere ends here, so nothing unknown is ever answered.
 */
import type { ShareholdError } from '../../shares/errors.ts'

import { AGGREGATE_FUNCTIONS } from './aggregate-functions.ts'
import { firstLocation, listOf, locationOf, namesOf, open, openAs, startOf, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { didYouMean, entryOf, quoteName } from './names.ts'
import {
  BY_KIND,
  BY_OPERATOR,
  BY_PREFIX_OPERATOR,
  BY_SYNTAX,
  SUB_QUERIES,
} from './unsupported-constructs.ts'
import type { Refusal } from './unsupported-constructs.ts'

const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~~*', '!~~*'])
const AS_VALUE: Refusal = { what: 'A condition as a value', hint: 'Conditions belong into WHERE.' }

/** Functions with a hint in common. */
const FAMILIES: readonly (readonly [names: string, hint: string])[] = [
  [
    'now transaction_timestamp statement_timestamp clock_timestamp timeofday',
    'Every node must plan the same: write the date as a literal.',
  ],
  [
    'random random_normal gen_random_uuid uuidv7 setseed',
    'Every node must plan the same: there is no randomness in a query.',
  ],
  [
    'array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg any_value xmlagg range_agg',
    'It would show the values of single rows.',
  ],
  [
    'generate_series generate_subscripts unnest regexp_split_to_table',
    'A query has a row for each group: GROUP BY a column.',
  ],
  ['if iif decode choose', 'Write CASE WHEN … THEN … ELSE … END.'],
  ['ifnull isnull nvl', 'Write COALESCE(x, y).'],
  ['datediff date_diff timestampdiff age', 'Subtract the dates: DATE a - DATE b.'],
  [
    'row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value',
    'Window functions belong into a sub-query in FROM, PARTITION BY the member.',
  ],
]

/** What to do instead of a function of PostgreSQL. */
const FUNCTION_HINTS: Readonly<Record<string, string>> = {
  median: 'Write percentile_cont(0.5) WITHIN GROUP (ORDER BY x).',
  mod: 'Write a % b.',
  power: 'Multiply: x * x.',
  trunc: 'ROUND, FLOOR and CEIL are there.',
  ...Object.fromEntries(
    FAMILIES.flatMap(([names, hint]) => names.split(' ').map((name) => [name, hint] as const)),
  ),
}

/** Names that a function call could have meant. */
const FUNCTIONS = [
  ...Object.keys(AGGREGATE_FUNCTIONS),
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
  const location = locationOf(fields) ?? startOf(node) ?? firstLocation(node)
  if (kind === 'FuncCall') return unsupportedCall(context, fields)
  return notSupported(context, refusalOf(kind, fields), location)
}

/** The error for a function call, or for the modifiers of one that is known. */
export function unsupportedCall(context: Context, call: Fields): ShareholdError {
  const names = namesOf(call, 'funcname')
  const name = names.at(-1) ?? ''
  const location = locationOf(call) ?? startOf(listOf(call, 'args')[0])
  const syntax = call['funcformat'] === 'COERCE_SQL_SYNTAX' ? entryOf(BY_SYNTAX, name) : undefined
  const refusal = modifierOf(call) ?? syntax
  if (refusal !== undefined) return notSupported(context, refusal, location)
  return fail(
    context,
    'SH_SQL_UNSUPPORTED',
    `Function ${names.join('.')} is not supported here.`,
    location,
    names[0] === 'pg_catalog' && call['funcformat'] === 'COERCE_EXPLICIT_CALL'
      ? `Write ${name} without pg_catalog.`
      : ((names.length === 1 ? entryOf(FUNCTION_HINTS, name) : undefined) ??
          didYouMean(name, FUNCTIONS)),
  )
}

function notSupported(
  context: Context,
  { what, plural, hint }: Refusal,
  location: number | undefined,
): ShareholdError {
  const verb = plural === true ? 'are' : 'is'
  return fail(context, 'SH_SQL_UNSUPPORTED', `${what} ${verb} not supported here.`, location, hint)
}

/** What is unusual about a call: window, FILTER, ORDER BY, DISTINCT, VARIADIC. */
export function modifierOf(call: Fields): Refusal | undefined {
  if (call['over'] !== undefined) {
    return {
      what: 'A window function (OVER)',
      hint: 'Write it into a sub-query in FROM, PARTITION BY the member; or use GROUP BY.',
    }
  }
  if (call['agg_filter'] !== undefined) {
    return { what: 'FILTER here', hint: 'It belongs to an aggregate: COUNT(*) FILTER (WHERE …).' }
  }
  if (call['agg_within_group'] === true) {
    return {
      what: 'WITHIN GROUP',
      hint: 'It belongs to percentile_cont, percentile_disc and mode.',
    }
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

function refusalOf(kind: string, fields: Fields): Refusal {
  if (kind === 'A_Expr') return operatorRefusal(fields)
  if (kind === 'SubLink') return SUB_QUERIES[textOf(fields, 'subLinkType')] ?? otherRefusal(kind)
  if (kind === 'A_Indirection') return fieldRefusal(fields)
  const operation = textOf(fields, 'op')
  if (kind === 'XmlExpr') return named(BY_KIND[kind]!, operation.replace(/^IS_(?=XML)/u, ''))
  if (kind === 'JsonFuncExpr') return named(BY_KIND[kind]!, operation.replace(/_OP$/u, ''))
  return BY_KIND[kind] ?? otherRefusal(kind)
}

function named(refusal: Refusal, name: string): Refusal {
  return { ...refusal, what: name.replace('IS_DOCUMENT', 'IS DOCUMENT') }
}

function operatorRefusal(fields: Fields): Refusal {
  const names = namesOf(fields, 'name')
  const operator = names.at(-1) ?? ''
  const kind = textOf(fields, 'kind')
  if (kind === 'AEXPR_SIMILAR') return { what: 'SIMILAR TO', hint: 'Use LIKE or IN.' }
  if (kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL') {
    return {
      what: 'ANY and ALL over an array',
      plural: true,
      hint: 'Write a list: x IN (1, 2).',
    }
  }
  if (names.length > 1) return { what: 'OPERATOR(…)', hint: `Write ${operator} alone.` }
  if (kind !== 'AEXPR_OP' || COMPARISONS.has(operator)) return AS_VALUE
  const known = fields['lexpr'] === undefined ? BY_PREFIX_OPERATOR : BY_OPERATOR
  return (
    entryOf(known, operator) ?? {
      what: `Operator ${operator}`,
      hint: 'There are + - * / % for numbers, and = <> < <= > >= LIKE in WHERE.',
    }
  )
}

/** `(trips).fare` is what a person means by trips.fare. */
function fieldRefusal(fields: Fields): Refusal {
  const base = namesOf(openAs(fields['arg'], 'ColumnRef') ?? {}, 'fields')
  const field = namesOf({ parts: listOf(fields, 'indirection') }, 'parts')
  const what = 'A field or element of a value'
  if (base.length === 1 && field.length === 1 && field[0] !== '') {
    return {
      what,
      hint: `Write ${quoteName(base[0]!)}.${quoteName(field[0]!)}, without parentheses.`,
    }
  }
  return { what, hint: 'Name a column of the dataset.' }
}

function otherRefusal(kind: string): Refusal {
  const words = kind.replaceAll(/([a-z])([A-Z])/gu, '$1 $2').replace(/ Expr$/u, '')
  return {
    what: words === '' ? 'This expression' : `This expression (${words})`,
    hint: 'Use columns, literals, aggregates and + - * / %.',
  }
}
