/**
 * Derived columns: the schema declares an SQL expression over the other columns of a row, and repositories
 * compute it when they import. So what a plan could not compute from wide columns at bearable cost (the hour
 * of a timestamp in seconds) is stored like any column, and its meaning is public and signed.
 *
 * Trust: that a value is what its expression says is the repository's word, as the other values are.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Column, Schema } from '../../shares/schema.ts'

import { evaluateExpression } from './answer-expression.ts'
import type { AnswerExpression, SqlType } from './answer-spec.ts'
import { castExists, castValue, formatValue, isNumberType } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { listOf, openAs } from './ast.ts'
import type { Fields } from './ast.ts'
import { sqlTypeOf } from './column-domain.ts'
import { fail, resolveColumn } from './context.ts'
import type { Context } from './context.ts'
import { castNumeric } from './numeric.ts'
import { loadParser, parseSelect } from './parse.ts'
import { bindScalar } from './scalar.ts'
import { singleTable } from './tables.ts'
import { settle, typed } from './typed-scalar.ts'
import type { Leaves, Scalar } from './typed-scalar.ts'

/** How a derived column comes about. */
export interface Derivation {
  readonly column: Column
  /** The columns that it is computed from, each once. */
  readonly sources: readonly Column[]
  /**
   * The text of the value, null for NULL.
   * @param texts of the sources, in their order, in PostgreSQL's form
   * @throws ShareholdError SH_ANSWER_* where PostgreSQL fails, as on a division by zero
   */
  compute(texts: readonly (string | null)[]): string | null
}

/** What goes before the expression, so that the parser takes it. */
const PREFIX = 'SELECT '

/** Fields of a SELECT that is nothing but one expression. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(['targetList', 'limitOption', 'op'])

/**
 * The derivations of a schema's derived columns, in the order of the schema.
 *
 * @throws ShareholdError SH_SCHEMA_DERIVED, whose message begins with the path, as in `columns[2].derived`
 */
export async function derivationsOf(schema: Schema): Promise<readonly Derivation[]> {
  if (schema.columns.every(({ derived }) => derived === undefined)) return []
  await loadParser()
  return schema.columns.flatMap((column, index) => {
    if (column.derived === undefined) return []
    try {
      return derivationOf(schema, column, column.derived)
    } catch (error) {
      if (!(error instanceof ShareholdError)) throw error
      throw misdeclared(index, column, error)
    }
  })
}

/** A declared expression. Its keys are the sources, by their places. */
export interface Declared {
  readonly scalar: Scalar
  readonly keyTypes: readonly SqlType[]
  readonly sources: readonly Column[]
}

function derivationOf(schema: Schema, column: Column, expression: string): Derivation {
  const { scalar, keyTypes, sources } = bindDeclared(schema, column, expression)
  return {
    column,
    sources,
    compute: (texts) => computeText(scalar.expression, keyTypes, column, texts),
  }
}

/** Binds a declaration. @throws ShareholdError */
export function bindDeclared(schema: Schema, column: Column, expression: string): Declared {
  const { source, select } = parseSelect(PREFIX + expression)
  const context: Context = {
    source,
    tables: [singleTable(schema)],
    columns: schema.columns,
    members: [],
  }
  const targets = listOf(select, 'targetList')
  const target = openAs(targets[0], 'ResTarget')
  const isPlain =
    targets.length === 1 &&
    target?.['name'] === undefined &&
    Object.keys(select).every((field) => PLAIN_FIELDS.has(field))
  if (target === undefined || !isPlain) {
    throw fail(context, 'SH_SQL_UNSUPPORTED', 'There is more than one expression.', undefined)
  }
  const sources: Column[] = []
  // Keys are numbered as they are met: leaves.keyTypes grows with the sources.
  const keyTypes: SqlType[] = []
  const leaves: Leaves = {
    keyTypes,
    column: (reference) => {
      const read = resolveColumn(context, reference)
      if (read.derived !== undefined) {
        throw fail(
          context,
          'SH_SQL_UNSUPPORTED',
          `Column "${read.name}" is derived itself.`,
          undefined,
        )
      }
      const known = sources.indexOf(read)
      const key = known >= 0 ? known : sources.push(read) - 1
      keyTypes[key] = sqlTypeOf(read)
      return typed(context, leaves, { kind: 'key', index: key }, locationOfReference(reference))
    },
    aggregate: () => undefined,
  }
  const scalar = settle(context, bindScalar(context, leaves, target['val']), sqlTypeOf(column))
  checkAssignable(context, scalar, column)
  return { scalar, keyTypes, sources }
}

function locationOfReference(reference: Fields): number | undefined {
  const location = reference['location']
  return typeof location === 'number' ? location : undefined
}

/** PostgreSQL assigns every number to every number type, rounding, and a date to a timestamp. */
function checkAssignable(context: Context, { type, location }: Scalar, column: Column): void {
  const to = sqlTypeOf(column)
  if (type === to || (isNumberType(type) && isNumberType(to))) return
  if (type === 'date' && castExists(type, to)) return
  throw fail(
    context,
    'SH_SQL_TYPE',
    `The expression is of type ${type}, the column is declared ${to}.`,
    location,
  )
}

function computeText(
  expression: AnswerExpression,
  keyTypes: readonly SqlType[],
  column: Column,
  keys: readonly (string | null)[],
): string | null {
  const value = evaluateExpression(expression, {
    keyTypes,
    keys,
    aggregate: () => {
      throw new TypeError('A derived column holds no aggregate.')
    },
  })
  return value === null ? null : formatValue(assigned(value, column))
}

function assigned(value: Value, column: Column): Value {
  const cast = castValue(value, sqlTypeOf(column))
  if (cast.type !== 'numeric' || column.type !== 'decimal') return cast
  return { type: 'numeric', value: castNumeric(cast.value, column.precision, column.scale) }
}

function misdeclared(index: number, column: Column, cause: ShareholdError): ShareholdError {
  const { position } = cause
  const place =
    position === undefined ? '' : ` (character ${Math.max(1, position.column - PREFIX.length)})`
  return new ShareholdError(
    'SH_SCHEMA_DERIVED',
    `columns[${index}].derived, of column ${column.name}${place}: ${cause.message}`,
    {
      hint: cause.hint ?? 'It must be one expression over columns that are not derived themselves.',
      cause,
    },
  )
}
