import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { MemberListWriter } from '../../protocol/members-writer.ts'
import { encodeMembers, type MemberRun } from '../../protocol/members.ts'

const SALT = new Uint8Array(32).fill(0xab)

const runs = fc
  .uniqueArray(
    fc.record({
      member: fc.string({ unit: fc.constantFrom('a', '9', '-', 'ü', '😀'), minLength: 1 }),
      rows: fc.oneof(
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(99, 100, 9_999, 1_000_000, 4_294_967_295),
      ),
    }),
    { selector: ({ member }) => member, maxLength: 40 },
  )
  .map((list): MemberRun[] => list.toSorted((a, b) => (a.member < b.member ? -1 : 1)))

it('writes what encodeMembers writes', () => {
  fc.assert(
    fc.property(runs, (list) => {
      const writer = new MemberListWriter(SALT)
      for (const { member, rows } of list) {
        const around = new TextEncoder().encode(`<${member}>`)
        writer.add(around, 1, around.length - 1, rows)
      }
      expect(writer.members).toBe(list.length)
      expect(writer.finish()).toEqual(encodeMembers(list, SALT))
    }),
  )
})

it('refuses another salt', () => {
  expect(() => new MemberListWriter(new Uint8Array(31))).toThrow(RangeError)
})
