/** EXPLAIN on stdout, for `explain` and for `query` with an EXPLAIN in its SQL. */
import type { ExplainOptions } from '../coordinator/client/querier.ts'
import { explainQuery } from '../coordinator/client/querier.ts'
import { explainStatement } from '../protocol/sql/explain-statement.ts'
import { explainText } from '../protocol/sql/explain-text.ts'
import { explainQuery as explainPlan } from '../protocol/sql/explain.ts'
import type { Basis } from '../protocol/sql/explain.ts'
import { ShareholdError } from '../shares/errors.ts'

export type ExplainFormat = 'text' | 'json'

/** @param format if the statement does not say it */
export async function printExplanation(
  options: ExplainOptions,
  format: ExplainFormat,
  basis?: Basis,
): Promise<void> {
  try {
    if ((await explainStatement(options.sql))?.analyze === true) {
      throw new ShareholdError('SH_SQL_UNSUPPORTED', 'EXPLAIN ANALYZE is not supported yet.', {
        hint: 'EXPLAIN says what a query will cost, exactly.',
      })
    }
    const { compiled, dataset } = await explainQuery(options)
    const explained = explainPlan(compiled, dataset.params, basis)
    print(
      format === 'json'
        ? JSON.stringify({ ...explained, plan: compiled.plan }, null, 2)
        : explainText(explained),
    )
  } catch (error) {
    // Who reads JSON gets the reason there too.
    if (format === 'json' && error instanceof ShareholdError) print(refusalJson(error))
    throw error
  }
}

function refusalJson({ code, message, hint, position }: ShareholdError): string {
  return JSON.stringify({ refused: { code, message, hint, position } }, null, 2)
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)
