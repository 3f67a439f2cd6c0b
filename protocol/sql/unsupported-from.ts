/** Items of FROM that are refused: functions, samples, sub-queries. */
import type { ShareholdError } from '../../shares/errors.ts'

import { firstLocation, isSet, listOf, open, openAs } from './ast.ts'
import { entryOf } from './names.ts'
import { keywordAt, sqlError } from './source.ts'
import type { Source } from './source.ts'
import { IN_FROM } from './unsupported-constructs.ts'
import type { Refusal } from './unsupported-constructs.ts'

/** The error for an item of FROM that is neither a dataset nor a join. */
export function unsupportedFromItem(source: Source, item: unknown): ShareholdError {
  const { kind, fields } = open(item)
  const { what, hint } =
    kind === 'RangeSubselect'
      ? subQueryRefusal(isSet(fields, 'lateral'), isValues(fields['subquery']))
      : (entryOf(IN_FROM, kind) ?? IN_FROM['RangeFunction']!)
  const location =
    kind === 'RangeSubselect'
      ? startOfQuery(source, item)
      : kind === 'RangeTableSample'
        ? keywordAt(source, 'tablesample')
        : firstLocation(item)
  return sqlError(
    source,
    'SH_SQL_UNSUPPORTED',
    `${what} is not supported.`,
    location ?? keywordAt(source, 'from'),
    hint,
  )
}

/** Byte offset of the first word of a query: SELECT, VALUES, TABLE or WITH before all that has a place in it. */
export function startOfQuery(source: Source, query: unknown): number | undefined {
  const first = firstLocation(query)
  if (first === undefined) return keywordAt(source, 'from')
  return source.tokens.findLast(
    ({ start, text }) => start <= first && /^(?:select|values|table|with)$/iu.test(text),
  )?.start
}

function subQueryRefusal(isLateral: boolean, values: boolean): Refusal {
  if (isLateral) {
    return { what: 'LATERAL', hint: 'Ask about one dataset at a time.' }
  }
  if (values) return { what: 'VALUES in FROM', hint: 'Ask about a dataset: SELECT … FROM.' }
  return { what: 'A sub-query in FROM', hint: 'Write FROM and the name of a dataset.' }
}

function isValues(query: unknown): boolean {
  return listOf(openAs(query, 'SelectStmt') ?? {}, 'valuesLists').length > 0
}
