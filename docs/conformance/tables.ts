/**
 * What Sharehold answers and what it refuses: the one list from which `npm run docs` makes the tables of
 * docs/sql.md, and of which test/protocol/sql/conformance.test.ts holds every row against the compiler and PostgreSQL.
 */
import { AGGREGATES } from './aggregates.ts'
import { EXPRESSIONS } from './expressions.ts'
import { GROUP_BY } from './group-by.ts'
import { HAVING } from './having.ts'
import { JOINS } from './joins.ts'
import { LOOKUPS } from './lookups.ts'
import type { ConformanceRow, ConformanceTable } from './row.ts'
import { SAFE_ANSWERS } from './safe-answers.ts'
import { STATEMENT } from './statement.ts'
import { WHERE } from './where.ts'

export const CONFORMANCE: readonly ConformanceTable[] = [
  STATEMENT,
  JOINS,
  LOOKUPS,
  SAFE_ANSWERS,
  AGGREGATES,
  EXPRESSIONS,
  WHERE,
  GROUP_BY,
  HAVING,
]

const END = '<!-- end of table -->'

/** The page with each table between `<!-- table: name -->` and its end made anew. */
export function withConformanceTables(page: string): string {
  return CONFORMANCE.reduce((text, table) => {
    const start = `<!-- table: ${table.name} -->`
    const from = text.indexOf(start)
    const to = text.indexOf(END, from)
    if (from < 0 || to < 0) throw new Error(`docs/sql.md has no place for the table ${table.name}`)
    return `${text.slice(0, from)}${start}\n\n${markdown(table)}\n${text.slice(to)}`
  }, page)
}

function markdown({ rows, notes }: ConformanceTable): string {
  const heads = ['construct', 'example', 'status', ...(notes === undefined ? [] : [notes])]
  const lines = rows.map((row) => cells(row).slice(0, heads.length))
  return [heads, heads.map(() => '---'), ...lines].map(tableLine).join('')
}

function cells({ construct, example, status, note }: ConformanceRow): string[] {
  const verdict = status === 'yes' ? status : `\`${status}\``
  return [withoutEmphasis(construct), `\`${example}\``, verdict, withoutEmphasis(note ?? '')]
}

function tableLine(line: readonly string[]): string {
  return `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

/** Stars outside of code are stars. */
function withoutEmphasis(text: string): string {
  return text
    .split(/(`[^`]*`)/u)
    .map((part) => (part.startsWith('`') ? part : part.replaceAll('*', '\\*')))
    .join('')
}
