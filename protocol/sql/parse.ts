/**
 * SQL text to PostgreSQL's own syntax tree. The grammar is PostgreSQL 18's (libpg-query, WebAssembly),
 * so what is a syntax error here is one there. Only a single SELECT comes through.
 *
 * Security: the text is a stranger's. It is bounded before the parser sees it, because the parser and
 * the printer of its tree recurse on a fixed stack.
 */
import { loadModule, parseSync, scanSync } from 'libpg-query'

import { ShareholdError } from '../../shares/errors.ts'

import { fieldsOf, listOf, numberOf, open } from './ast.ts'
import type { Fields } from './ast.ts'
import { keywordAt, positionOfCharacters, sqlError } from './source.ts'
import type { Source, Token } from './source.ts'
import { parserError } from './syntax-error.ts'
import { STATEMENT_HINTS } from './unsupported-constructs.ts'

export { formatSqlError } from './format-error.ts'

/** Longest statement, in UTF-16 units: what fits into a request that has to fit into a ledger entry. */
export const MAX_SQL_LENGTH = 30_000
/** Most tokens that can nest (all but names, constants and commas). The parser's stack holds about three times as many. */
export const MAX_NESTING_TOKENS = 2_000

const LEAF = /^(?:,|[\d.'"$]|[eEbBxXnN]'|[uU]&['"])/u
const WORD = /^[\p{L}_]/u
/** Words that open a level; all others are names or clause keywords. */
const NESTING_WORD =
  /^(?:all|any|array|at|between|case|cast|coalesce|collate|else|except|exists|from|intersect|is|isnull|join|lateral|not|notnull|nullif|or|and|row|select|similar|then|union|values|when|with)$/iu

/** Not well-formed UTF-16, or a byte that ends a C string. */
const NOT_TEXT = /\p{Surrogate}|\0/u

export interface ParsedSelect {
  readonly source: Source
  /** Fields of the SelectStmt. */
  readonly select: Fields
}

let loading: Promise<void> | undefined

/** Loads the parser once; must be awaited before `parseSelect`. */
export async function loadParser(): Promise<void> {
  loading ??= loadModule()
  await loading
}

/** One statement of any kind. */
export interface ParsedStatement {
  readonly source: Source
  /** Of the node, such as SelectStmt. */
  readonly kind: string
  readonly fields: Fields
}

/**
 * Parses one SELECT statement; a final semicolon is allowed.
 *
 * @throws ShareholdError SH_SQL_SYNTAX, SH_SQL_TOO_COMPLEX, SH_SQL_UNSUPPORTED (another statement, or several)
 */
export function parseSelect(sql: string): ParsedSelect {
  const { source, kind, fields } = parseStatement(sql)
  if (kind !== 'SelectStmt') throw notASelect(source, kind)
  return { source, select: fields }
}

/**
 * Parses one statement; a final semicolon is allowed.
 *
 * @throws ShareholdError SH_SQL_SYNTAX, SH_SQL_TOO_COMPLEX, SH_SQL_UNSUPPORTED (several)
 */
export function parseStatement(sql: string): ParsedStatement {
  checkText(sql)
  const source = { sql, tokens: tokensOf(sql) }
  const nesting = source.tokens.filter(canNest)
  if (nesting.length > MAX_NESTING_TOKENS) {
    throw sqlError(
      source,
      'SH_SQL_TOO_COMPLEX',
      `The statement has more than ${MAX_NESTING_TOKENS} operators and parentheses.`,
      nesting[MAX_NESTING_TOKENS]!.start,
      'Long lists of values belong into IN (…).',
    )
  }
  const statements = listOf(
    parserResult(sql, source.tokens, () => parseSync(sql)),
    'stmts',
  )
  const [first, second] = statements
  if (first === undefined) {
    throw new ShareholdError('SH_SQL_SYNTAX', 'There is no statement in the text.', {
      hint: 'Write a SELECT.',
      position: { line: 1, column: 1, length: 1 },
    })
  }
  if (second !== undefined) {
    throw sqlError(
      source,
      'SH_SQL_UNSUPPORTED',
      'The text holds more than one statement.',
      numberOf(second as Fields, 'stmt_location'),
      'Send one statement at a time.',
    )
  }
  return { source, ...open(fieldsOf(first as Fields, 'stmt')) }
}

function checkText(sql: string): void {
  if (sql.length > MAX_SQL_LENGTH) {
    throw new ShareholdError(
      'SH_SQL_TOO_COMPLEX',
      `The statement is longer than ${MAX_SQL_LENGTH} characters.`,
      { hint: 'Shorten its lists of values.' },
    )
  }
  const bad = NOT_TEXT.exec(sql)
  if (bad === null) return
  throw new ShareholdError(
    'SH_SQL_SYNTAX',
    'The text holds a character that is not Unicode text.',
    {
      hint: 'Remove NUL characters and lone surrogates.',
      position: positionOfCharacters(sql, Array.from(sql.slice(0, bad.index)).length, 1),
    },
  )
}

/**
 * Tokens without comments; none if the scanner stops.
 *
 * @throws ShareholdError SH_SQL_TOO_COMPLEX if it stops and so much might nest before that the parser must not see it
 */
function tokensOf(sql: string): Token[] {
  // libpg-query refuses the empty text with an error of its own kind.
  if (sql.trim() === '') return []
  let scanned: readonly Token[]
  try {
    scanned = listOf(scanSync(printable(sql)) as unknown as Fields, 'tokens') as readonly Token[]
  } catch {
    // The scanner says nothing about where; the parser stops at the same place and does.
    checkUnscanned(sql)
    return []
  }
  return scanned
    .filter(({ text }) => !text.startsWith('--') && !text.startsWith('/*'))
    .map(({ start, end, text }) => ({ start, end, text }))
}

// The scanner prints its tokens as JSON and escapes quotes and line ends only.
// eslint-disable-next-line no-control-regex
const UNESCAPED = /[\u0001-\u0008\u000b\u000c\u000e-\u001f]/gu

/** The text with each control character replaced by another one of one byte that means the same to the scanner. */
function printable(sql: string): string {
  // \v and \f are white space; the others stand inside a literal or a comment, or the parser refuses them.
  return sql.replaceAll(UNESCAPED, (character) => (/\s/u.test(character) ? ' ' : '?'))
}

/** Counts what might nest in a text that has no tokens: words and marks, inside literals too. */
function checkUnscanned(sql: string): void {
  const pieces = sql.match(/[\p{L}_][\p{L}\p{N}_]*|[^\s\p{L}]/gu) ?? []
  if (pieces.filter((text) => canNest({ start: 0, end: 0, text })).length <= MAX_NESTING_TOKENS)
    return
  throw new ShareholdError(
    'SH_SQL_TOO_COMPLEX',
    `The statement does not end, and has more than ${MAX_NESTING_TOKENS} operators and parentheses.`,
    { hint: 'Look for a quote or a comment that is not closed.' },
  )
}

function canNest({ text }: Token): boolean {
  return WORD.test(text) ? NESTING_WORD.test(text) : !LEAF.test(text)
}

/** Calls the parser and gives its errors a position. */
function parserResult(sql: string, tokens: readonly Token[], call: () => unknown): Fields {
  if (sql.trim() === '') return {}
  try {
    return call() as Fields
  } catch (cause) {
    throw parserError({ sql, tokens }, cause)
  }
}

/** Kinds whose statements do not start with the first word of the kind. */
const STATEMENT_WORDS: Readonly<Record<string, string>> = {
  CallStmt: 'call',
  ConstraintsSetStmt: 'set',
  DefineStmt: 'create',
  IndexStmt: 'create',
  RenameStmt: 'alter',
  RuleStmt: 'create',
  ViewStmt: 'create',
}

function notASelect(source: Source, kind: string): ShareholdError {
  const word = STATEMENT_WORDS[kind] ?? /^[A-Z][a-z]+/u.exec(kind)?.[0].toLowerCase() ?? ''
  const first = source.tokens.find(({ text }) => text !== ';')
  // WITH stands before INSERT, UPDATE, DELETE and MERGE.
  const isWith = first?.text.toLowerCase() === 'with'
  const location = (isWith ? keywordAt(source, word) : undefined) ?? first?.start
  const shown = isWith ? word : (first?.text ?? 'This')
  return sqlError(
    source,
    'SH_SQL_UNSUPPORTED',
    `${shown.toUpperCase()} is not supported: only SELECT is answered.`,
    location,
    STATEMENT_HINTS.find(([pattern]) => pattern.test(kind))?.[1],
  )
}
