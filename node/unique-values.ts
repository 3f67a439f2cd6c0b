/** Whether the values of a column that is declared unique differ, NULLs apart. Memory: a table of all its codes. */
import type { ColumnValues } from '../shares/column-values.ts'
import { ShareholdError } from '../shares/errors.ts'

/** Row 1 of a file is its header. */
const FIRST_ROW = 2

/** @param rows that there are: the array may be longer
 * @throws ShareholdError SH_IMPORT_UNIQUE naming the first row whose value has come before, and that one */
export function checkUnique({ column, codes, validity }: ColumnValues, rows: number): void {
  const rowOf = new Map<number | bigint, number>()
  for (let row = 0; row < rows; row++) {
    if (validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0) continue
    const code = codes[row]!
    const before = rowOf.get(code)
    if (before !== undefined) {
      throw new ShareholdError(
        'SH_IMPORT_UNIQUE',
        `Rows ${before + FIRST_ROW} and ${row + FIRST_ROW} have the same value in column "${column.name}", which is declared unique.`,
        {
          position: { line: row + FIRST_ROW, column: 1 },
          hint: 'Nothing was stored. Leave one of the rows out, or sign a schema without `unique`.',
        },
      )
    }
    rowOf.set(code, row)
  }
}
