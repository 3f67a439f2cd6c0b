// Between u64 words and packed bit-planes (AssemblyScript): lane r is bit r & 7 of byte r >> 3.
// Sixteen words are transposed as a 16 x 8 matrix of bytes by interleaving; within a byte column,
// i8x16.bitmask takes one bit of all sixteen words at once.

import { P, fold } from './field.as'

export let splatBits: u64 = 0x8040201008040201

// @ts-ignore: decorator
@inline
function zipLow8(x: v128, y: v128): v128 {
  return v128.shuffle<i8>(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
}

// @ts-ignore: decorator
@inline
function zipHigh8(x: v128, y: v128): v128 {
  return v128.shuffle<i8>(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
}

// @ts-ignore: decorator
@inline
function zipLow16(x: v128, y: v128): v128 {
  return v128.shuffle<i16>(x, y, 0, 8, 1, 9, 2, 10, 3, 11)
}

// @ts-ignore: decorator
@inline
function zipHigh16(x: v128, y: v128): v128 {
  return v128.shuffle<i16>(x, y, 4, 12, 5, 13, 6, 14, 7, 15)
}

// @ts-ignore: decorator
@inline
function zipLow32(x: v128, y: v128): v128 {
  return v128.shuffle<i32>(x, y, 0, 4, 1, 5)
}

// @ts-ignore: decorator
@inline
function zipHigh32(x: v128, y: v128): v128 {
  return v128.shuffle<i32>(x, y, 2, 6, 3, 7)
}

/**
 * Scratch below the first block of the allocator. Planes are far apart at distances that are often
 * multiples of 4 KiB, so 64 of them would fight for the same few cache lines: 512 lanes of all planes
 * are put together here, 64 bytes a plane, and moved a cache line at a time.
 */
const LINES: usize = 1024
/** Sixteen words, for the last ones of an odd count. */
const GROUP: usize = 5120

/** Moves 64 bytes. */
// @ts-ignore: decorator
@inline
function moveLine(o: usize, a: usize): void {
  const x = v128.load(a)
  const y = v128.load(a, 16)
  const z = v128.load(a, 32)
  const w = v128.load(a, 48)
  v128.store(o, x)
  v128.store(o, y, 16)
  v128.store(o, z, 32)
  v128.store(o, w, 48)
}

/** Bit j of sixteen bytes goes to line j at offset i, j < 8. */
// @ts-ignore: decorator
@inline
function spread(lines: usize, bytes: v128): void {
  // bitmask takes the top bit of each byte.
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 7)))
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 6)), 64)
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 5)), 128)
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 4)), 192)
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 3)), 256)
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 2)), 320)
  store<u16>(lines, <u16>i8x16.bitmask(i8x16.shl(bytes, 1)), 384)
  store<u16>(lines, <u16>i8x16.bitmask(bytes), 448)
}

/** Sixteen words to two bytes of each line. */
function scatter(lines: usize, words: usize, planes: u32): void {
  const a0 = v128.load(words)
  const a1 = v128.load(words, 16)
  const a2 = v128.load(words, 32)
  const a3 = v128.load(words, 48)
  const a4 = v128.load(words, 64)
  const a5 = v128.load(words, 80)
  const a6 = v128.load(words, 96)
  const a7 = v128.load(words, 112)
  // Split each pair so that lane k of (x, y) holds words k and k + 8.
  const b0 = zipLow8(a0, a4)
  const b1 = zipHigh8(a0, a4)
  const b2 = zipLow8(a1, a5)
  const b3 = zipHigh8(a1, a5)
  const b4 = zipLow8(a2, a6)
  const b5 = zipHigh8(a2, a6)
  const b6 = zipLow8(a3, a7)
  const b7 = zipHigh8(a3, a7)
  // b[k] = bytes 0..7 of words k and k + 8, interleaved. Now k with k + 4.
  const c0 = zipLow8(b0, b4)
  const c1 = zipHigh8(b0, b4)
  const c2 = zipLow8(b1, b5)
  const c3 = zipHigh8(b1, b5)
  const c4 = zipLow8(b2, b6)
  const c5 = zipHigh8(b2, b6)
  const c6 = zipLow8(b3, b7)
  const c7 = zipHigh8(b3, b7)
  // c[2k], c[2k+1] = bytes 0..3, 4..7 of words k, k+4, k+8, k+12. Now k with k + 2.
  const d0 = zipLow8(c0, c4)
  const d1 = zipHigh8(c0, c4)
  const d2 = zipLow8(c1, c5)
  const d3 = zipHigh8(c1, c5)
  const d4 = zipLow8(c2, c6)
  const d5 = zipHigh8(c2, c6)
  const d6 = zipLow8(c3, c7)
  const d7 = zipHigh8(c3, c7)
  // d[0..3] = byte pairs of the even words, d[4..7] of the odd words. Now the two together.
  spread(lines, zipLow8(d0, d4))
  if (planes <= 8) return
  spread(lines + 512, zipHigh8(d0, d4))
  if (planes <= 16) return
  spread(lines + 1024, zipLow8(d1, d5))
  if (planes <= 24) return
  spread(lines + 1536, zipHigh8(d1, d5))
  if (planes <= 32) return
  spread(lines + 2048, zipLow8(d2, d6))
  if (planes <= 40) return
  spread(lines + 2560, zipHigh8(d2, d6))
  if (planes <= 48) return
  spread(lines + 3072, zipLow8(d3, d7))
  if (planes <= 56) return
  spread(lines + 3584, zipHigh8(d3, d7))
}

/**
 * Bit-planes of `count` u64 words: plane j (address at table[j], u32) takes bit j of each word; the
 * remaining bits of each plane's n bytes become zero.
 */
export function bitPlanesFromWords(
  table: usize, planes: u32, n: u32, words: usize, count: u32,
): void {
  const tableEnd = table + (<usize>planes << 2)
  let done: usize = 0
  while (count >= 512) {
    for (let i: usize = 0; i < 64; i += 2) {
      scatter(LINES + i, words, planes)
      words += 128
    }
    let line = LINES
    for (let t = table; t < tableEnd; t += 4) {
      moveLine(<usize>load<u32>(t) + done, line)
      line += 64
    }
    done += 64
    count -= 512
  }
  const bytes = (<usize>count + 7) >> 3
  let i: usize = 0
  for (; count >= 16; count -= 16) {
    scatter(LINES + i, words, planes)
    words += 128
    i += 2
  }
  if (count) {
    memory.fill(GROUP, 0, 128)
    memory.copy(GROUP, words, <usize>count << 3)
    scatter(LINES + i, GROUP, planes)
  }
  let line = LINES
  for (let t = table; t < tableEnd; t += 4) {
    const o = <usize>load<u32>(t) + done
    memory.copy(o, line, bytes)
    memory.fill(o + bytes, 0, <usize>n - done - bytes)
    line += 64
  }
  // The scratch held shares.
  memory.fill(LINES, 0, 4096 + 128)
}

/** Sixteen lanes of a plane as bytes 0 or -1. */
// @ts-ignore: decorator
@inline
function lanes(a: usize, bit: v128): v128 {
  const x = v128.load16_splat(a)
  const y = v128.shuffle<i8>(x, x, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)
  return i8x16.eq(v128.and(y, bit), bit)
}

/** Bytes whose bit j is taken from line j, for sixteen lanes, j < 8. */
// @ts-ignore: decorator
@inline
function collect(lines: usize, bit: v128): v128 {
  let s = v128.and(lanes(lines, bit), i8x16.splat(1))
  s = v128.or(s, v128.and(lanes(lines + 64, bit), i8x16.splat(2)))
  s = v128.or(s, v128.and(lanes(lines + 128, bit), i8x16.splat(4)))
  s = v128.or(s, v128.and(lanes(lines + 192, bit), i8x16.splat(8)))
  s = v128.or(s, v128.and(lanes(lines + 256, bit), i8x16.splat(16)))
  s = v128.or(s, v128.and(lanes(lines + 320, bit), i8x16.splat(32)))
  s = v128.or(s, v128.and(lanes(lines + 384, bit), i8x16.splat(64)))
  s = v128.or(s, v128.and(lanes(lines + 448, bit), i8x16.splat(-128)))
  return s
}

/** Two bytes of each line to sixteen words. */
function assemble(words: usize, lines: usize, planes: u32): void {
  const bit = i64x2.splat(splatBits)
  const a0 = collect(lines, bit)
  let a1 = i8x16.splat(0)
  let a2 = i8x16.splat(0)
  let a3 = i8x16.splat(0)
  let a4 = i8x16.splat(0)
  let a5 = i8x16.splat(0)
  let a6 = i8x16.splat(0)
  let a7 = i8x16.splat(0)
  if (planes > 8) a1 = collect(lines + 512, bit)
  if (planes > 16) a2 = collect(lines + 1024, bit)
  if (planes > 24) a3 = collect(lines + 1536, bit)
  if (planes > 32) a4 = collect(lines + 2048, bit)
  if (planes > 40) a5 = collect(lines + 2560, bit)
  if (planes > 48) a6 = collect(lines + 3072, bit)
  if (planes > 56) a7 = collect(lines + 3584, bit)
  // a[j] = byte j of all words. Pairs of bytes, then fours, then eights.
  const b0 = zipLow8(a0, a1)
  const b1 = zipHigh8(a0, a1)
  const b2 = zipLow8(a2, a3)
  const b3 = zipHigh8(a2, a3)
  const b4 = zipLow8(a4, a5)
  const b5 = zipHigh8(a4, a5)
  const b6 = zipLow8(a6, a7)
  const b7 = zipHigh8(a6, a7)
  const c0 = zipLow16(b0, b2)
  const c1 = zipHigh16(b0, b2)
  const c2 = zipLow16(b1, b3)
  const c3 = zipHigh16(b1, b3)
  const c4 = zipLow16(b4, b6)
  const c5 = zipHigh16(b4, b6)
  const c6 = zipLow16(b5, b7)
  const c7 = zipHigh16(b5, b7)
  v128.store(words, zipLow32(c0, c4))
  v128.store(words, zipHigh32(c0, c4), 16)
  v128.store(words, zipLow32(c1, c5), 32)
  v128.store(words, zipHigh32(c1, c5), 48)
  v128.store(words, zipLow32(c2, c6), 64)
  v128.store(words, zipHigh32(c2, c6), 80)
  v128.store(words, zipLow32(c3, c7), 96)
  v128.store(words, zipHigh32(c3, c7), 112)
}

/** The inverse: words of which bit j is taken from plane j; bits from `planes` on are zero. */
export function bitWordsFromPlanes(words: usize, table: usize, planes: u32, count: u32): void {
  const tableEnd = table + (<usize>planes << 2)
  // Lines without a plane stay zero.
  memory.fill(LINES, 0, 4096)
  let done: usize = 0
  while (count >= 512) {
    let line = LINES
    for (let t = table; t < tableEnd; t += 4) {
      moveLine(line, <usize>load<u32>(t) + done)
      line += 64
    }
    for (let i: usize = 0; i < 64; i += 2) {
      assemble(words, LINES + i, planes)
      words += 128
    }
    done += 64
    count -= 512
  }
  const bytes = (<usize>count + 7) >> 3
  let line = LINES
  for (let t = table; t < tableEnd; t += 4) {
    memory.copy(line, <usize>load<u32>(t) + done, bytes)
    line += 64
  }
  let i: usize = 0
  for (; count >= 16; count -= 16) {
    assemble(words, LINES + i, planes)
    words += 128
    i += 2
  }
  if (count) {
    assemble(GROUP, LINES + i, planes)
    memory.copy(words, GROUP, <usize>count << 3)
  }
  // The scratch held shares.
  memory.fill(LINES, 0, 4096 + 128)
}

/** o[k] = bit k of plane a, as 0 or 1 (u64). */
export function bitExpand(o: usize, a: usize, count: u32): void {
  const e = a + <usize>(count >> 3)
  while (a < e) {
    const b = <u64>load<u8>(a)
    store<u64>(o, b & 1)
    store<u64>(o, (b >> 1) & 1, 8)
    store<u64>(o, (b >> 2) & 1, 16)
    store<u64>(o, (b >> 3) & 1, 24)
    store<u64>(o, (b >> 4) & 1, 32)
    store<u64>(o, (b >> 5) & 1, 40)
    store<u64>(o, (b >> 6) & 1, 48)
    store<u64>(o, b >> 7, 56)
    a++
    o += 64
  }
  const rest = count & 7
  for (let k: u32 = 0; k < rest; k++) {
    store<u64>(o + (<usize>k << 3), ((<u64>load<u8>(a)) >> k) & 1)
  }
}

/** 0 or all ones. */
// @ts-ignore: decorator
@inline
function mask(b: u64, k: u64): u64 {
  return <u64>(<i64>(b << (63 - k)) >> 63)
}

/** o[k] = v[k] if bit k of plane a is set, else 0 (u64). */
export function bitSelect(o: usize, v: usize, a: usize, count: u32): void {
  const e = a + <usize>(count >> 3)
  while (a < e) {
    const b = <u64>load<u8>(a)
    store<u64>(o, load<u64>(v) & mask(b, 0))
    store<u64>(o, load<u64>(v, 8) & mask(b, 1), 8)
    store<u64>(o, load<u64>(v, 16) & mask(b, 2), 16)
    store<u64>(o, load<u64>(v, 24) & mask(b, 3), 24)
    store<u64>(o, load<u64>(v, 32) & mask(b, 4), 32)
    store<u64>(o, load<u64>(v, 40) & mask(b, 5), 40)
    store<u64>(o, load<u64>(v, 48) & mask(b, 6), 48)
    store<u64>(o, load<u64>(v, 56) & mask(b, 7), 56)
    a++
    o += 64
    v += 64
  }
  const rest = count & 7
  for (let k: u32 = 0; k < rest; k++) {
    const i = <usize>k << 3
    store<u64>(o + i, load<u64>(v + i) & mask(<u64>load<u8>(a), k))
  }
}

/** Sum mod p of v[k] (< p) over the k whose bit in plane a is set. */
export function bitSelectSum(v: usize, a: usize, count: u32): u64 {
  const e = a + <usize>(count >> 3)
  let s: u64 = 0
  while (a < e) {
    const b = <u64>load<u8>(a)
    // Four elements below 2^61 and a folded sum stay below 2^64.
    s = fold(
      s +
        (load<u64>(v) & mask(b, 0)) +
        (load<u64>(v, 8) & mask(b, 1)) +
        (load<u64>(v, 16) & mask(b, 2)) +
        (load<u64>(v, 24) & mask(b, 3)),
    )
    s = fold(
      s +
        (load<u64>(v, 32) & mask(b, 4)) +
        (load<u64>(v, 40) & mask(b, 5)) +
        (load<u64>(v, 48) & mask(b, 6)) +
        (load<u64>(v, 56) & mask(b, 7)),
    )
    a++
    v += 64
  }
  const rest = count & 7
  for (let k: u32 = 0; k < rest; k++) {
    s = fold(s + (load<u64>(v + (<usize>k << 3)) & mask(<u64>load<u8>(a), k)))
  }
  s = fold(s)
  return s >= P ? s - P : s
}
