/**
 * HAVING, made ready for the nodes: a circuit over bits of every row of the answer, and the comparisons with 0 of
 * exact integers that give some of these bits. Nothing of it is opened.
 *
 * Conditions have two wires, "true" and "false"; unknown is neither. An aggregate that is suppressed is NULL here. What
 * depends on group keys alone is decided at plan time, row by row.
 * Averages are compared as having-number.ts says.
 */
import { ShareholdError } from '../../shares/errors.ts'
import { FALSE } from '../circuit-builder.ts'
import type { CircuitBuilder, Wire } from '../circuit-builder.ts'
import type { Circuit } from '../circuit.ts'

import { aggregateType } from './answer-aggregate.ts'
import { expressionType } from './answer-expression.ts'
import type {
  AggregateSpec,
  AnswerComparison,
  AnswerExpression,
  NumberName,
  SqlType,
} from './answer-spec.ts'
import { aggregatesOf } from './answer-tree.ts'
import type { BoundAggregate, KeyValue } from './bound.ts'
import { HavingInputs } from './having-inputs.ts'
import type { HavingBit, HavingNumber } from './having-inputs.ts'
import {
  differenceOf,
  exactOf,
  fewestDecimals,
  scaledUp,
  subtract,
  unsupported,
} from './having-number.ts'
import type { CountedRows, Exact, NumberValue } from './having-number.ts'
import { evaluateAt, truthOf } from './having-public.ts'
import { powerOfTen } from './numeric.ts'
import {
  addPolynomials,
  boundOf,
  constantOf,
  constantPolynomial,
  multiplyPolynomials,
  scalePolynomial,
} from './polynomial.ts'
import type { Polynomial } from './polynomial.ts'
import { FALSE_PREDICATE } from './predicate.ts'
import { nullOfValue } from './row-analysis.ts'

/** What is to be computed for all rows at once. */
export interface HavingProgram {
  readonly numbers: readonly HavingNumber[]
  readonly bits: readonly HavingBit[]
  /** From the bits to one: the condition is true. */
  readonly circuit: Circuit
}

export interface HavingQuery {
  readonly condition: AnswerExpression
  readonly keyTypes: readonly SqlType[]
  /** Of all rows. */
  readonly keys: readonly (readonly KeyValue[])[]
  readonly aggregates: readonly BoundAggregate[]
  /** Largest magnitude of an aggregate's number. */
  readonly boundOf: (aggregate: BoundAggregate, name: NumberName) => bigint
}

/** Comparisons are of numbers below this. */
const LIMIT = 2n ** 60n

/**
 * The program of a condition.
 *
 * @throws ShareholdError SH_SQL_UNSUPPORTED, SH_PLAN_OVERFLOW, without position
 */
export function compileHaving(query: HavingQuery): HavingProgram {
  return new HavingCompiler(query).program()
}

/** A condition in three-valued logic. */
interface Truth {
  readonly isTrue: Wire
  readonly isFalse: Wire
}

class HavingCompiler {
  readonly #query: HavingQuery
  readonly #inputs: HavingInputs
  readonly #builder: CircuitBuilder

  constructor(query: HavingQuery) {
    this.#query = query
    this.#inputs = new HavingInputs((aggregate, name) =>
      query.boundOf(query.aggregates[aggregate]!, name),
    )
    this.#builder = this.#inputs.builder
  }

  program(): HavingProgram {
    const { isTrue: result } = this.#condition(this.#query.condition)
    return {
      numbers: this.#inputs.numbers,
      bits: this.#inputs.bits,
      circuit: this.#builder.build([result]),
    }
  }

  #condition(expression: AnswerExpression): Truth {
    const b = this.#builder
    if (aggregatesOf(expression).length === 0) return this.#publicCondition(expression)
    switch (expression.kind) {
      case 'and':
      case 'or': {
        const operands = expression.operands.map((operand) => this.#condition(operand))
        const trues = operands.map((operand) => operand.isTrue)
        const falses = operands.map((operand) => operand.isFalse)
        return expression.kind === 'and'
          ? { isTrue: b.andMany(trues), isFalse: b.orMany(falses) }
          : { isTrue: b.orMany(trues), isFalse: b.andMany(falses) }
      }
      case 'not':
        return swapped(this.#condition(expression.operand))
      case 'is':
        return this.#test(expression.test, expression.operand)
      case 'compare':
        return this.#comparison(expression.operator, expression.left, expression.right)
      case 'case': {
        let earlier: Wire = FALSE
        let result: Truth = { isTrue: FALSE, isFalse: FALSE }
        const otherwise = expression.otherwise ?? NULL_CONDITION
        const branches = [...expression.branches, { when: TRUE_CONDITION, result: otherwise }]
        for (const branch of branches) {
          const when = this.#condition(branch.when).isTrue
          const taken = b.and(b.not(earlier), when)
          const value = this.#condition(branch.result)
          result = {
            isTrue: b.or(result.isTrue, b.and(taken, value.isTrue)),
            isFalse: b.or(result.isFalse, b.and(taken, value.isFalse)),
          }
          earlier = b.or(earlier, when)
        }
        return result
      }
      case 'aggregate': {
        const index = this.#indexOf(expression)
        if (expression.function !== 'bool_and' && expression.function !== 'bool_or') break
        // Whether a row decides: one that is false for BOOL_AND, one that is true for BOOL_OR.
        const decides = b.not(
          this.#inputs.bit({ kind: 'zero', polynomial: this.#inputs.numberOf(index, 'any') }),
        )
        const known = this.#inputs.bit({ kind: 'shown', aggregate: index })
        const value = expression.function === 'bool_or' ? decides : b.not(decides)
        return truthWhere(b, known, value)
      }
      case 'key':
      case 'window':
      case 'literal':
      case 'binary':
      case 'negate':
      case 'call':
      case 'cast':
        break
    }
    throw unsupported('HAVING holds a condition that is not supported there.')
  }

  #publicCondition(expression: AnswerExpression): Truth {
    const { keyTypes, keys } = this.#query
    const values = keys.map((row) => truthOf(evaluateAt(expression, keyTypes, row)))
    return {
      isTrue: this.#inputs.publicBit(values.map((value) => value === true)),
      isFalse: this.#inputs.publicBit(values.map((value) => value === false)),
    }
  }

  #test(test: 'null' | 'true' | 'false', operand: AnswerExpression): Truth {
    const b = this.#builder
    if (expressionType(operand, this.#query.keyTypes) === 'boolean') {
      const value = this.#condition(operand)
      const isTrue = {
        null: () => b.not(b.or(value.isTrue, value.isFalse)),
        true: () => value.isTrue,
        false: () => value.isFalse,
      }[test]()
      return { isTrue, isFalse: b.not(isTrue) }
    }
    const { known } = this.#number(operand)
    return { isTrue: b.not(known), isFalse: known }
  }

  #comparison(operator: AnswerComparison, left: AnswerExpression, right: AnswerExpression): Truth {
    const b = this.#builder
    const { keyTypes } = this.#query
    const isCondition = [left, right].map((side) => expressionType(side, keyTypes) === 'boolean')
    if (isCondition.includes(true)) {
      const [x, y] = [this.#condition(left), this.#condition(right)]
      const known = b.and(b.or(x.isTrue, x.isFalse), b.or(y.isTrue, y.isFalse))
      // Where both are known, a condition is the "true" wire; false comes before true.
      const equal = b.not(b.xor(x.isTrue, y.isTrue))
      const value = related(b, operator, equal, b.and(b.not(x.isTrue), y.isTrue))
      return truthWhere(b, known, value)
    }
    const [x, y] = [this.#number(left), this.#number(right)]
    const difference = differenceOf(x, y)
    const known = b.and(x.known, y.known)
    const isNegative = (polynomial: Polynomial): Wire => this.#sign('negative', polynomial)
    switch (operator) {
      case '<':
        return truthWhere(b, known, isNegative(difference))
      case '>=':
        return truthWhere(b, known, b.not(isNegative(difference)))
      case '>':
        return truthWhere(b, known, isNegative(scalePolynomial(difference, -1n)))
      case '<=':
        return truthWhere(b, known, b.not(isNegative(scalePolynomial(difference, -1n))))
      case '=':
        return truthWhere(b, known, this.#sign('zero', difference))
      case '<>':
        return truthWhere(b, known, b.not(this.#sign('zero', difference)))
    }
  }

  #sign(kind: 'negative' | 'zero', polynomial: Polynomial): Wire {
    const constant = constantOf(polynomial)
    if (constant !== undefined) {
      return this.#builder.constant(kind === 'zero' ? constant === 0n : constant < 0n)
    }
    const bound = boundOf(polynomial, this.#inputs.bounds)
    if (bound >= LIMIT) {
      throw new ShareholdError(
        'SH_PLAN_OVERFLOW',
        `A comparison in HAVING could overflow: its numbers take ${bound.toString(2).length} bits of at most 60.`,
        { hint: 'Compare with fewer decimals, or declare narrower ranges.' },
      )
    }
    return this.#inputs.bit({ kind, polynomial })
  }

  #number(expression: AnswerExpression): NumberValue {
    if (aggregatesOf(expression).length === 0) return this.#publicNumber(expression)
    const type = expressionType(expression, this.#query.keyTypes)
    switch (expression.kind) {
      case 'aggregate':
        return this.#aggregate(expression)
      case 'negate': {
        const operand = this.#number(expression.operand)
        return operand.kind === 'exact'
          ? this.#checked({ ...operand, polynomial: scalePolynomial(operand.polynomial, -1n) })
          : { ...operand, sum: scalePolynomial(operand.sum, -1n) }
      }
      case 'binary':
        return this.#arithmetic(expression.operator, expression.left, expression.right, type)
      case 'cast':
        return this.#cast(expression)
      case 'case':
        return this.#publicCase(expression, type)
      case 'key':
      case 'window':
      case 'literal':
      case 'call':
      case 'compare':
      case 'and':
      case 'or':
      case 'not':
      case 'is':
        break
    }
    throw unsupported(
      `HAVING cannot compute ${expression.kind === 'call' ? `${expression.function.toUpperCase()} of an aggregate` : 'with this'} yet.`,
    )
  }

  #arithmetic(
    operator: '+' | '-' | '*' | '/' | '%',
    left: AnswerExpression,
    right: AnswerExpression,
    type: SqlType,
  ): NumberValue {
    const [x, y] = [this.#number(left), this.#number(right)]
    if (operator === '/' || operator === '%' || type === 'double') {
      throw unsupported('HAVING cannot divide aggregates.')
    }
    if (x.kind === 'mean' || y.kind === 'mean') {
      throw unsupported(
        'HAVING cannot compute with an average, which is rounded; it can compare one.',
      )
    }
    if ([x, y].some((one) => one.type === 'date' || one.type === 'timestamp')) {
      throw unsupported('HAVING cannot compute with dates; it can compare them.')
    }
    const known = this.#builder.and(x.known, y.known)
    if (operator === '*') {
      const polynomial = multiplyPolynomials(x.polynomial, y.polynomial)
      return this.#checked({ kind: 'exact', polynomial, scale: x.scale + y.scale, type, known })
    }
    const scale = Math.max(x.scale, y.scale)
    const [a, b] = [scaledUp(x, scale), scaledUp(y, scale)]
    const polynomial = operator === '+' ? addPolynomials(a, b) : subtract(a, b)
    return this.#checked({ kind: 'exact', polynomial, scale, type, known })
  }

  #cast(expression: AnswerExpression & { kind: 'cast' }): NumberValue {
    const { to, precision } = expression
    const operand = this.#number(expression.operand)
    if (precision === undefined && to === 'numeric') {
      return operand.kind === 'exact' ? { ...operand, type: 'numeric' } : operand
    }
    const isWhole = operand.kind === 'exact' && operand.scale === 0 && precision === undefined
    if (isWhole) return this.#checked({ ...operand, type: to })
    throw unsupported('HAVING cannot round an aggregate.')
  }

  /** CASE whose conditions are about keys alone. */
  #publicCase(expression: AnswerExpression & { kind: 'case' }, type: SqlType): NumberValue {
    const { keyTypes, keys } = this.#query
    const b = this.#builder
    if (expression.branches.some(({ when }) => aggregatesOf(when).length > 0)) {
      throw unsupported('HAVING cannot choose a number by an aggregate.')
    }
    const results = expression.branches.map(({ result }) => result)
    const all = expression.otherwise === undefined ? results : [...results, expression.otherwise]
    const numbers = all.map((result) => this.#number(result))
    const taken = keys.map((row) => {
      const branch = expression.branches.findIndex(
        ({ when }) => truthOf(evaluateAt(when, keyTypes, row)) === true,
      )
      return branch < 0 ? expression.branches.length : branch
    })
    const exact = numbers.map((number) => {
      if (number.kind === 'exact') return number
      throw unsupported('HAVING cannot compute with an average, which is rounded.')
    })
    const scale = Math.max(...exact.map((number) => number.scale))
    let polynomial = constantPolynomial(0n)
    let known: Wire = FALSE
    exact.forEach((number, index) => {
      const isTaken = taken.map((branch) => branch === index)
      const indicator = this.#inputs.publicPolynomial(isTaken.map((one) => (one ? 1n : 0n)))
      polynomial = addPolynomials(
        polynomial,
        multiplyPolynomials(indicator, scaledUp(number, scale)),
      )
      known = b.or(known, b.and(this.#inputs.publicBit(isTaken), number.known))
    })
    return { kind: 'exact', polynomial, scale, type, known }
  }

  #aggregate(expression: AnswerExpression & { kind: 'aggregate' }): NumberValue {
    const index = this.#indexOf(expression)
    const known = this.#inputs.bit({ kind: 'shown', aggregate: index })
    const scale = expression.arguments[0]?.scale ?? 0
    const name = expression.function
    if (name === 'count' || name === 'regr_count') {
      const polynomial = this.#inputs.numberOf(index, 'count')
      return { kind: 'exact', polynomial, scale: 0, type: 'bigint', known }
    }
    if (name === 'sum') {
      const polynomial = this.#inputs.numberOf(index, 'sum')
      return { kind: 'exact', polynomial, scale, type: aggregateType(expression), known }
    }
    if (name === 'min' || name === 'max' || name === 'percentile_disc' || name === 'mode') {
      return this.#chosen(expression, index, known)
    }
    if (name !== 'avg') {
      throw unsupported(`HAVING cannot compute with ${name.toUpperCase()} yet.`)
    }
    const aggregate = this.#query.aggregates[index]!
    const countBound = this.#query.boundOf(aggregate, 'count')
    const sumBound = this.#query.boundOf(aggregate, 'sum')
    const largest = countBound === 0n ? 0n : sumBound / countBound + 1n
    return {
      kind: 'mean',
      sum: this.#inputs.numberOf(index, 'sum'),
      count: this.#inputs.numberOf(index, 'count'),
      scale,
      known,
      decimals: fewestDecimals(largest, scale),
      countBound,
      counted: countedRows(aggregate),
    }
  }

  /** A value of a row: what there is of it is its place among all that it can be, which are evenly apart. */
  #chosen(template: AggregateSpec, index: number, known: Wire): Exact {
    const [argument] = template.arguments
    const { domain } = template
    if (argument === undefined || domain === undefined) throw new RangeError('no domain')
    if (argument.type === 'text' || argument.type === 'boolean' || domain.texts !== undefined) {
      throw unsupported(
        `HAVING cannot compare ${template.function.toUpperCase()} of ${argument.type === 'text' ? 'texts' : 'these values'} yet.`,
        'MIN, MAX, percentile_disc and mode of numbers, dates and timestamps can be compared.',
      )
    }
    const place = this.#inputs.numberOf(index, 'value')
    const polynomial = addPolynomials(
      scalePolynomial(place, BigInt(domain.step)),
      constantPolynomial(BigInt(domain.origin)),
    )
    return { kind: 'exact', polynomial, scale: argument.scale, type: argument.type, known }
  }

  #publicNumber(expression: AnswerExpression): Exact {
    const { keyTypes, keys } = this.#query
    const type = expressionType(expression, keyTypes)
    if (type === 'double') throw unsupported('HAVING cannot compare with double precision.')
    if (type === 'text' || type === 'boolean')
      throw unsupported('HAVING compares numbers and dates.')
    const values = keys.map((row) => exactOf(evaluateAt(expression, keyTypes, row)))
    const scale = Math.max(0, ...values.map((value) => value?.scale ?? 0))
    const digits = values.map((value) =>
      value === null ? 0n : value.digits * powerOfTen(scale - value.scale),
    )
    const known = this.#inputs.publicBit(values.map((value) => value !== null))
    return { kind: 'exact', polynomial: this.#inputs.publicPolynomial(digits), scale, type, known }
  }

  #indexOf(template: AnswerExpression): number {
    const index = this.#query.aggregates.findIndex((one) => one.template === template)
    if (index < 0) throw new RangeError('an aggregate that the query does not have')
    return index
  }

  /** PostgreSQL's integers overflow: what could is refused. */
  #checked(number: Exact): Exact {
    const bits = number.type === 'integer' ? 31n : number.type === 'bigint' ? 63n : undefined
    if (bits === undefined) return number
    if (boundOf(number.polynomial, this.#inputs.bounds) < 2n ** bits) return number
    throw new ShareholdError(
      'SH_PLAN_OVERFLOW',
      `An expression in HAVING could leave the range of ${number.type}.`,
      { hint: 'Cast to numeric before computing.' },
    )
  }
}

const TRUE_CONDITION: AnswerExpression = { kind: 'literal', type: 'boolean', text: 't' }
const NULL_CONDITION: AnswerExpression = { kind: 'literal', type: 'boolean', text: null }

const swapped = ({ isTrue: one, isFalse: other }: Truth): Truth => ({ isTrue: other, isFalse: one })

/** A value that is never unknown, where it is known. */
function truthWhere(b: CircuitBuilder, known: Wire, value: Wire): Truth {
  return { isTrue: b.and(known, value), isFalse: b.and(known, b.not(value)) }
}

function related(b: CircuitBuilder, operator: AnswerComparison, equal: Wire, less: Wire): Wire {
  switch (operator) {
    case '=':
      return equal
    case '<>':
      return b.not(equal)
    case '<':
      return less
    case '>=':
      return b.not(less)
    case '<=':
      return b.or(less, equal)
    case '>':
      return b.not(b.or(less, equal))
  }
}

function countedRows({ argument, filter, template: { distinct } }: BoundAggregate): CountedRows {
  const isAny = argument === undefined || nullOfValue(argument) === FALSE_PREDICATE
  return isAny && distinct === undefined ? { filter } : { filter, distinct, argument }
}
