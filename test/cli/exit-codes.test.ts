import { describe, expect, it } from 'vitest'

import { ERROR_TABLES } from '../../cli/error-tables.ts'
import { EXIT, EXIT_HELP, exitCodeFor, exitCodeOf } from '../../cli/exit-codes.ts'
import { ShareholdError } from '../../shares/errors.ts'

const codes = ERROR_TABLES.flatMap(({ title, table }) =>
  Object.keys(table).map((code) => [code, title] as const),
)

describe('exit codes', () => {
  it.each(codes)('%s has one (%s)', (code) => {
    expect(exitCodeFor(code)).toBeTypeOf('number')
  })

  it.each([
    ['SH_SQL_SYNTAX', EXIT.badInput],
    ['SH_SCHEMA_INVALID', EXIT.badInput],
    ['SH_TOPOLOGY_INVALID', EXIT.badInput],
    ['SH_LEDGER_RANGE', EXIT.badInput],
    ['SH_POLICY_MEMBER', EXIT.refused],
    ['SH_AUTH_EXPIRED', EXIT.refused],
    ['SH_AUTH_PURPOSE', EXIT.refused],
    ['SH_COORDINATOR_UNREACHABLE', EXIT.network],
    ['SH_JOB_NODE_GONE', EXIT.network],
    ['SH_ROUND_TIMEOUT', EXIT.network],
    ['SH_JOB_DISAGREE', EXIT.verification],
    ['SH_OUTPUT_INCONSISTENT', EXIT.verification],
    ['SH_RESULT_INVALID', EXIT.verification],
    ['SH_AUDIT_FAILED', EXIT.verification],
    ['SH_NOTE_SIGNATURE', EXIT.verification],
    ['SH_SQL_INTERNAL', EXIT.unexpected],
  ])('of %s is %i', (code, exit) => {
    expect(exitCodeOf(new ShareholdError(code, ''))).toBe(exit)
  })

  it('of anything else says that it is a defect', () => {
    expect(exitCodeOf(new Error('x'))).toBe(EXIT.unexpected)
    expect(exitCodeOf(new ShareholdError('SH_NOBODY_KNOWS', ''))).toBe(EXIT.unexpected)
    expect(exitCodeFor('SH_NOBODY_KNOWS')).toBeUndefined()
  })

  it('are all explained', () => {
    expect(EXIT_HELP.map(([code]) => code)).toEqual(Object.values(EXIT))
  })
})

describe('error tables', () => {
  it('give each code one meaning', () => {
    const meanings = new Map<string, string>()
    for (const { table } of ERROR_TABLES) {
      for (const [code, meaning] of Object.entries(table)) {
        expect(meanings.get(code) ?? meaning, code).toBe(meaning)
        meanings.set(code, meaning)
      }
    }
    expect([...meanings.keys()].filter((code) => !/^SH_[A-Z0-9_]+$/u.test(code))).toEqual([])
  })
})
