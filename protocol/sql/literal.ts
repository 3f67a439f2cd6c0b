/**
 * Literals: texts that take the type of their place ('5' beside an integer, '2019-03-01' beside a
 * date), read as PostgreSQL's input functions do, and numbers as they stand in the statement.
 */
import { ShareholdError } from '../../shares/errors.ts'

import type { SqlType } from './answer-spec.ts'
import type { Value } from './answer-value.ts'
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from './datetime.ts'
import { checkInteger } from './integer.ts'
import { parseNumeric } from './numeric.ts'

const DECIMAL_INTEGER = /^\s*([+-]?)(\d+(?:_\d+)*)\s*$/u
const BASED_INTEGER = /^\s*([+-]?)(0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)\s*$/u
const TRUE_WORDS = ['true', 'yes', 'on', '1']
const FALSE_WORDS = ['false', 'no', 'off', '0']

/**
 * Reads a text as a value of a type.
 *
 * @throws ShareholdError SH_SQL_LITERAL, SH_SQL_UNSUPPORTED (without position), SH_ANSWER_* of the number parsers
 */
export function readLiteral(type: SqlType, text: string): Value {
  switch (type) {
    case 'integer':
    case 'bigint': {
      const value = readInteger(text)
      if (value === undefined) throw unreadable(type, text)
      return { type, value: checkInteger(type, value) }
    }
    case 'numeric': {
      const based = BASED_INTEGER.test(text) ? readInteger(text) : undefined
      if (based !== undefined) return { type, value: { digits: based, scale: 0 } }
      if (/^\s*[+-]?(?:nan|inf(?:inity)?)\s*$/iu.test(text)) {
        throw new ShareholdError('SH_SQL_UNSUPPORTED', 'NaN and infinity are not supported.', {
          hint: 'Columns hold finite numbers only.',
        })
      }
      if (/(?:^|\D)_|_(?:\D|$)/u.test(text)) throw unreadable(type, text)
      return { type, value: parseNumeric(text.replaceAll('_', '')) }
    }
    case 'boolean': {
      const value = readBoolean(text)
      if (value === undefined) throw unreadable(type, text)
      return { type, value: value ? 't' : 'f' }
    }
    case 'date':
      return { type, value: formatDate(parseDate(text)) }
    case 'timestamp':
      return { type, value: formatTimestamp(parseTimestamp(text)) }
    case 'text':
      return { type, value: text }
    case 'double':
      throw new ShareholdError(
        'SH_SQL_UNSUPPORTED',
        'Double precision literals are not supported.',
        {
          hint: 'Cast to numeric.',
        },
      )
  }
}

/** The type and value of a number in the statement: the smallest of integer, bigint and numeric that holds it. */
export function readNumber(text: string): Value {
  const integer = readInteger(text)
  if (integer === undefined) return readLiteral('numeric', text)
  if (BigInt.asIntN(32, integer) === integer) return { type: 'integer', value: integer }
  if (BigInt.asIntN(64, integer) === integer) return { type: 'bigint', value: integer }
  return { type: 'numeric', value: { digits: integer, scale: 0 } }
}

function readInteger(text: string): bigint | undefined {
  const match = DECIMAL_INTEGER.exec(text) ?? BASED_INTEGER.exec(text)
  if (match === null) return undefined
  const magnitude = BigInt((match[2] ?? '').replaceAll('_', ''))
  return match[1] === '-' ? -magnitude : magnitude
}

/** Any unambiguous prefix of the words, in any case (parse_bool_with_len). */
function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase()
  const fits = (words: readonly string[]): boolean =>
    words.some((candidate) => candidate.startsWith(word))
  if (word === '' || word === 'o') return undefined
  return fits(TRUE_WORDS) ? true : fits(FALSE_WORDS) ? false : undefined
}

function unreadable(type: SqlType, text: string): ShareholdError {
  return new ShareholdError(
    'SH_SQL_LITERAL',
    `${JSON.stringify(text.slice(0, 60))} is no value of type ${type}.`,
    { hint: type === 'boolean' ? 'Write true or false.' : 'Write a number without quotes.' },
  )
}
