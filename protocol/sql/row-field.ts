/**
 * Numbers of rows as elements of F_p: what sums, squares and products are made of. Stored columns are shared there
 * already, so a polynomial of them takes a product where it has one, and no bits; a condition is a bit that is
 * converted, and chooses by a product; what has to be looked up is converted bit by bit.
 *
 * What a number is where it is NULL is left open: sums are taken over the rows where it is not.
 */
import type { Column } from '../../shares/schema.ts'
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'

import type { AnswerExpression } from './answer-spec.ts'
import { operandsOf } from './answer-tree.ts'
import type { Predicate } from './bound.ts'
import { domainOf } from './column-domain.ts'
import { MICROSECONDS_PER_DAY } from './datetime.ts'
import { powerOfTen } from './numeric.ts'
import { analyse, branchesOf, isDifferenceOfDates } from './row-analysis.ts'
import type { CaseExpression } from './row-desugar.ts'
import { formOf } from './row-number.ts'
import type { RowCircuit } from './row-number.ts'
import { columnAt } from './row-value.ts'
import type { RowValue, Scope } from './row-value.ts'

/** A sum of products; equal factors are one object. */
export interface FieldSum {
  readonly constant: bigint
  readonly terms: readonly { readonly coefficient: bigint; readonly factor: FieldFactor }[]
}

export type FieldFactor =
  /** A stored column as it is shared: NULL is 0. */
  | { readonly kind: 'column'; readonly column: Column }
  /** A plane of the row circuit, not constant. */
  | { readonly kind: 'bit'; readonly plane: Wire }
  | { readonly kind: 'product'; readonly left: FieldSum; readonly right: FieldSum }

/** Makes the sums of all values of a plan. */
export class FieldSums {
  readonly #circuit: RowCircuit
  readonly #columns = new Map<Column, number>()
  readonly #factors = new Map<string, FieldFactor>()
  readonly #sums = new Map<AnswerExpression, FieldSum>()

  constructor(circuit: RowCircuit) {
    this.#circuit = circuit
  }

  /** value * 10^scale of its type. */
  of(value: RowValue): FieldSum {
    return value.kind === 'column'
      ? single(this.#column(value.column))
      : this.#expression(value.expression, value.scope)
  }

  /** The product of one value, or two. */
  ofProduct(values: readonly RowValue[]): FieldSum {
    const [first, ...others] = values.map((value) => this.of(value))
    if (first === undefined) return constant(1n)
    return others.reduce((product, value) => this.#product(product, value), first)
  }

  #expression(expression: AnswerExpression, scope: Scope): FieldSum {
    let sum = this.#sums.get(expression)
    if (sum === undefined) {
      sum = this.#build(expression, scope)
      this.#sums.set(expression, sum)
    }
    return sum
  }

  #build(expression: AnswerExpression, scope: Scope): FieldSum {
    const analysis = analyse(expression, scope)
    const { shape } = analysis
    if (shape.kind === 'none') return constant(0n)
    if (shape.kind === 'words') throw new RangeError('a text is no number')
    switch (analysis.by) {
      case 'constant':
        return constant(shape.least)
      case 'column': {
        const { column } = analysis
        if (column.type !== 'integer' && column.type !== 'decimal') break
        return single(this.#column(column))
      }
      case 'operands':
        return isDifferenceOfDates(expression, scope)
          ? this.#days(expression, scope)
          : this.#operands(expression, scope)
      case 'case':
        return this.#case(analysis.expression, scope, shape.scale)
      case 'table':
      case 'condition':
    }
    return this.#planes(expression, scope)
  }

  /** The stored elements of dates are days since the first one. */
  #days(expression: AnswerExpression, scope: Scope): FieldSum {
    const days = operandsOf(expression).map((operand): FieldSum | undefined => {
      const analysis = analyse(operand, scope)
      if (analysis.by === 'column') {
        const first = constant(domainOf(analysis.column).origin / MICROSECONDS_PER_DAY)
        return plus(single(this.#column(analysis.column)), first)
      }
      const { shape } = analysis
      if (analysis.by !== 'constant' || shape.kind !== 'numbers') return undefined
      return constant(shape.least / MICROSECONDS_PER_DAY)
    })
    const [left, right] = days
    if (left === undefined || right === undefined) return this.#planes(expression, scope)
    return plus(left, scaled(right, -1n))
  }

  #operands(expression: AnswerExpression, scope: Scope): FieldSum {
    const of = (operand: AnswerExpression): FieldSum => this.#expression(operand, scope)
    const scaleOf = (operand: AnswerExpression): number => {
      const { shape } = analyse(operand, scope)
      return shape.kind === 'numbers' ? shape.scale : 0
    }
    switch (expression.kind) {
      case 'negate':
        return scaled(of(expression.operand), -1n)
      case 'cast': {
        const { operand } = expression
        return scaled(of(operand), powerOfTen(scaleOf(expression) - scaleOf(operand)))
      }
      case 'binary': {
        const { operator, left, right } = expression
        if (operator === '*') return this.#product(of(left), of(right))
        const scale = scaleOf(expression)
        const aligned = (side: AnswerExpression): FieldSum =>
          scaled(of(side), powerOfTen(scale - scaleOf(side)))
        const [a, b] = [aligned(left), aligned(right)]
        return plus(a, operator === '-' ? scaled(b, -1n) : b)
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
        throw new RangeError(`${expression.kind} has no value in the field`)
    }
  }

  /** base + the sum of taken * (result - base): a constant as base spares a product. */
  #case(expression: CaseExpression, scope: Scope, scale: number): FieldSum {
    const live = branchesOf(expression, scope).flatMap(({ taken, result }) => {
      const { shape } = analyse(result, scope)
      if (shape.kind !== 'numbers') return []
      const value = scaled(this.#expression(result, scope), powerOfTen(scale - shape.scale))
      return [{ taken, result, value }]
    })
    const places = live.map((_, place) => place).toReversed()
    const base = places.find((place) => live[place]!.value.terms.length === 0) ?? places[0]
    if (base === undefined) return constant(0n)
    const start = live[base]!.value
    return live.reduce((sum, { taken, result, value }, place) => {
      if (place === base) return sum
      const difference = plus(value, scaled(start, -1n))
      // A stored NULL is 0 already.
      if (isZero(start) && isNotNull(taken, result, scope)) return plus(sum, difference)
      return plus(sum, this.#product(this.#bit(taken), difference))
    }, start)
  }

  #planes(expression: AnswerExpression, scope: Scope): FieldSum {
    const form = formOf(this.#circuit, expression, scope)
    return form.terms
      .flatMap(({ planes, factor }) =>
        planes.map((plane, i) => scaled(this.#plane(plane), factor << BigInt(i))),
      )
      .reduce(plus, constant(form.constant))
  }

  #bit(condition: Predicate): FieldSum {
    return this.#plane(this.#circuit.whereTrue(condition))
  }

  #plane(plane: Wire): FieldSum {
    if (plane === TRUE || plane === FALSE) return constant(plane === TRUE ? 1n : 0n)
    // NOT x is 1 - x: one of the two is converted.
    const positive = plane & ~1
    const sum = single(this.#factor(`bit ${positive}`, { kind: 'bit', plane: positive }))
    return plane === positive ? sum : plus(constant(1n), scaled(sum, -1n))
  }

  #column(column: Column): FieldFactor {
    // Two datasets may have columns of one name.
    const number = this.#columns.get(column) ?? this.#columns.size
    this.#columns.set(column, number)
    return this.#factor(`column ${number}`, { kind: 'column', column })
  }

  #product(left: FieldSum, right: FieldSum): FieldSum {
    for (const [one, other] of [
      [left, right],
      [right, left],
    ] as const) {
      if (one.terms.length === 0) return scaled(other, one.constant)
    }
    const names = [left, right].map((sum) => this.#nameOf(sum)).toSorted()
    return single(this.#factor(`product ${names.join(' by ')}`, { kind: 'product', left, right }))
  }

  readonly #names = new Map<FieldFactor, number>()

  #nameOf({ constant, terms }: FieldSum): string {
    const parts = terms.map(
      ({ coefficient, factor }) => `${coefficient}*${this.#names.get(factor)}`,
    )
    return `(${[constant, ...parts.toSorted()].join('+')})`
  }

  #factor(name: string, made: FieldFactor): FieldFactor {
    const known = this.#factors.get(name)
    if (known !== undefined) return known
    this.#factors.set(name, made)
    this.#names.set(made, this.#names.size)
    return made
  }
}

/** Whether the condition is that a stored number is not NULL. */
function isNotNull(taken: Predicate, result: AnswerExpression, scope: Scope): boolean {
  if (taken.kind !== 'not' || taken.operand.kind !== 'is-null') return false
  return result.kind === 'key' && columnAt(scope, result.index) === taken.operand.column
}

function constant(value: bigint): FieldSum {
  return { constant: value, terms: [] }
}

function single(factor: FieldFactor): FieldSum {
  return { constant: 0n, terms: [{ coefficient: 1n, factor }] }
}

function isZero({ constant, terms }: FieldSum): boolean {
  return constant === 0n && terms.length === 0
}

function scaled({ constant, terms }: FieldSum, by: bigint): FieldSum {
  if (by === 0n) return { constant: 0n, terms: [] }
  if (by === 1n) return { constant, terms }
  return {
    constant: constant * by,
    terms: terms.map(({ coefficient, factor }) => ({ coefficient: coefficient * by, factor })),
  }
}

function plus(left: FieldSum, right: FieldSum): FieldSum {
  const coefficients = new Map<FieldFactor, bigint>()
  for (const { coefficient, factor } of [...left.terms, ...right.terms]) {
    coefficients.set(factor, (coefficients.get(factor) ?? 0n) + coefficient)
  }
  return {
    constant: left.constant + right.constant,
    terms: [...coefficients]
      .filter(([, coefficient]) => coefficient !== 0n)
      .map(([factor, coefficient]) => ({ coefficient, factor })),
  }
}

/** The planes that a sum reads, each once. */
export function bitsOfSum(sum: FieldSum, seen = new Set<FieldFactor>()): Wire[] {
  return sum.terms.flatMap(({ factor }) => {
    if (seen.has(factor)) return []
    seen.add(factor)
    if (factor.kind === 'bit') return [factor.plane]
    return factor.kind === 'product'
      ? [factor.left, factor.right].flatMap((side) => bitsOfSum(side, seen))
      : []
  })
}

/** The products that a sum needs, each once, those that others need first. */
export function productsOfSum(
  sum: FieldSum,
  seen = new Set<FieldFactor>(),
): (FieldFactor & { kind: 'product' })[] {
  return sum.terms.flatMap(({ factor }) => {
    if (factor.kind !== 'product' || seen.has(factor)) return []
    seen.add(factor)
    return [...[factor.left, factor.right].flatMap((side) => productsOfSum(side, seen)), factor]
  })
}
