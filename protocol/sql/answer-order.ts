/** The order of rows of an answer. */
import type { AnswerOrder } from './answer-spec.ts'
import { compareValues } from './answer-value.ts'
import type { Value } from './answer-value.ts'

/** A value, NULL, or undefined where it is suppressed. */
export type CellValue = Value | null | undefined

/**
 * Which of two rows comes first, by the values of the items of ORDER BY: negative, 0 or positive. What is suppressed
 * sorts like NULL: its place must not tell more than its marker.
 */
export function compareBy(
  orderBy: readonly AnswerOrder[],
  left: readonly CellValue[],
  right: readonly CellValue[],
): number {
  for (const [index, { descending, nullsFirst }] of orderBy.entries()) {
    const a = left[index] ?? null
    const b = right[index] ?? null
    if (a === null || b === null) {
      if (a === b) continue
      return (a === null) === nullsFirst ? -1 : 1
    }
    const comparison = compareValues(a, b)
    if (comparison !== 0) return descending ? -comparison : comparison
  }
  return 0
}
