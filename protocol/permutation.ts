/**
 * A permutation that all who have a key draw alike: Fisher and Yates, with numbers from the key's stream.
 * Uniform, up to the stream's being indistinguishable from random. Local.
 * Source: Durstenfeld, CACM 7 (1964), algorithm 235; bounded numbers by rejection.
 */
import { ivOf, type Prg } from '../shares/prg.ts'

import type { Tag } from './party.ts'

/** Of the stream at a time; whole AES blocks. */
const PIECE_BYTES = 64 * 1024

/**
 * A permutation of 0..length-1.
 * @param key of 16 bytes, whose stream at this tag nobody else uses
 */
export function drawPermutation(
  prg: Prg,
  key: Uint8Array,
  tag: Tag,
  length: number,
): Uint32Array<ArrayBuffer> {
  const draw = numbersBelow(prg, key, tag)
  const order = new Uint32Array(length)
  for (let i = 0; i < length; i++) {
    // The place of i among 0..i: whoever was there moves to the end.
    const place = draw(i + 1)
    order[i] = order[place]!
    order[place] = i
  }
  return order
}

/** Uniform numbers below a bound (1..2^31), one after the other: the lowest bits, drawn again if too large. */
function numbersBelow(prg: Prg, key: Uint8Array, tag: Tag): (bound: number) => number {
  const words = new Uint32Array(PIECE_BYTES / 4)
  const bytes = new DataView(words.buffer)
  let next = words.length
  let block = 0
  const word = (): number => {
    if (next === words.length) {
      prg.fill(key, ivOf(tag, block), new Uint8Array(words.buffer))
      block += PIECE_BYTES / 16
      next = 0
    }
    return bytes.getUint32(4 * next++, true)
  }
  return (bound) => {
    const mask = bound <= 1 ? 0 : 0xffff_ffff >>> Math.clz32(bound - 1)
    for (;;) {
      const value = (word() & mask) >>> 0
      if (value < bound) return value
    }
  }
}
