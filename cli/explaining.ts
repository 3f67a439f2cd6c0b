/** EXPLAIN on stdout, for `explain` and for `query` with an EXPLAIN in its SQL. */
import { measuredBasis } from '../coordinator/client/measured-basis.ts'
import type { Asked, ExplainOptions } from '../coordinator/client/querier.ts'
import { ask, explainQuery } from '../coordinator/client/querier.ts'
import { withoutTiming } from '../protocol/sql/explain-measured.ts'
import type { ExplainStatement } from '../protocol/sql/explain-statement.ts'
import { explainText } from '../protocol/sql/explain-text.ts'
import { explainQuery as explainPlan } from '../protocol/sql/explain.ts'
import type { Basis } from '../protocol/sql/explain.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { Asking } from './querier.ts'

export interface Explaining {
  readonly options: ExplainOptions
  /** Undefined: a SELECT without EXPLAIN. */
  readonly statement: ExplainStatement | undefined
  /** If the statement does not say it. */
  readonly format: 'text' | 'json'
  /** What seconds are predicted for, instead of what the nodes have measured. */
  readonly basis?: Basis
  /** How to ask the query, for ANALYZE. @throws ShareholdError if nobody may ask */
  readonly asking: () => Promise<Asking>
}

/** @throws ShareholdError SH_RESULT_COST, when all is printed, if a run was not what its plan demands */
export async function printExplanation(explaining: Explaining): Promise<void> {
  const { options, statement } = explaining
  const json = (statement?.format ?? explaining.format) === 'json'
  try {
    const asked = statement?.analyze === true ? await askSelect(explaining, statement) : undefined
    const { compiled, view } = asked ?? (await explainQuery(options))
    const basis = explaining.basis ?? (await measuredBasis(options.client, options.signal))
    const plan = explainPlan(compiled, view.params, basis)
    const all = asked?.measured
    const measured = all === undefined || statement?.timing === true ? all : withoutTiming(all)
    print(
      json
        ? JSON.stringify({ ...plan, plan: compiled.plan, measured }, null, 2)
        : explainText(plan, measured),
    )
    if (measured !== undefined) checkCost(measured.differences)
  } catch (error) {
    // Who reads JSON gets the reason there too.
    if (json && error instanceof ShareholdError && error.code !== 'SH_RESULT_COST') {
      print(refusalJson(error))
    }
    throw error
  }
}

async function askSelect(
  { options, asking }: Explaining,
  { select }: ExplainStatement,
): Promise<Asked> {
  const as = await asking()
  return ask({ ...options, ...as, sql: select }).finally(as.ended)
}

function checkCost(differences: readonly string[]): void {
  if (differences.length === 0) return
  throw new ShareholdError('SH_RESULT_COST', differences.join(' '), {
    hint: 'The answer may be right, but something is wrong: have the ledger audited, `sharehold audit --all`.',
  })
}

function refusalJson({ code, message, hint, position }: ShareholdError): string {
  return JSON.stringify({ refused: { code, message, hint, position } }, null, 2)
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)
