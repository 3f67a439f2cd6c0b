import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { joinMembers, rowsPerMemberOf } from '../../protocol/member-table.ts'
import { decodeMembers, encodeMembers, memberAt } from '../../protocol/members.ts'
import type { MemberList, MemberRun } from '../../protocol/members.ts'

const SALT = new Uint8Array(32).fill(0xab)
const SALT_LINE = `salt ${'ab'.repeat(32)}\n`

const runs = fc
  .uniqueArray(
    fc
      .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
      .map((s) => s.normalize('NFC'))
      .filter((s) => !/\p{Cc}|\p{Cf}|^\s|\s$/u.test(s)),
    { maxLength: 20 },
  )
  .chain((names) =>
    fc
      .array(fc.integer({ min: 1, max: 9 }), { minLength: names.length, maxLength: names.length })
      .map((rows): MemberRun[] =>
        names.toSorted((a, b) => (a < b ? -1 : 1)).map((member, i) => ({ member, rows: rows[i]! })),
      ),
  )

const runsOf = (list: MemberList): MemberRun[] =>
  Array.from(list.rows, (rows, i) => ({ member: memberAt(list, i), rows }))

const listOf = (part: readonly MemberRun[]): MemberList => decodeMembers(encodeMembers(part, SALT))

describe('member runs', () => {
  it('decode(encode(x)) = x', () => {
    fc.assert(
      fc.property(runs, (list) => {
        const read = listOf(list)
        expect(runsOf(read)).toEqual(list)
        expect(read.totalRows).toBe(list.reduce((sum, { rows }) => sum + rows, 0))
      }),
    )
  })

  it('begin with their salt, so that their hash confirms no guess', () => {
    const list = [{ member: 'a', rows: 2 }]
    expect(new TextDecoder().decode(encodeMembers(list, SALT))).toBe(`${SALT_LINE}2 a\n`)
    expect(encodeMembers(list, new Uint8Array(32))).not.toEqual(encodeMembers(list, SALT))
    expect(() => encodeMembers(list, new Uint8Array(31))).toThrow(RangeError)
  })

  it.each(['', '1 a\n', `${SALT_LINE.slice(0, -2)}\n1 a\n`, `1 a\n${SALT_LINE}`])(
    'refuses %j, without a salt in front',
    (text) => {
      expect(() => decodeMembers(new TextEncoder().encode(text))).toThrow(
        expect.objectContaining({ code: 'SH_MEMBERS_INVALID' }),
      )
    },
  )

  it.each([
    ['1 a', 'no newline'],
    ['01 a\n', 'leading zero'],
    ['0 a\n', 'no rows'],
    ['4294967296 a\n', 'more rows than a u32'],
    ['12345678901 a\n', 'eleven digits'],
    ['1a\n', 'no space'],
    [`1 ${'a'.repeat(129)}\n`, 'too long'],
    ['1 a\n\n1 b\n', 'an empty line between'],
    ['1 \u{1f600}\n1 \u{1f600}\n', 'twice, beyond ASCII'],
    ['1 \uff41\n1 \u{1f600}\n', 'a surrogate behind U+FF41'],
    ['1 b\n1 a\n', 'descending'],
    ['1 a\n1 a\n', 'twice'],
    ['1 \n', 'no name'],
    ['\n', 'empty line'],
    ['1 a\tb\n', 'control character'],
    ['1 a \n', 'white space at the end'],
    ['1 \u00a0a\n', 'white space in front'],
    ['1 a\u200bb\n', 'zero-width space'],
    ['1 e\u0301\n', 'not NFC'],
    [SALT_LINE, 'another salt'],
  ])('refuses %j (%s)', (text) => {
    const accepted = decodeMembers(new TextEncoder().encode(`${SALT_LINE}1 A\n`))
    expect(runsOf(accepted)).toEqual([{ member: 'A', rows: 1 }])
    expect(() => decodeMembers(new TextEncoder().encode(SALT_LINE + text))).toThrow(
      expect.objectContaining({ code: 'SH_MEMBERS_INVALID' }),
    )
  })

  it('refuses what is not UTF-8', () => {
    expect(() => decodeMembers(Uint8Array.of(0x31, 0x20, 0xff, 0x0a))).toThrow(/UTF-8/u)
  })

  it('counts members with few rows and with many', () => {
    const part = [1, 5000, 1023, 1024, 5000, 1].map((rows, i) => ({ member: `m${i}`, rows }))
    expect(rowsPerMemberOf([listOf(part)])).toEqual([
      [1, 2],
      [1023, 1],
      [1024, 1],
      [5000, 2],
    ])
  })

  it('orders by UTF-16 code units, as a JavaScript sort does', () => {
    const names = ['\u{10ffff}', '\ue000', '\uffe8', '\ud7ff', '\u{1f600}', 'z', '\u{1f600}a', 'é']
    const list = names.toSorted().map((member) => ({ member, rows: 1 }))
    expect(runsOf(listOf(list))).toEqual(list)
  })

  it('joins parts like a plain group-by', () => {
    fc.assert(
      fc.property(fc.array(runs, { maxLength: 4 }), (parts) => {
        const rows = parts
          .flat()
          .flatMap((run) => Array.from({ length: run.rows }, () => run.member))
        const names = [...new Set(rows)].toSorted((a, b) => (a < b ? -1 : 1))
        const table = joinMembers(parts.map(listOf))
        expect([...table.memberOfRow]).toEqual(rows.map((member) => names.indexOf(member)))
        expect(table.members).toBe(names.length)
        const counts = names.map((name) => rows.filter((row) => row === name).length)
        expect(table.rowsPerMember).toEqual(
          [...new Set(counts)]
            .toSorted((a, b) => a - b)
            .map((c) => [c, counts.filter((x) => x === c).length]),
        )
        expect(rowsPerMemberOf(parts.map(listOf))).toEqual(table.rowsPerMember)
      }),
    )
  })
})
