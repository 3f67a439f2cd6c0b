import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Frame, FrameReader, keepable, newFrame, startOf, wholeOf } from '../../node/frame.ts'

import { pattern } from './network.ts'

function framed(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + bytes.length)
  new DataView(out.buffer).setUint32(0, bytes.length)
  out.set(bytes, 4)
  return out
}

/** Reads `bytes`, cut as `cuts` says, over and over. */
function read(bytes: Uint8Array, cuts: readonly number[]): Frame[] {
  const frames: Frame[] = []
  const reader = new FrameReader(1_000_000)
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + cuts[i % cuts.length]!)
    reader.push(bytes.subarray(at, end), (frame) => frames.push(frame))
    at = end
  }
  expect(reader.midFrame).toBe(false)
  return frames
}

const lengths = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ max: 20_000, min: 0 })),
  {
    minLength: 1,
    maxLength: 6,
  },
)
const cuts = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 17_000 })),
  {
    minLength: 1,
    maxLength: 8,
  },
)

describe('FrameReader', () => {
  it('finds the frames, their starts and their pieces, however the bytes are cut', () => {
    fc.assert(
      fc.property(lengths, cuts, fc.integer({ min: 0, max: 50 }), (all, where, start) => {
        const contents = all.map((length, i) => pattern(length, i))
        const frames = read(Buffer.concat(contents.map(framed)), where)
        expect(frames.length).toBe(all.length)
        for (const [i, frame] of frames.entries()) {
          expect(frame.length).toBe(all[i])
          expect(Buffer.compare(wholeOf(frame), contents[i]!)).toBe(0)
          expect(Buffer.compare(startOf(frame, start), contents[i]!.subarray(0, start))).toBe(0)
          expect(frame.pieces.every((piece) => piece.length > 0)).toBe(true)
        }
      }),
    )
  })

  it('does not copy a frame that is there at once', () => {
    const bytes = Buffer.concat([framed(pattern(100, 1)), framed(pattern(5000, 2))])
    for (const frame of read(bytes, [bytes.length])) {
      expect(frame.pieces.length).toBe(1)
      expect(frame.pieces[0]!.buffer).toBe(bytes.buffer)
    }
  })

  it('gives a whole that belongs to the caller', () => {
    const bytes = framed(pattern(5000, 2))
    const whole = wholeOf(read(bytes, [bytes.length])[0]!)
    bytes.fill(0)
    expect(whole).toEqual(pattern(5000, 2))
  })

  it('does not keep an object for every crumb', () => {
    const [frame] = read(framed(pattern(100_000, 3)), [1])
    expect(frame!.pieces.length).toBe(1)
    expect(Buffer.compare(wholeOf(frame!), pattern(100_000, 3))).toBe(0)
  })

  it('stops at a frame that is too long', () => {
    const reader = new FrameReader(1000)
    const got: number[] = []
    const push = (bytes: Uint8Array): void => reader.push(bytes, (frame) => got.push(frame.length))
    push(Buffer.concat([framed(pattern(1000, 1)), Uint8Array.of(0, 0, 3, 233, 1, 2, 3)]))
    push(framed(pattern(1, 1)))
    expect(got).toEqual([1000])
    expect(reader.oversize).toBe(1001)
  })
})

describe('keepable', () => {
  it('keeps no large buffer alive for a short frame, and does not copy a long one', () => {
    const bytes = Buffer.concat([framed(pattern(100, 1)), framed(pattern(5000, 2))])
    const [short, long] = read(bytes, [bytes.length]).map(keepable)
    expect(short!.pieces[0]!.buffer.byteLength).toBe(100)
    expect(wholeOf(short!)).toEqual(pattern(100, 1))
    expect(long!.pieces[0]!.buffer).toBe(bytes.buffer)
  })
})

describe('newFrame', () => {
  it('says its length, and shares no bytes with another', () => {
    for (const length of [0, 1, 4091, 4092, 70_000]) {
      const frames = [newFrame(length), newFrame(length)]
      frames.forEach((frame, i) => frame.fill(i + 1, 4))
      const [a, b] = frames.map((frame) => read(frame, [frame.length])[0]!)
      expect(wholeOf(a!)).toEqual(new Uint8Array(length).fill(1))
      expect(wholeOf(b!)).toEqual(new Uint8Array(length).fill(2))
    }
  })
})
