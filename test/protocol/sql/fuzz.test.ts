/** Whatever the text, the compiler gives a plan or a ShareholdError of its own table, never another error. */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { canonicalJson, parseCanonicalJson } from '../../../protocol/canonical-json.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { datasetOf } from '../../../protocol/sql/dataset.ts'
import { SQL_ERRORS } from '../../../protocol/sql/errors.ts'
import { formatSqlError } from '../../../protocol/sql/parse.ts'
import { validatePlan } from '../../../protocol/validate-plan.ts'
import { ShareholdError } from '../../../shares/errors.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const SEEDS = [
  'SELECT COUNT(*) FROM trips',
  "SELECT borough, AVG(fare) AS a, COUNT(*) FROM trips AS t WHERE t.fare < 7.505 AND borough LIKE 'B%' GROUP BY borough ORDER BY a DESC NULLS LAST LIMIT 3 OFFSET 1",
  "SELECT ROUND(SUM(tip) / NULLIF(SUM(fare), 0), 3)::numeric(10,2), COALESCE(STDDEV(fare), 0) WHERE trips.shared IS NOT TRUE OR NOT (trips.pickup BETWEEN '2019-03-01' AND timestamp '2019-04-01 12:00:00')",
  "SELECT -COUNT(fare) % 7, 'é', DATE '2019-01-01' FROM trips WHERE passengers NOT IN (1, 2.5, NULL) AND fare > tip AND day IS DISTINCT FROM date '2019-02-01' + 3 GROUP BY payment, shared ORDER BY 1, COUNT(*)",
  "SELECT VAR_POP(tip) - 1e2, ABS(-SUM(passengers)) FROM trips WHERE (fare > 3) = shared AND payment ILIKE '%!_%' ESCAPE '!' IS UNKNOWN FETCH FIRST 2 ROWS ONLY",
]

const FRAGMENTS = [
  ...`( ) , . * :: = <> || ; $1 -- /* */ " ' \\ [ NULL NOT IN IS AND LIKE BETWEEN CASE WHEN END SELECT
  FROM JOIN HAVING OVER FILTER DISTINCT ROW ARRAY interval ANY ALL fare rider borough trips shared count
  sum max 1 -1 0.5 'x' 9223372036854775808 1e400 0x1F U&"\\0061" E'\\n' B'1' X'ff' 😀`.split(
    /\s+/u,
  ),
  '\u0000',
  '\ud800',
]

const mutation = fc.tuple(
  fc.constantFrom('delete', 'insert', 'replace', 'duplicate', 'swap', 'character'),
  fc.nat(),
  fc.nat(),
  fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: 'binary', maxLength: 3 })),
)

function mutate(
  sql: string,
  [kind, a, b, text]: readonly [string, number, number, string],
): string {
  if (kind === 'character') {
    const at = a % (sql.length + 1)
    return sql.slice(0, at) + text + sql.slice(at + (b % 3))
  }
  const tokens = sql.split(/(\s+|[(),.*]|'[^']*')/u).filter((token) => token !== '')
  const i = a % tokens.length
  const j = b % tokens.length
  if (kind === 'delete') tokens.splice(i, 1 + (b % 3))
  if (kind === 'insert') tokens.splice(i, 0, ` ${text} `)
  if (kind === 'replace') tokens[i] = text
  if (kind === 'duplicate') tokens.splice(j, 0, ...tokens.slice(i, i + 6))
  if (kind === 'swap') [tokens[i], tokens[j]] = [tokens[j]!, tokens[i]!]
  return tokens.join('')
}

const statement = fc
  .tuple(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([seed, mutations]) => mutations.reduce(mutate, seed))

test('mutated statements compile or are refused with a place in the text', async () => {
  const codes = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(statement, async (sql) => {
      const outcome = await codeOf(sql)
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1)
    }),
    { numRuns: 1500 },
  )
  // Mutations reach every stage: the parser, names, types, and a plan.
  for (const code of ['ok', 'SH_SQL_SYNTAX', 'SH_SQL_UNSUPPORTED', 'SH_SQL_UNKNOWN_COLUMN']) {
    expect([...codes.keys()]).toContain(code)
  }
})

test('arbitrary text is refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
      expect(await codeOf(`SELECT ${text}`)).not.toBe('ok')
    }),
    { numRuns: 300 },
  )
})

async function codeOf(sql: string): Promise<string> {
  try {
    const { plan } = await compile(sql, TRIPS, PARAMS)
    // What compiles is a plan that every node accepts, and plain data.
    validatePlan(plan, PARAMS)
    expect(parseCanonicalJson(canonicalJson(plan))).toEqual(plan)
    return 'ok'
  } catch (error) {
    expect(error).toBeInstanceOf(ShareholdError)
    const refusal = error as ShareholdError
    expect(refusal.code).not.toBe('SH_SQL_INTERNAL')
    expect(SQL_ERRORS).toHaveProperty(refusal.code)
    const { position } = refusal
    if (position !== undefined) {
      const lines = sql.split(/\r\n|\n|\r/u)
      expect(position.line).toBeGreaterThanOrEqual(1)
      expect(position.line).toBeLessThanOrEqual(lines.length)
      expect(position.column).toBeLessThanOrEqual(Array.from(lines[position.line - 1]!).length + 1)
    }
    expect(formatSqlError(sql, refusal)).toContain(refusal.code)
    await expectKnown(datasetOf(sql))
    return refusal.code
  }
}

async function expectKnown(promise: Promise<unknown>): Promise<void> {
  try {
    await promise
  } catch (error) {
    expect(error).toBeInstanceOf(ShareholdError)
  }
}
