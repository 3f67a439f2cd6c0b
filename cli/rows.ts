/** Lists of plain rows in the three formats. */
import { renderTable } from './table.ts'

export type PlainCell = string | number

const quoted = (cell: PlainCell): string => {
  const text = String(cell)
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Writes rows to stdout as a table, as a JSON array of objects, or as CSV (RFC 4180). */
export function printRows(
  head: readonly string[],
  rows: readonly (readonly PlainCell[])[],
  format: string | undefined,
): void {
  if (format === 'json') {
    const objects = rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])))
    process.stdout.write(`${JSON.stringify(objects, null, 2)}\n`)
  } else if (format === 'csv') {
    const lines = [head, ...rows].map((row) => row.map((cell) => quoted(cell)).join(','))
    process.stdout.write(`${lines.join('\r\n')}\r\n`)
  } else {
    process.stdout.write(renderTable(head, rows))
  }
}
