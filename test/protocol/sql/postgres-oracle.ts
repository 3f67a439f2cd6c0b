/** A real PostgreSQL (PGlite) that says what an expression is: its text, its type, or its error. */
import { PGlite } from '@electric-sql/pglite'

import { ShareholdError } from '../../../shares/errors.ts'

export interface Oracle {
  readonly database: PGlite
  /**
   * For each SELECT expression (with an optional FROM clause) `text :: type`, or the code of the error
   * that Sharehold has for PostgreSQL's.
   */
  readonly evaluate: (
    expressions: readonly { readonly sql: string; readonly from?: string }[],
  ) => Promise<string[]>
  /** First column of a query's rows, as text. */
  readonly column: (sql: string) => Promise<(string | null)[]>
}

const CODES: Readonly<Record<string, string>> = {
  '22012': 'SH_ANSWER_DIVISION_BY_ZERO',
  '22003': 'SH_ANSWER_RANGE',
  '2201F': 'SH_ANSWER_ARGUMENT',
  '22P02': 'SH_ANSWER_LITERAL',
  '42883': 'SH_ANSWER_TYPE',
  '42846': 'SH_ANSWER_TYPE',
  '42804': 'SH_ANSWER_TYPE',
}

export async function startOracle(): Promise<Oracle> {
  const database = await PGlite.create()
  await database.exec(`
    CREATE FUNCTION attempt(query text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE result text;
    BEGIN
      EXECUTE query INTO result;
      RETURN result;
    EXCEPTION WHEN OTHERS THEN
      RETURN 'error ' || SQLSTATE;
    END $$`)
  return {
    database,
    evaluate: async (expressions) => {
      const queries = expressions.map(
        ({ sql, from }) =>
          `SELECT coalesce((${sql})::text, 'NULL') || ' :: ' || pg_typeof(${sql}) ${from ?? ''}`,
      )
      const { rows } = await database.query<[string]>(
        'SELECT attempt(query) FROM unnest($1::text[]) WITH ORDINALITY AS q(query, place) ORDER BY place',
        [queries],
        { rowMode: 'array' },
      )
      return rows.map(([text]) => {
        const code = /^error (.{5})$/.exec(text)?.[1]
        if (code === undefined) return text.replace(/double precision$/, 'double')
        return CODES[code] ?? text
      })
    },
    column: async (sql) => {
      const { rows } = await database.query<[string | null]>(sql, [], { rowMode: 'array' })
      return rows.map(([text]) => text)
    },
  }
}

/** The function's text, or the code of the error that it throws. */
export function textOrCode(compute: () => string): string {
  try {
    return compute()
  } catch (error) {
    if (error instanceof ShareholdError) return error.code
    throw error
  }
}
