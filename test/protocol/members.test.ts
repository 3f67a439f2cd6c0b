import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeMembers, encodeMembers, joinMembers } from '../../protocol/members.ts'
import type { MemberRun } from '../../protocol/members.ts'

const runs = fc
  .uniqueArray(
    fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((s) => !/\p{Cc}/u.test(s)),
    { maxLength: 20 },
  )
  .chain((names) =>
    fc
      .array(fc.integer({ min: 1, max: 9 }), { minLength: names.length, maxLength: names.length })
      .map((rows): MemberRun[] =>
        names.toSorted((a, b) => (a < b ? -1 : 1)).map((member, i) => ({ member, rows: rows[i]! })),
      ),
  )

describe('member runs', () => {
  it('decode(encode(x)) = x', () => {
    fc.assert(
      fc.property(runs, (list) => {
        expect(decodeMembers(encodeMembers(list))).toEqual(list)
      }),
    )
  })

  it.each([
    ['1 a', 'no newline'],
    ['01 a\n', 'leading zero'],
    ['0 a\n', 'no rows'],
    ['1 b\n1 a\n', 'descending'],
    ['1 a\n1 a\n', 'twice'],
    ['1 \n', 'no name'],
    ['\n', 'empty line'],
    ['1 a\tb\n', 'control character'],
  ])('refuses %j (%s)', (text) => {
    expect(() => decodeMembers(new TextEncoder().encode(text))).toThrow(
      expect.objectContaining({ code: 'SH_MEMBERS_INVALID' }),
    )
  })

  it('refuses what is not UTF-8', () => {
    expect(() => decodeMembers(Uint8Array.of(0x31, 0x20, 0xff, 0x0a))).toThrow(/UTF-8/u)
  })

  it('joins parts like a plain group-by', () => {
    fc.assert(
      fc.property(fc.array(runs, { maxLength: 4 }), (parts) => {
        const rows = parts
          .flat()
          .flatMap((run) => Array.from({ length: run.rows }, () => run.member))
        const names = [...new Set(rows)].toSorted((a, b) => (a < b ? -1 : 1))
        const table = joinMembers(parts)
        expect([...table.memberOfRow]).toEqual(rows.map((member) => names.indexOf(member)))
        expect(table.members).toBe(names.length)
        const counts = names.map((name) => rows.filter((row) => row === name).length)
        expect(table.rowsPerMember).toEqual(
          [...new Set(counts)]
            .toSorted((a, b) => a - b)
            .map((c) => [c, counts.filter((x) => x === c).length]),
        )
      }),
    )
  })
})
