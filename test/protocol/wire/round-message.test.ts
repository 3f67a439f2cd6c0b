import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  decodeFarewell,
  decodeRoundFragment,
  encodeFarewell,
  encodeRoundHeader,
  isFarewell,
  isRoundHeader,
  ROUND_FRAGMENT_BYTES,
  ROUND_HEADER_BYTES,
  roundFragments,
} from '../../../protocol/wire/round-message.ts'
import { ShareholdError } from '../../../shares/errors.ts'

const u32 = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 0xffff_ffff }))
const tag = fc.record({ op: u32, batch: u32, step: u32 })

function cut(
  total: number,
  seq: number,
  its: { op: number; batch: number; step: number },
): Uint8Array[] {
  return Array.from({ length: roundFragments(total) }, (_, i) => {
    const offset = i * ROUND_FRAGMENT_BYTES
    const bytes = Math.min(ROUND_FRAGMENT_BYTES, total - offset)
    const frame = new Uint8Array(ROUND_HEADER_BYTES + bytes).fill(i + 1)
    frame.set(encodeRoundHeader(its, seq, total, offset))
    return frame
  })
}

describe('round fragments', () => {
  it('carry tag, sequence number and length, at most 256 KiB with the frame’s own length', () => {
    const total = fc.oneof(
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: -1, max: 1 }).map((d) => ROUND_FRAGMENT_BYTES + d),
      fc.integer({ min: -1, max: 1 }).map((d) => 3 * ROUND_FRAGMENT_BYTES + d),
    )
    fc.assert(
      fc.property(tag, u32, total, (its, seq, length) => {
        let got = 0
        for (const [i, frame] of cut(length, seq, its).entries()) {
          expect(frame.length + 4).toBeLessThanOrEqual(256 * 1024)
          const fragment = decodeRoundFragment(frame)
          expect(fragment).toMatchObject({ tag: its, seq, total: length, offset: got })
          expect(fragment.payload.every((byte) => byte === i + 1)).toBe(true)
          got += fragment.payload.length
        }
        expect(got).toBe(length)
      }),
      { numRuns: 30 },
    )
  })

  it('are taken for the one that is due if they are that one, and only then', () => {
    const total = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3 * ROUND_FRAGMENT_BYTES }))
    const change = fc.record({ at: fc.nat(ROUND_HEADER_BYTES - 1), bit: fc.nat(7) })
    fc.assert(
      fc.property(tag, u32, total, change, (its, seq, length, { at, bit }) => {
        for (const [i, frame] of cut(length, seq, its).entries()) {
          const due = (bytes = frame.length, offset = i * ROUND_FRAGMENT_BYTES): boolean =>
            isRoundHeader(frame, bytes, its, seq, length, offset)
          expect(due()).toBe(true)
          expect(due(frame.length - 1)).toBe(false)
          expect(due(frame.length + 1)).toBe(false)
          expect(due(frame.length, (i + 1) * ROUND_FRAGMENT_BYTES)).toBe(false)
          frame[at]! ^= 1 << bit
          expect(due()).toBe(false)
        }
      }),
      { numRuns: 30 },
    )
    expect(isRoundHeader(new Uint8Array(23), 24, { op: 0, batch: 0, step: 0 }, 0, 0, 0)).toBe(false)
  })

  it('have the layout that is written down', () => {
    const header = encodeRoundHeader({ op: 1, batch: 0x0203, step: 4 }, 5, 0x01_00_00_06, 0)
    expect([...header]).toEqual([
      0, 0, 0, 1, 0, 0, 2, 3, 0, 0, 0, 4, 0, 0, 0, 5, 1, 0, 0, 6, 0, 0, 0, 0,
    ])
  })

  it.each([
    ['a short header', new Uint8Array(ROUND_HEADER_BYTES - 1)],
    ['an offset between fragments', headerAnd(10, 5, 5)],
    ['an offset at the end', headerAnd(ROUND_FRAGMENT_BYTES, ROUND_FRAGMENT_BYTES, 0)],
    ['an offset behind the end', headerAnd(10, ROUND_FRAGMENT_BYTES, 0)],
    ['a payload too short', headerAnd(10, 0, 9)],
    ['a payload too long', headerAnd(10, 0, 11)],
    ['a first fragment that is not full', headerAnd(ROUND_FRAGMENT_BYTES + 1, 0, 100)],
    ['bytes in an empty message', headerAnd(0, 0, 1)],
  ])('are refused with %s', (_what, frame) => {
    expect(() => decodeRoundFragment(frame)).toThrow(
      expect.objectContaining({ code: 'SH_WIRE_INVALID' }) as Error,
    )
  })

  it('fail with nothing but SH_WIRE_INVALID', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (frame) => {
        for (const decode of [decodeRoundFragment, decodeFarewell]) {
          try {
            decode(frame)
          } catch (error) {
            expect(error).toBeInstanceOf(ShareholdError)
            expect((error as ShareholdError).code).toBe('SH_WIRE_INVALID')
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([-1, 0.5, 2 ** 32, Number.NaN])('do not take %s for a number', (n) => {
    expect(() => encodeRoundHeader({ op: n, batch: 0, step: 0 }, 0, 0, 0)).toThrow(RangeError)
    expect(() => encodeRoundHeader({ op: 0, batch: 0, step: 0 }, n, 0, 0)).toThrow(RangeError)
  })
})

describe('farewell', () => {
  const reason = { code: 'SH_ROUND_TIMEOUT', reason: 'mpc-2 was silent', party: 'mpc-2', round: 7 }

  it('comes back, and is no message of an operator', () => {
    const frame = encodeFarewell(reason)
    expect(isFarewell(frame)).toBe(true)
    expect(decodeFarewell(frame)).toEqual(reason)
    expect(isFarewell(cut(4, 0, { op: 0xffff_fffe, batch: 0, step: 0 })[0]!)).toBe(false)
    expect(isFarewell(frame.subarray(0, 10))).toBe(false)
    expect(() => decodeFarewell(cut(4, 0, { op: 1, batch: 0, step: 0 })[0]!)).toThrow(
      ShareholdError,
    )
  })

  it('fails with nothing but a ShareholdError when it is spoiled', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), (at, to) => {
        const frame = encodeFarewell(reason)
        frame[at % frame.length] = to
        try {
          decodeFarewell(frame)
        } catch (error) {
          expect(error).toBeInstanceOf(ShareholdError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

function headerAnd(total: number, offset: number, bytes: number): Uint8Array {
  const frame = new Uint8Array(ROUND_HEADER_BYTES + bytes)
  frame.set(encodeRoundHeader({ op: 0, batch: 0, step: 0 }, 0, total, offset))
  return frame
}
