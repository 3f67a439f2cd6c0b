/**
 * Aggregates from exact integers: number of values, their sum and the sum of their squares, as the
 * nodes compute them. The digits are PostgreSQL's, since it sums exactly too and rounds once; those of two
 * arguments are double precision (answer-regression.ts).
 *
 * Source: numeric_avg, numeric_stddev_internal and int8_avg in numeric.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

import { arityOf, showsValues } from './aggregate-functions.ts'
import type { AggregateCall } from './aggregate-functions.ts'
import { chosenValue, interpolatedValue } from './answer-chosen.ts'
import { checkCount, inconsistent } from './answer-consistency.ts'
import type { OpenedNumbers } from './answer-consistency.ts'
import { regression } from './answer-regression.ts'
import type { AggregateName, SqlType } from './answer-spec.ts'
import { isNumberType } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import {
  divideNumeric,
  divideToScale,
  numericFromInteger,
  quotientScale,
  sqrtToScale,
} from './numeric.ts'

/**
 * PostgreSQL's result type of an aggregate.
 *
 * @throws SH_ANSWER_TYPE if the function does not exist for the arguments' types.
 */
export function aggregateType(call: AggregateCall): SqlType {
  const { function: name, arguments: operands } = call
  if (name === 'count') return 'bigint'
  if (operands.length !== arityOf(name) || !operands.every(({ type }) => takes(name, type))) {
    const types = operands.map(({ type }) => type).join(', ')
    throw new ShareholdError('SH_ANSWER_TYPE', `Function ${name}(${types}) does not exist.`)
  }
  switch (name) {
    case 'min':
    case 'max':
    case 'percentile_disc':
    case 'mode':
      return operands[0]!.type
    case 'bool_and':
    case 'bool_or':
      return 'boolean'
    case 'regr_count':
      return 'bigint'
    case 'sum':
      return operands[0]!.type === 'integer' ? 'bigint' : 'numeric'
    case 'avg':
    case 'var_pop':
    case 'var_samp':
    case 'stddev_pop':
    case 'stddev_samp':
      return 'numeric'
    case 'covar_pop':
    case 'covar_samp':
    case 'corr':
    case 'regr_avgx':
    case 'regr_avgy':
    case 'regr_sxx':
    case 'regr_syy':
    case 'regr_sxy':
    case 'regr_slope':
    case 'regr_intercept':
    case 'regr_r2':
    case 'percentile_cont':
      return 'double'
  }
}

/** Whether the function exists for arguments of a type. */
function takes(name: AggregateName, type: SqlType): boolean {
  if (name === 'bool_and' || name === 'bool_or') return type === 'boolean'
  if (name === 'min' || name === 'max') return type !== 'boolean'
  return isNumberType(type) || (showsValues(name) && name !== 'percentile_cont')
}

/**
 * The value of an aggregate, or null for PostgreSQL's NULL: no values, or one value of a sample statistic.
 *
 * @throws SH_ANSWER_TYPE as aggregateType; SH_ANSWER_INCONSISTENT if no values have such sums.
 */
export function aggregateValue(call: AggregateCall, numbers: OpenedNumbers): Value | null {
  const type = aggregateType(call)
  const name = call.function
  const scale = call.arguments[0]?.scale ?? 0
  switch (name) {
    case 'count':
    case 'regr_count':
      return { type: 'bigint', value: checkCount(numbers('count')) }
    case 'bool_and':
    case 'bool_or': {
      const any = numbers('any')
      if (any !== 0n && any !== 1n) throw inconsistent()
      // AND is false if any value is, OR is true if any is.
      return { type: 'boolean', value: (any === 1n) === (name === 'bool_or') ? 't' : 'f' }
    }
    case 'sum': {
      const sum = numbers('sum')
      if (checkCount(numbers('present'), sum) === 0n) return null
      return type === 'bigint'
        ? { type: 'bigint', value: sum }
        : { type: 'numeric', value: { digits: sum, scale } }
    }
    case 'avg': {
      const sum = numbers('sum')
      const count = checkCount(numbers('count'), sum)
      if (count === 0n) return null
      const mean = divideNumeric({ digits: sum, scale }, numericFromInteger(count))
      return { type: 'numeric', value: mean }
    }
    case 'var_pop':
    case 'var_samp':
    case 'stddev_pop':
    case 'stddev_samp':
      return dispersion(name, scale, numbers)
    case 'min':
    case 'max':
    case 'percentile_disc':
    case 'mode':
      return chosenValue(call, numbers('value'))
    case 'percentile_cont':
      return interpolatedValue(call, numbers)
    case 'covar_pop':
    case 'covar_samp':
    case 'corr':
    case 'regr_avgx':
    case 'regr_avgy':
    case 'regr_sxx':
    case 'regr_syy':
    case 'regr_sxy':
    case 'regr_slope':
    case 'regr_intercept':
    case 'regr_r2':
      return regression(name, [scale, call.arguments[1]!.scale], numbers)
  }
}

function dispersion(
  name: 'var_pop' | 'var_samp' | 'stddev_pop' | 'stddev_samp',
  scale: number,
  numbers: OpenedNumbers,
): Value | null {
  const sample = name === 'var_samp' || name === 'stddev_samp'
  const sum = numbers('sum')
  const squares = numbers('squares')
  const count = checkCount(numbers('count'), sum, squares)
  if (count === 0n || (sample && count === 1n)) return null
  const excess = count * squares - sum * sum
  // By Cauchy and Schwarz no values at all have a negative excess.
  if (excess < 0n) throw inconsistent()
  // Without spread PostgreSQL returns a bare 0, whatever the scale.
  if (excess === 0n) return { type: 'numeric', value: numericFromInteger(0n) }
  const numerator = { digits: excess, scale: 2 * scale }
  const divisor = numericFromInteger(count * (sample ? count - 1n : count))
  const resultScale = quotientScale(numerator, divisor)
  const variance = divideToScale(numerator, divisor, resultScale)
  const root = name === 'stddev_pop' || name === 'stddev_samp'
  return { type: 'numeric', value: root ? sqrtToScale(variance, resultScale) : variance }
}
