/**
 * Answers as text: a table for a terminal, JSON, CSV. In each of them NULL, the empty text and a
 * suppressed value look different. Pure, without colour.
 */
import type { Cell, SqlType } from './answer-spec.ts'
import type { Answer } from './answer.ts'
import { displayWidth, printable } from './display-width.ts'

const SUPPRESSED_MARK = '‹fewer than k›'
const NULL_MARK = 'NULL'
const NUMBERS: ReadonlySet<SqlType> = new Set(['integer', 'bigint', 'numeric', 'double'])

export interface TableOptions {
  /** Fewest contributing members for a value to be shown: stands in the footnote. */
  readonly kMin?: number
  /** 'box' draws lines around the cells, 'psql' only between them, in ASCII. Default 'box'. */
  readonly style?: 'box' | 'psql'
}

interface Frame {
  /** Left end, filling, crossing and right end of a rule; absent rules are not drawn. */
  readonly top?: readonly [string, string, string, string]
  readonly middle: readonly [string, string, string, string]
  readonly bottom?: readonly [string, string, string, string]
  readonly left: string
  readonly between: string
  readonly right: string
}

const FRAMES: Readonly<Record<'box' | 'psql', Frame>> = {
  box: {
    top: ['┌', '─', '┬', '┐'],
    middle: ['├', '─', '┼', '┤'],
    bottom: ['└', '─', '┴', '┘'],
    left: '│',
    between: '│',
    right: '│',
  },
  psql: { middle: ['', '-', '+', ''], left: '', between: '|', right: '' },
}

/**
 * A table with the number of rows below and, if anything is suppressed, a footnote that says why.
 * Numbers stand to the right. Control characters in texts are shown as escapes. Ends with a newline.
 */
export function renderTable(answer: Answer, options: TableOptions = {}): string {
  const frame = FRAMES[options.style ?? 'box']
  const header = answer.columns.map((column) => printable(column.name))
  const body = answer.rows.map((row) => row.map(tableText))
  const widths = header.map((name, index) =>
    body.reduce(
      (width, row) => Math.max(width, displayWidth(row[index] ?? '')),
      displayWidth(name),
    ),
  )
  const rightAligned = answer.columns.map((column) => NUMBERS.has(column.type))
  const line = (texts: readonly string[], toRight: readonly boolean[]): string => {
    const cells = widths.map((width, index) => {
      const text = texts[index] ?? ''
      const blank = ' '.repeat(width - displayWidth(text))
      return toRight[index] === true ? ` ${blank}${text} ` : ` ${text}${blank} `
    })
    return (frame.left + cells.join(frame.between) + frame.right).trimEnd()
  }
  const rule = ([left, filling, crossing, right]: readonly [string, string, string, string]) =>
    left + widths.map((width) => filling.repeat(width + 2)).join(crossing) + right
  const lines = [
    ...(frame.top === undefined ? [] : [rule(frame.top)]),
    line(header, rightAligned),
    rule(frame.middle),
    ...body.map((row) => line(row, rightAligned)),
    ...(frame.bottom === undefined ? [] : [rule(frame.bottom)]),
    answer.rows.length === 1 ? '(1 row)' : `(${answer.rows.length} rows)`,
    ...footnote(answer, options.kMin),
  ]
  return `${lines.join('\n')}\n`
}

/**
 * A JSON array with an object for each row. Numbers that a JSON reader would change (integers beyond 2^53,
 * more than 15 significant digits) are strings; others keep PostgreSQL's decimals. NULL is null, a
 * suppressed value is `{"suppressed":true}`. A column name that occurs twice gets `_2`. Ends with a newline.
 */
export function renderJson(answer: Answer): string {
  const names = distinctNames(answer.columns.map((column) => column.name))
  const rows = answer.rows.map((row) => {
    const members = answer.columns.map(
      (column, index) =>
        `${JSON.stringify(names[index])}:${jsonText(column.type, row[index] ?? { null: true })}`,
    )
    return `{${members.join(',')}}`
  })
  return rows.length === 0 ? '[]\n' : `[\n  ${rows.join(',\n  ')}\n]\n`
}

/**
 * CSV with a header, lines ended by CR LF (RFC 4180). NULL is an empty field, a suppressed value is
 * `suppressed`; texts that would read as one of these are quoted, as PostgreSQL does for the empty text.
 */
export function renderCsv(answer: Answer): string {
  const header = answer.columns.map((column) => csvField(column.name))
  const lines = [header, ...answer.rows.map((row) => row.map(csvCell))]
  return lines.map((fields) => `${fields.join(',')}\r\n`).join('')
}

function tableText(cell: Cell): string {
  if ('suppressed' in cell) return SUPPRESSED_MARK
  if ('null' in cell) return NULL_MARK
  const text = printable(cell.text)
  return text === NULL_MARK || text === SUPPRESSED_MARK ? `'${text}'` : text
}

function footnote(answer: Answer, kMin: number | undefined): readonly string[] {
  if (!answer.rows.some((row) => row.some((cell) => 'suppressed' in cell))) return []
  const k = kMin === undefined ? '' : ` (k = ${kMin})`
  return [`${SUPPRESSED_MARK}: withheld, since fewer than k members contribute${k}.`]
}

function jsonText(type: SqlType, cell: Cell): string {
  if ('suppressed' in cell) return '{"suppressed":true}'
  if ('null' in cell) return 'null'
  if (type === 'boolean') return String(cell.text === 't' || cell.text === 'true')
  return NUMBERS.has(type) && isSafeNumber(cell.text) ? cell.text : JSON.stringify(cell.text)
}

/** Whether a text is a JSON number that a double precision reader does not change. */
function isSafeNumber(text: string): boolean {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]\d+)?$/.test(text)) return false
  const significant = text.replace(/e.*$/, '').replaceAll(/[-.]/g, '').replace(/^0+/, '')
  return text.includes('.') || text.includes('e')
    ? significant.length <= 15
    : Number.isSafeInteger(Number(text))
}

function distinctNames(names: readonly string[]): readonly string[] {
  const taken = new Set<string>()
  return names.map((name) => {
    let candidate = name
    for (let count = 2; taken.has(candidate); count += 1) candidate = `${name}_${count}`
    taken.add(candidate)
    return candidate
  })
}

function csvCell(cell: Cell): string {
  if ('suppressed' in cell) return 'suppressed'
  if ('null' in cell) return ''
  return csvField(cell.text)
}

function csvField(text: string): string {
  const quoted = text === '' || text === 'suppressed' || /[",\r\n]|^\s|\s$/.test(text)
  return quoted ? `"${text.replaceAll('"', '""')}"` : text
}
