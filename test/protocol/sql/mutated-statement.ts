/**
 * Statements that went wrong: the corpus with tokens deleted, doubled, swapped and exchanged, halves of two statements
 * joined, noise of characters, deep nesting, long lists.
 */
import * as fc from 'fast-check'

import { ODDITIES, QUERIES } from './statement-corpus.ts'

const CORPUS = [...QUERIES, ...ODDITIES]

const FRAGMENTS = [
  ...`( ) , . * :: = <> <= || ; : $1 ? -- /* */ " ' \` \\ [ ] { NULL NOT IN IS AND OR LIKE ILIKE BETWEEN CASE WHEN THEN ELSE END
  SELECT FROM JOIN LEFT USING ON HAVING OVER FILTER WITHIN DISTINCT ALL ROW ARRAY EXISTS ANY WITH RECURSIVE AS LATERAL UNION VALUES
  GROUP BY ORDER LIMIT OFFSET ROLLUP interval date timestamp fare rider borough trips members shared zone Mixed "Mixed" count sum avg
  max round coalesce cast text numeric int constructor __proto__ 1 0 -1 0.5 'x' '' 'Queens' 2147483648 9223372036854775808 1e400
  1e-400 0x1F 1_0 U&"\\0061" E'\\n' B'1' X'ff' $$x$$ 😀 é İ ﬀ \u202e \u00a0 \ufeff`.split(/\s+/u),
  '\u0000',
  '\ud800',
  '\r\n',
]

const WRAPPERS: readonly (readonly [open: string, close: string])[] = [
  ['(', ')'],
  ['NOT ', ''],
  ['- ', ''],
  ['1 + ', ''],
  ['abs(', ')'],
  ['(SELECT ', ')'],
  ['(SELECT * FROM ', ') q'],
  ['CASE WHEN ', ' THEN 1 END'],
  ['', ' IS NOT NULL'],
  ['', ' COLLATE "C"'],
  ['', '::int'],
  ['', ' AND 1 < 2'],
  ['COALESCE(', ', 1)'],
]

/** What happens to a statement, the places as numbers that are taken modulo what there is. */
export type Mutation = readonly [kind: string, a: number, b: number, text: string]

const mutation: fc.Arbitrary<Mutation> = fc.tuple(
  fc.constantFrom(
    ...'delete insert replace duplicate swap swap character splice splice borrow borrow nest list'.split(
      ' ',
    ),
  ),
  fc.nat(),
  fc.nat(),
  fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: 'binary', maxLength: 3 })),
)

export const mutatedStatement: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...CORPUS), fc.array(mutation, { minLength: 0, maxLength: 4 }))
  .map(([statement, mutations]) => mutations.reduce(mutate, statement))

function mutate(sql: string, [kind, a, b, text]: Mutation): string {
  const tokens = tokensOf(sql)
  const i = a % (tokens.length + 1)
  const j = b % (tokens.length + 1)
  const other = tokensOf(CORPUS[b % CORPUS.length]!)
  const k = (a * 31) % (other.length + 1)
  switch (kind) {
    case 'character': {
      const at = a % (sql.length + 1)
      return sql.slice(0, at) + text + sql.slice(at + (b % 3))
    }
    case 'delete':
      return join(tokens.toSpliced(i, 1 + (b % 3)))
    case 'insert':
      return join(tokens.toSpliced(i, 0, ` ${text} `))
    case 'replace':
      return join(tokens.with(Math.min(i, tokens.length - 1), text))
    case 'duplicate':
      return join(tokens.toSpliced(j, 0, ...tokens.slice(i, i + 1 + (b % 9))))
    case 'swap':
      return i < tokens.length && j < tokens.length
        ? join(tokens.with(i, tokens[j]!).with(j, tokens[i]!))
        : sql
    case 'splice':
      return join([...tokens.slice(0, i), ...other.slice(k)])
    case 'borrow':
      return join(tokens.toSpliced(i, b % 4, ...other.slice(k, k + 1 + (a % 7))))
    case 'nest': {
      const [open, close] = WRAPPERS[a % WRAPPERS.length]!
      const depth = DEPTHS[b % DEPTHS.length]!
      const end = i + 1 + (b % 5)
      const inner = join(tokens.slice(i, end))
      return join([
        ...tokens.slice(0, i),
        ` ${open.repeat(depth)}${inner}${close.repeat(depth)} `,
        ...tokens.slice(end),
      ])
    }
    default: {
      const item = tokens[i] ?? text
      return join(
        tokens.toSpliced(i, 1, `${`${item}, `.repeat(DEPTHS[b % DEPTHS.length]!)}${item}`),
      )
    }
  }
}

const DEPTHS = [1, 2, 3, 5, 10, 40, 150, 700, 2500]

function tokensOf(sql: string): string[] {
  // One token at least, so that there is always something to take.
  return [...(sql.match(/\s+|'[^']*'|"[^"]*"|[\p{L}_][\p{L}\p{N}_]*|\d+|./gsu) ?? [' '])]
}

function join(tokens: readonly string[]): string {
  return tokens.join('')
}
