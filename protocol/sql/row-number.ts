/**
 * Numbers of rows on planes. A number is a linear form of natural numbers, so that sums, differences and
 * products with constants take no gate; planes are made where they are needed: for a product, for a choice, or
 * for whoever reads the number bit by bit. What a number is where it is NULL is left open.
 *
 * Cost, for k planes: a sum about k ANDs a summand beyond the first, and a carry; a product k*k, and as many
 * adders; a CASE k ANDs a branch that is not constant, none for the others; a table as `lookUp`.
 */
import { FALSE } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import { isNegative, isZero, productOf, sumOf } from '../linear-circuit.ts'
import type { Term } from '../linear-circuit.ts'

import type { AnswerExpression } from './answer-spec.ts'
import type { Predicate, Relation } from './bound.ts'
import { floorDivide } from './code-set.ts'
import { domainOf } from './column-domain.ts'
import type { Form, RowPlanes } from './column-planes.ts'
import { MICROSECONDS_PER_DAY } from './datetime.ts'
import { powerOfTen } from './numeric.ts'
import { analyse, branchesOf, isDifferenceOfDates } from './row-analysis.ts'
import type { Analysis } from './row-analysis.ts'
import type { CaseExpression } from './row-desugar.ts'
import { lookUp } from './row-lookup.ts'
import { numberOf } from './row-shape.ts'
import type { NumbersShape } from './row-shape.ts'
import { resultsOf } from './row-table.ts'
import { placesIn } from './row-value.ts'
import type { Scope } from './row-value.ts'

/** What numbers are built over. */
export interface RowCircuit {
  readonly row: RowPlanes
  /** The plane that is 1 where a condition is true. */
  readonly whereTrue: (condition: Predicate) => Wire
}

/** value * 10^scale = origin + factor * natural number. */
export interface Natural {
  readonly planes: Planes
  /** What the natural number on the planes is at most. */
  readonly most: bigint
  readonly origin: bigint
  readonly factor: bigint
  readonly scale: number
}

/** The number as a linear form. @throws RangeError if the expression is no number */
export function formOf(circuit: RowCircuit, expression: AnswerExpression, scope: Scope): Form {
  const { forms } = circuit.row.built
  let form = forms.get(expression)
  if (form === undefined) {
    form = build(circuit, expression, scope)
    forms.set(expression, form)
  }
  return form
}

/** The number on planes. */
export function naturalOf(
  circuit: RowCircuit,
  expression: AnswerExpression,
  scope: Scope,
): Natural {
  const { builder } = circuit.row
  const { scale, ...form } = formOf(circuit, expression, scope)
  const [term, ...others] = form.terms
  if (term !== undefined && others.length === 0 && term.factor > 0n) {
    const { planes, factor, most = (1n << BigInt(planes.length)) - 1n } = term
    return { planes, most, origin: form.constant, factor, scale }
  }
  const factor = form.terms.reduce((all, { factor }) => greatestCommonDivisor(all, factor), 0n)
  if (factor === 0n) return { planes: [], most: 0n, origin: form.constant, factor: 1n, scale }
  const { origin, most } = rangeOf(form)
  const terms = divided(form.terms, factor)
  const constant = (form.constant - origin) / factor
  const largest = (most - origin) / factor
  const planes = sumOf(builder, terms, constant, planesFor(largest), circuit.row.carryDepth)
  return { planes, most: largest, origin, factor, scale }
}

/** 1 where left stands in the relation to right; left open where either is NULL. */
export function relateNumbers(
  circuit: RowCircuit,
  relation: Relation,
  left: AnswerExpression,
  right: AnswerExpression,
  scope: Scope,
): Wire {
  const { builder, carryDepth } = circuit.row
  const [a, b] = [left, right].map((side) => formOf(circuit, side, scope))
  const below = (x: Form, y: Form): Wire => {
    const { terms, constant } = sumForms(x, scaled(y, -1n))
    const factor = terms.reduce((all, { factor }) => greatestCommonDivisor(all, factor), 0n)
    if (factor === 0n) return builder.constant(constant < 0n)
    return isNegative(builder, divided(terms, factor), floorDivide(constant, factor), carryDepth)
  }
  switch (relation) {
    case 'less':
      return below(a!, b!)
    case 'less-equal':
      return builder.not(below(b!, a!))
    case 'equal': {
      const { terms, constant } = sumForms(a!, scaled(b!, -1n))
      const factor = terms.reduce((all, { factor }) => greatestCommonDivisor(all, factor), 0n)
      if (factor === 0n) return builder.constant(constant === 0n)
      if (constant % factor !== 0n) return FALSE
      return isZero(builder, divided(terms, factor), constant / factor)
    }
  }
}

function build(circuit: RowCircuit, expression: AnswerExpression, scope: Scope): Form {
  const analysis = analyse(expression, scope)
  const shape = analysis.shape
  if (shape.kind === 'none') return { terms: [], constant: 0n, scale: 0 }
  if (shape.kind === 'words') throw new RangeError('a text is no number')
  switch (analysis.by) {
    case 'constant':
      return { terms: [], constant: shape.least, scale: shape.scale }
    case 'column': {
      const { origin, step, size } = domainOf(analysis.column)
      const planes = circuit.row.columns.get(analysis.column)?.code
      if (planes === undefined) throw new RangeError(`${analysis.column.name} is not loaded`)
      const terms = [{ planes, most: size - 1n, factor: step }]
      return { terms, constant: origin, scale: shape.scale }
    }
    case 'condition': {
      const plane = circuit.whereTrue(analysis.condition)
      return { terms: [{ planes: [plane], factor: 1n }], constant: 0n, scale: 0 }
    }
    case 'table':
      return ofTable(circuit, analysis, shape)
    case 'operands':
      return ofOperands(circuit, expression, scope)
    case 'case':
      return ofCase(circuit, analysis.expression, scope, shape.scale)
  }
}

function ofTable(
  { row }: RowCircuit,
  { table }: Analysis & { by: 'table' },
  shape: NumbersShape,
): Form {
  const { least, scale } = shape
  const digitsOf = (value: Parameters<typeof numberOf>[0]): bigint => {
    const number = numberOf(value)
    if (number === undefined) throw new RangeError('a text is no number')
    return number.digits * powerOfTen(scale - number.scale)
  }
  let factor = 0n
  let most = 0n
  for (const result of resultsOf(table)) {
    const digits = digitsOf(result) - least
    factor = greatestCommonDivisor(factor, digits)
    if (digits > most) most = digits
  }
  if (factor === 0n) return { terms: [], constant: least, scale }
  const planes = lookUp(row, table, planesFor(most / factor), (result) => {
    return (digitsOf(result) - least) / factor
  })
  return { terms: [{ planes, most: most / factor, factor }], constant: least, scale }
}

function ofOperands(circuit: RowCircuit, expression: AnswerExpression, scope: Scope): Form {
  const of = (operand: AnswerExpression): Form => formOf(circuit, operand, scope)
  switch (expression.kind) {
    case 'negate':
      return scaled(of(expression.operand), -1n)
    case 'cast': {
      const form = of(expression.operand)
      return expression.precision === undefined ? form : toScale(form, expression.scale ?? 0)
    }
    case 'binary': {
      const { operator, left, right } = expression
      if (operator === '+') return sumForms(of(left), of(right))
      if (operator === '-') {
        const difference = sumForms(of(left), scaled(of(right), -1n))
        return isDifferenceOfDates(expression, scope) ? inDays(difference) : difference
      }
      return multiply(circuit, left, right, scope)
    }
    case 'aggregate':
    case 'window':
    case 'and':
    case 'call':
    case 'case':
    case 'compare':
    case 'is':
    case 'key':
    case 'literal':
    case 'not':
    case 'or':
      throw new RangeError(`${expression.kind} has no circuit`)
  }
}

/** Dates are whole days. */
function inDays({ terms, constant, scale }: Form): Form {
  const days = divided(terms, MICROSECONDS_PER_DAY)
  return { terms: days, constant: constant / MICROSECONDS_PER_DAY, scale }
}

function multiply(
  circuit: RowCircuit,
  left: AnswerExpression,
  right: AnswerExpression,
  scope: Scope,
): Form {
  for (const [constant, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (placesIn(constant).length > 0) continue
    const factor = formOf(circuit, constant, scope)
    const form = scaled(formOf(circuit, other, scope), factor.constant)
    return { ...form, scale: form.scale + factor.scale }
  }
  const { builder, carryDepth } = circuit.row
  const x = factorOf(circuit, left, scope)
  const y = factorOf(circuit, right, scope)
  const planes = productOf(builder, x.planes, y.planes, carryDepth)
  const terms = [
    { planes, most: x.most * y.most, factor: x.factor * y.factor },
    { planes: x.planes, most: x.most, factor: x.factor * y.origin },
    { planes: y.planes, most: y.most, factor: y.factor * x.origin },
  ]
  const scale = x.scale + y.scale
  return sumForms({ terms, constant: x.origin * y.origin, scale }, zero(scale))
}

/** As `naturalOf`, but a single term stays as it is, also where it is subtracted. */
function factorOf(circuit: RowCircuit, expression: AnswerExpression, scope: Scope): Natural {
  const { terms, constant, scale } = formOf(circuit, expression, scope)
  const [term, ...others] = terms
  if (term === undefined || others.length > 0) return naturalOf(circuit, expression, scope)
  const { planes, factor, most = (1n << BigInt(planes.length)) - 1n } = term
  return { planes, most, origin: constant, factor, scale }
}

/**
 * The number of the branch that is taken. Of branches that are constants a plane is an XOR of conditions; where
 * none is, the last is what is left if no other is taken.
 */
function ofCase(
  circuit: RowCircuit,
  expression: CaseExpression,
  scope: Scope,
  scale: number,
): Form {
  const { builder, carryDepth } = circuit.row
  const live = branchesOf(expression, scope).filter(
    ({ result }) => analyse(result, scope).shape.kind !== 'none',
  )
  const forms = live.map(({ result }) => toScale(formOf(circuit, result, scope), scale))
  const [first] = forms
  if (first === undefined) return zero(scale)
  if (live.length === 1) return first
  const ranges = forms.map(rangeOf)
  const origin = ranges.map((range) => range.origin).reduce((a, b) => (b < a ? b : a))
  const most = ranges.map((range) => range.most).reduce((a, b) => (b > a ? b : a))
  const factor = forms
    .flatMap(({ terms, constant }) => [...terms.map((term) => term.factor), constant - origin])
    .reduce(greatestCommonDivisor, 0n)
  if (factor === 0n) return first
  const width = planesFor((most - origin) / factor)
  const numbers = forms.map(({ terms, constant }) => {
    const shift = (constant - origin) / factor
    return sumOf(builder, divided(terms, factor), shift, width, carryDepth)
  })
  const isConstant = forms.map(({ terms }) => terms.length === 0)
  const taken = live.map((branch) => branch.taken)
  const last = numbers.at(-1)
  const base = isConstant.includes(true) ? undefined : last
  const chosen = base === undefined ? numbers : numbers.slice(0, -1)
  const planes = Array.from({ length: width }, (_, i) =>
    builder.xorMany([
      base?.[i] ?? FALSE,
      ...chosen.map((number, nth) =>
        builder.and(
          circuit.whereTrue(taken[nth]!),
          builder.xor(number[i] ?? FALSE, base?.[i] ?? FALSE),
        ),
      ),
    ]),
  )
  return {
    terms: [{ planes, most: (most - origin) / factor, factor }],
    constant: origin,
    scale,
  }
}

const zero = (scale: number): Form => ({ terms: [], constant: 0n, scale })

function scaled({ terms, constant, scale }: Form, factor: bigint): Form {
  return {
    terms: terms
      .map((term) => ({ ...term, factor: term.factor * factor }))
      .filter((term) => term.factor !== 0n),
    constant: constant * factor,
    scale,
  }
}

function toScale(form: Form, scale: number): Form {
  if (scale === form.scale) return form
  return { ...scaled(form, powerOfTen(scale - form.scale)), scale }
}

/** The sum at the larger scale; equal numbers are one term. */
function sumForms(left: Form, right: Form): Form {
  const scale = Math.max(left.scale, right.scale)
  const [a, b] = [toScale(left, scale), toScale(right, scale)]
  const terms = new Map<string, Term>()
  for (const term of [...a.terms, ...b.terms]) {
    const name = term.planes.join(' ')
    const known = terms.get(name)
    terms.set(name, known === undefined ? term : { ...known, factor: known.factor + term.factor })
  }
  return {
    terms: [...terms.values()].filter(({ factor, planes }) => factor !== 0n && planes.length > 0),
    constant: a.constant + b.constant,
    scale,
  }
}

function rangeOf({ terms, constant }: Pick<Form, 'terms' | 'constant'>): {
  readonly origin: bigint
  readonly most: bigint
} {
  let [origin, most] = [constant, constant]
  for (const { planes, factor, most: bound } of terms) {
    const end = factor * (bound ?? (1n << BigInt(planes.length)) - 1n)
    if (end > 0n) most += end
    else origin += end
  }
  return { origin, most }
}

function divided(terms: readonly Term[], divisor: bigint): readonly Term[] {
  return terms.map((term) => ({ ...term, factor: term.factor / divisor }))
}

/** Planes of a natural number up to `most`. */
function planesFor(most: bigint): number {
  return most === 0n ? 0 : most.toString(2).length
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}
