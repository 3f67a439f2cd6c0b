/**
 * EXPLAIN as a statement: `EXPLAIN [ANALYZE] select` and `EXPLAIN (option [value], …) select`, with PostgreSQL's
 * grammar and its rules for the values of options. It is read by whoever asks (the querier's software) and
 * goes no further: requests and plans are about the SELECT behind it.
 */
import { fieldsOf, listOf, locationOf, numberOf, open, openAs, textOf } from './ast.ts'
import type { Fields } from './ast.ts'
import { loadParser, parseStatement } from './parse.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

export interface ExplainStatement {
  /** Whether the query is asked as well, and what it took is told. */
  readonly analyze: boolean
  /** Whether measured seconds are told. */
  readonly timing: boolean
  /** Undefined if not given. */
  readonly format: 'text' | 'json' | undefined
  /** The SELECT, behind as many spaces and line ends as the rest is long: places in it are those in the statement. */
  readonly select: string
}

/** Options of PostgreSQL that speak of what is not here. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'verbose',
  'costs',
  'settings',
  'generic_plan',
  'buffers',
  'serialize',
  'wal',
  'summary',
  'memory',
])

/**
 * Reads a statement that starts with EXPLAIN.
 *
 * @returns undefined if it is none
 * @throws ShareholdError SH_SQL_SYNTAX; SH_SQL_UNSUPPORTED at an option; SH_SQL_TOO_COMPLEX
 */
export async function explainStatement(sql: string): Promise<ExplainStatement | undefined> {
  // Nearly all statements are told by their first word; it may stand behind a comment.
  if (!/\bexplain\b/iu.test(sql)) return undefined
  await loadParser()
  const { source, kind, fields } = parseStatement(sql)
  if (kind !== 'ExplainStmt') return undefined
  const options = listOf(fields, 'options').map((option) => openAs(option, 'DefElem') ?? {})
  const read = readOptions(source, options)
  return { ...read, select: behindBlanks(sql, selectStart(source, options)) }
}

function readOptions(
  source: Source,
  options: readonly Fields[],
): Pick<ExplainStatement, 'analyze' | 'timing' | 'format'> {
  let analyze = false
  let timing: boolean | undefined
  let format: ExplainStatement['format']
  // Of an option that is given twice the last one counts, as in PostgreSQL.
  for (const option of options) {
    const name = textOf(option, 'defname')
    if (name === 'analyze') analyze = truthOf(source, option)
    else if (name === 'timing') timing = truthOf(source, option)
    else if (name === 'format') format = formatOf(source, option)
    else throw unknownOption(source, option, name)
  }
  if (timing === true && !analyze) {
    throw sqlError(
      source,
      'SH_SQL_SYNTAX',
      'EXPLAIN option TIMING requires ANALYZE.',
      locationOf(options.findLast((option) => textOf(option, 'defname') === 'timing') ?? {}),
    )
  }
  return { analyze, timing: timing ?? analyze, format }
}

function unknownOption(source: Source, option: Fields, name: string): Error {
  const known = NOT_HERE.has(name)
  return sqlError(
    source,
    known ? 'SH_SQL_UNSUPPORTED' : 'SH_SQL_SYNTAX',
    known
      ? `EXPLAIN option ${name.toUpperCase()} is not supported.`
      : `There is no EXPLAIN option "${name}".`,
    locationOf(option),
    'The options are ANALYZE, FORMAT and TIMING. Costs and what is revealed are always printed.',
  )
}

/** PostgreSQL's defGetBoolean. */
function truthOf(source: Source, option: Fields): boolean {
  const { kind, fields } = open(fieldsOf(option, 'arg'))
  const text = textOf(fields, 'sval').toLowerCase()
  if (kind === '' || text === 'true' || text === 'on') return true
  if (text === 'false' || text === 'off') return false
  const number = numberOf(fields, 'ival')
  if (kind === 'Integer' && (number === 0 || number === 1)) return number === 1
  throw sqlError(
    source,
    'SH_SQL_SYNTAX',
    `EXPLAIN option ${textOf(option, 'defname').toUpperCase()} requires a Boolean value.`,
    locationOf(option),
    'Write ON or OFF.',
  )
}

function formatOf(source: Source, option: Fields): 'text' | 'json' {
  const { kind, fields } = open(fieldsOf(option, 'arg'))
  const text = kind === 'String' ? textOf(fields, 'sval').toLowerCase() : ''
  if (text === 'text' || text === 'json') return text
  const known = text === 'xml' || text === 'yaml'
  throw sqlError(
    source,
    known ? 'SH_SQL_UNSUPPORTED' : 'SH_SQL_SYNTAX',
    `EXPLAIN has no format ${text === '' ? 'without a name' : `"${text}"`}${known ? ' here' : ''}.`,
    locationOf(option),
    'The formats are TEXT and JSON.',
  )
}

/** Byte offset of the first token behind EXPLAIN and its options. */
function selectStart({ tokens }: Source, options: readonly Fields[]): number {
  const first = tokens.findIndex(({ start }) => start === locationOf(options[0] ?? {}))
  // EXPLAIN is the first token. Without parentheses every option is one word.
  if (first <= 1) return tokens[1 + options.length]!.start
  const close = tokens.findIndex(({ text }, at) => at > first && text === ')')
  return tokens[close + 1]!.start
}

/** @param start in UTF-8 bytes */
function behindBlanks(sql: string, start: number): string {
  const bytes = new TextEncoder().encode(sql)
  const decoder = new TextDecoder()
  const before = decoder.decode(bytes.subarray(0, start))
  return before.replaceAll(/[^\r\n]/gu, ' ') + decoder.decode(bytes.subarray(start))
}
