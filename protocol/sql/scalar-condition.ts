/**
 * Conditions and CASE among the expressions of SELECT and ORDER BY (scalar.ts): comparisons, BETWEEN, IN,
 * IS, AND, OR, NOT, CASE, GREATEST, LEAST. Literals without a type take that of what they stand beside.
 */
import type { AnswerComparison, AnswerExpression } from './answer-spec.ts'
import { listOf, locationOf, namesOf, open, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { settle, typed, unify } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'
import { unsupportedExpression } from './unsupported.ts'

/** Binds an operand. */
type Bind = (node: unknown) => Scalar

interface Place {
  readonly context: Context
  readonly leaves: Leaves
  readonly bind: Bind
  readonly location: number | undefined
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])

const KINDS: ReadonlySet<string> = new Set([
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
])

/** The expression if it is one of these, else undefined. @param bind of operands */
export function bindConditional(
  context: Context,
  leaves: Leaves,
  node: unknown,
  bind: Bind,
): Scalar | undefined {
  const { kind, fields } = open(node)
  const place: Place = { context, leaves, bind, location: locationOf(fields) }
  switch (kind) {
    case 'BoolExpr':
      return connective(place, fields)
    case 'BooleanTest':
      return truthTest(place, fields)
    case 'NullTest': {
      const operand = settle(context, bind(fields['arg']), 'text').expression
      const test = { kind: 'is', test: 'null', operand } as const
      return condition(place, fields['nulltesttype'] === 'IS_NOT_NULL' ? negated(test) : test)
    }
    case 'CaseExpr':
      return caseOf(place, fields)
    case 'MinMaxExpr': {
      const name = textOf(fields, 'op') === 'IS_GREATEST' ? 'greatest' : 'least'
      const operands = unify(context, leaves, listOf(fields, 'args').map(bind))
      const expressions = operands.map(({ expression }) => expression)
      return make(place, { kind: 'call', function: name, arguments: expressions })
    }
    case 'A_Expr':
      return comparison(place, fields)
    default:
      return undefined
  }
}

function make({ context, leaves, location }: Place, expression: AnswerExpression): Scalar {
  return typed(context, leaves, expression, location)
}

const condition = make

const negated = (operand: AnswerExpression): AnswerExpression => ({ kind: 'not', operand })

/** An operand that must be a condition. */
function booleanOperand({ context, bind }: Place, node: unknown, role: string): AnswerExpression {
  const operand = settle(context, bind(node), 'boolean')
  if (operand.type === 'boolean') return operand.expression
  throw fail(
    context,
    'SH_SQL_TYPE',
    `The argument of ${role} must be boolean, not ${operand.type}.`,
    operand.location,
    'Compare it with something.',
  )
}

function connective(place: Place, fields: Fields): Scalar {
  const word = textOf(fields, 'boolop').replace('_EXPR', '')
  const operands = listOf(fields, 'args').map((node) => booleanOperand(place, node, word))
  if (word === 'NOT') return condition(place, negated(operands[0]!))
  return condition(place, { kind: word === 'AND' ? 'and' : 'or', operands })
}

function truthTest(place: Place, fields: Fields): Scalar {
  const test = textOf(fields, 'booltesttype')
  const operand = booleanOperand(place, fields['arg'], test.replaceAll('_', ' '))
  const asked = test.replace('IS_NOT_', '').replace('IS_', '')
  const is: AnswerExpression = {
    kind: 'is',
    test: asked === 'UNKNOWN' ? 'null' : asked === 'TRUE' ? 'true' : 'false',
    operand,
  }
  return condition(place, test.startsWith('IS_NOT_') ? negated(is) : is)
}

/** Undefined if it is no comparison. */
function comparison(place: Place, fields: Fields): Scalar | undefined {
  const kind = textOf(fields, 'kind')
  const [name = ''] = namesOf(fields, 'name')
  const isOperator = kind === 'AEXPR_OP' && COMPARISONS.has(name) && fields['lexpr'] !== undefined
  if (!isOperator && !KINDS.has(kind)) return undefined
  const left = place.bind(fields['lexpr'])
  if (kind === 'AEXPR_LIKE' || kind === 'AEXPR_ILIKE') {
    const test = likeTest(place, left, kind === 'AEXPR_LIKE' ? 'like' : 'ilike', fields['rexpr'])
    return name.startsWith('!') ? condition(place, negated(test.expression)) : test
  }
  if (kind === 'AEXPR_IN') {
    const list = openAs(fields['rexpr'], 'List')
    if (list === undefined) throw unsupportedExpression(place.context, fields['rexpr'])
    const items = unify(place.context, place.leaves, [
      left,
      ...listOf(list, 'items').map(place.bind),
    ])
    const [first, ...others] = items.map(({ expression }) => expression)
    const operands = others.map((right) => equal(first!, right))
    const any: AnswerExpression = { kind: 'or', operands }
    return condition(place, name === '<>' ? negated(any) : any)
  }
  if (kind.includes('BETWEEN')) {
    const bounds = listOf(openAs(fields['rexpr'], 'List') ?? {}, 'items').map(place.bind)
    const operands = unify(place.context, place.leaves, [left, ...bounds])
    const [value, low, high] = operands.map(({ expression }) => expression)
    const straight = between(value!, low!, high!)
    const inside: AnswerExpression = kind.includes('SYM')
      ? { kind: 'or', operands: [straight, between(value!, high!, low!)] }
      : straight
    return condition(place, kind.includes('NOT') ? negated(inside) : inside)
  }
  const operands = unify(place.context, place.leaves, [left, place.bind(fields['rexpr'])])
  const [a, b] = operands.map(({ expression }) => expression)
  if (kind === 'AEXPR_OP') {
    return condition(place, {
      kind: 'compare',
      operator: name as AnswerComparison,
      left: a!,
      right: b!,
    })
  }
  const same = notDistinct(a!, b!)
  return condition(place, kind === 'AEXPR_DISTINCT' ? negated(same) : same)
}

/** The pattern comes with its escape character in a call of like_escape, where one is written. */
function likeTest(place: Place, left: Scalar, name: 'like' | 'ilike', node: unknown): Scalar {
  const { context, bind } = place
  const written = openAs(node, 'FuncCall')
  const hasEscape = written !== undefined && namesOf(written, 'funcname').at(-1) === 'like_escape'
  const [pattern, escape] = hasEscape ? listOf(written, 'args') : [node, undefined]
  const escaper: AnswerExpression =
    escape === undefined
      ? { kind: 'literal', type: 'text', text: '\\' }
      : settle(context, bind(escape), 'text').expression
  const operands = [left, bind(pattern)].map(
    (operand) => settle(context, operand, 'text').expression,
  )
  return condition(place, { kind: 'call', function: name, arguments: [...operands, escaper] })
}

const equal = (left: AnswerExpression, right: AnswerExpression): AnswerExpression => ({
  kind: 'compare',
  operator: '=',
  left,
  right,
})

function between(
  value: AnswerExpression,
  low: AnswerExpression,
  high: AnswerExpression,
): AnswerExpression {
  return {
    kind: 'and',
    operands: [
      { kind: 'compare', operator: '>=', left: value, right: low },
      { kind: 'compare', operator: '<=', left: value, right: high },
    ],
  }
}

/** Equal, or both NULL; never NULL itself. */
function notDistinct(left: AnswerExpression, right: AnswerExpression): AnswerExpression {
  const isNull = (operand: AnswerExpression): AnswerExpression => ({
    kind: 'is',
    test: 'null',
    operand,
  })
  return {
    kind: 'or',
    operands: [
      { kind: 'is', test: 'true', operand: equal(left, right) },
      { kind: 'and', operands: [isNull(left), isNull(right)] },
    ],
  }
}

/** `CASE x WHEN y` is `CASE WHEN x = y`. */
function caseOf(place: Place, fields: Fields): Scalar {
  const { context, leaves, bind } = place
  const subject = fields['arg']
  const whens = listOf(fields, 'args').map((node) => openAs(node, 'CaseWhen') ?? {})
  const conditions = whens.map((when) => {
    if (subject === undefined) return booleanOperand(place, when['expr'], 'CASE WHEN')
    const [a, b] = unify(context, leaves, [bind(subject), bind(when['expr'])])
    const compared = make(place, equal(a!.expression, b!.expression))
    return compared.expression
  })
  const last = fields['defresult']
  const results = [...whens.map((when) => when['result']), ...(last === undefined ? [] : [last])]
  const settled = unify(context, leaves, results.map(bind)).map(({ expression }) => expression)
  const branches = conditions.map((when, index) => ({ when, result: settled[index]! }))
  const otherwise = last === undefined ? {} : { otherwise: settled[whens.length]! }
  return make(place, { kind: 'case', branches, ...otherwise })
}
