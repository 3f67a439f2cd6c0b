/** ASC, DESC, NULLS FIRST and LAST of an item of ORDER BY, wherever it stands. */
import type { AnswerOrder } from './answer-spec.ts'
import { textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { fail } from './context.ts'
import type { Context } from './context.ts'
import { keywordAt } from './source.ts'

/** @param sort fields of the SortBy @throws ShareholdError SH_SQL_UNSUPPORTED for USING */
export function directionOf(context: Context, sort: Fields): AnswerOrder {
  const direction = textOf(sort, 'sortby_dir')
  if (direction === 'SORTBY_USING') {
    throw fail(
      context,
      'SH_SQL_UNSUPPORTED',
      'ORDER BY … USING is not supported.',
      keywordAt(context.source, 'using'),
      'Write ASC or DESC.',
    )
  }
  const descending = direction === 'SORTBY_DESC'
  const nulls = textOf(sort, 'sortby_nulls')
  // PostgreSQL's NULL is larger than anything else.
  const nullsFirst = nulls === 'SORTBY_NULLS_DEFAULT' ? descending : nulls === 'SORTBY_NULLS_FIRST'
  return { descending, nullsFirst }
}
