import { describe, expect, it } from 'vitest'

import { decodeMessage } from '../../../protocol/wire/codec.ts'
import {
  MEMBERS_PIECE_BYTES,
  MembersCollector,
  membersMessages,
} from '../../../protocol/wire/members-pieces.ts'
import { concatBytes } from '../../../shares/hash.ts'

const list = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251)

const messages = (part: number, length: number) =>
  membersMessages(part, list(length)).map((parts) =>
    decodeMessage(concatBytes(...parts), 'members'),
  )

describe('pieces of a member list', () => {
  it.each([0, 1, MEMBERS_PIECE_BYTES, MEMBERS_PIECE_BYTES + 1, 3 * MEMBERS_PIECE_BYTES])(
    'make the list again: %i bytes',
    (length) => {
      const all = messages(2, length)
      expect(all).toHaveLength(Math.max(1, Math.ceil(length / MEMBERS_PIECE_BYTES)))
      const collector = new MembersCollector(2, length)
      const results = all.map((message) => collector.add(message))
      expect(results.slice(0, -1).every((one) => one === undefined)).toBe(true)
      expect(Buffer.compare(results.at(-1)!, list(length))).toBe(0)
    },
  )

  it('are refused out of order, twice, of another part, of another count, or too many', () => {
    const [first, second] = messages(0, 2 * MEMBERS_PIECE_BYTES)
    const invalid = expect.objectContaining({ code: 'SH_WIRE_INVALID' }) as Error
    expect(() => new MembersCollector(0, 1e9).add(second!)).toThrow(invalid)
    expect(() => new MembersCollector(1, 1e9).add(first!)).toThrow(invalid)
    const collector = new MembersCollector(0, 1e9)
    collector.add(first!)
    expect(() => collector.add(first!)).toThrow(invalid)
    const header = { ...second!.header, pieces: 3 }
    expect(() => collector.add({ ...second!, header })).toThrow(invalid)
    const long = { ...first!, payload: list(MEMBERS_PIECE_BYTES + 1) }
    expect(() => new MembersCollector(0, 1e9).add(long)).toThrow(invalid)
    const small = new MembersCollector(0, 2 * MEMBERS_PIECE_BYTES - 1)
    small.add(first!)
    expect(() => small.add(second!)).toThrow(
      expect.objectContaining({ code: 'SH_WIRE_OVERSIZE' }) as Error,
    )
  })
})
