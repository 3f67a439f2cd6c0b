// Kernels that move lanes of packed bit-planes (AssemblyScript): lane r is bit r & 7 of byte r >> 3.
// Lengths are in bytes and multiples of 16. `o` must not overlap an input.

/** Lane i of o = lane i - s of a; the first s lanes become 0. */
export function bitShift(o: usize, a: usize, n: u32, s: u32): void {
  const skip = min<u32>(s >> 3, n)
  const bits = <i32>(s & 7)
  memory.fill(o, 0, <usize>skip)
  if (skip == n) return
  const e = o + <usize>n
  o += <usize>skip
  // The first eight bytes have no byte before them to take bits from.
  const edge = min<usize>(o + 8, e)
  let below: u32 = 0
  while (o < edge) {
    const x = <u32>load<u8>(a)
    store<u8>(o, <u8>(((x << bits) | (below >> (8 - bits))) & 0xff))
    below = x
    o++
    a++
  }
  while (o + 16 <= e) {
    const high = i64x2.shl(v128.load(a), bits)
    // A shift by 64 would be one by 0.
    const low = i64x2.shr_u(i64x2.shr_u(v128.load(a - 8), 63 - bits), 1)
    v128.store(o, v128.or(high, low))
    o += 16
    a += 16
  }
  while (o < e) {
    store<u8>(o, <u8>((<u32>load<u8>(a) << bits) | (<u32>load<u8>(a - 1) >> (8 - bits))))
    o++
    a++
  }
}

/** XOR of all bits at and below each place. */
// @ts-ignore: decorator
@inline
function parities(m: v128): v128 {
  m = v128.xor(m, i64x2.shl(m, 1))
  m = v128.xor(m, i64x2.shl(m, 2))
  m = v128.xor(m, i64x2.shl(m, 4))
  m = v128.xor(m, i64x2.shl(m, 8))
  m = v128.xor(m, i64x2.shl(m, 16))
  return v128.xor(m, i64x2.shl(m, 32))
}

/**
 * The lanes of a where the mask m has a 1, on end; the remaining bits of the `room` bytes at o become
 * zero. Returns their number, which must fit. (Warren, Hacker's Delight, 7-4, on two words at once.)
 */
export function bitCompress(o: usize, room: u32, a: usize, m: usize, n: u32): u32 {
  const start = o
  const e = a + <usize>n
  let pending: u64 = 0
  let fill: u64 = 0
  let total: u32 = 0
  while (a < e) {
    let mask = v128.load(m)
    if (v128.any_true(mask)) {
      const ones = <u64>popcnt<i64>(i64x2.extract_lane(mask, 0))
      const others = <u64>popcnt<i64>(i64x2.extract_lane(mask, 1))
      let x = v128.and(v128.load(a), mask)
      let zeros = i64x2.shl(v128.not(mask), 1)
      for (let shift = 1; shift < 64; shift <<= 1) {
        const p = parities(zeros)
        const moving = v128.and(p, mask)
        mask = v128.or(v128.xor(mask, moving), i64x2.shr_u(moving, shift))
        const t = v128.and(x, moving)
        x = v128.or(v128.xor(x, t), i64x2.shr_u(t, shift))
        zeros = v128.andnot(zeros, p)
      }
      const low = <u64>i64x2.extract_lane(x, 0)
      pending |= low << fill
      if (fill + ones >= 64) {
        store<u64>(o, pending)
        o += 8
        pending = (low >> (63 - fill)) >> 1
      }
      fill = (fill + ones) & 63
      const high = <u64>i64x2.extract_lane(x, 1)
      pending |= high << fill
      if (fill + others >= 64) {
        store<u64>(o, pending)
        o += 8
        pending = (high >> (63 - fill)) >> 1
      }
      fill = (fill + others) & 63
      total += <u32>(ones + others)
    }
    a += 16
    m += 16
  }
  if (fill > 0) {
    store<u64>(o, pending)
    o += 8
  }
  memory.fill(o, 0, start + <usize>room - o)
  return total
}

/** The inverse: lane i of o = the next lane of a if the mask m has a 1 there, else 0. */
export function bitDeposit(o: usize, a: usize, m: usize, n: u32): void {
  const e = o + <usize>n
  let at: u64 = 0
  while (o < e) {
    const mask = v128.load(m)
    if (!v128.any_true(mask)) {
      v128.store(o, i64x2.splat(0))
    } else {
      const ones = <u64>popcnt<i64>(i64x2.extract_lane(mask, 0))
      const others = <u64>popcnt<i64>(i64x2.extract_lane(mask, 1))
      let x = i64x2.splat(nextBits(a, at, ones))
      x = i64x2.replace_lane(x, 1, nextBits(a, at + ones, others))
      at += ones + others
      let left = mask
      let zeros = i64x2.shl(v128.not(mask), 1)
      let p = parities(zeros)
      const m0 = v128.and(p, left)
      left = v128.or(v128.xor(left, m0), i64x2.shr_u(m0, 1))
      zeros = v128.andnot(zeros, p)
      p = parities(zeros)
      const m1 = v128.and(p, left)
      left = v128.or(v128.xor(left, m1), i64x2.shr_u(m1, 2))
      zeros = v128.andnot(zeros, p)
      p = parities(zeros)
      const m2 = v128.and(p, left)
      left = v128.or(v128.xor(left, m2), i64x2.shr_u(m2, 4))
      zeros = v128.andnot(zeros, p)
      p = parities(zeros)
      const m3 = v128.and(p, left)
      left = v128.or(v128.xor(left, m3), i64x2.shr_u(m3, 8))
      zeros = v128.andnot(zeros, p)
      p = parities(zeros)
      const m4 = v128.and(p, left)
      left = v128.or(v128.xor(left, m4), i64x2.shr_u(m4, 16))
      zeros = v128.andnot(zeros, p)
      const m5 = v128.and(parities(zeros), left)
      x = v128.bitselect(i64x2.shl(x, 32), x, m5)
      x = v128.bitselect(i64x2.shl(x, 16), x, m4)
      x = v128.bitselect(i64x2.shl(x, 8), x, m3)
      x = v128.bitselect(i64x2.shl(x, 4), x, m2)
      x = v128.bitselect(i64x2.shl(x, 2), x, m1)
      x = v128.bitselect(i64x2.shl(x, 1), x, m0)
      v128.store(o, v128.and(x, mask))
    }
    o += 16
    m += 16
  }
}

/** `count` <= 64 lanes of a from lane `at` on; further bits are arbitrary. Reads no word that has none of them. */
// @ts-ignore: decorator
@inline
function nextBits(a: usize, at: u64, count: u64): u64 {
  if (count == 0) return 0
  const word = a + (<usize>(at >> 6) << 3)
  const shift = at & 63
  let x = load<u64>(word) >> shift
  if (shift + count > 64) x |= (load<u64>(word, 8) << (63 - shift)) << 1
  return x
}

/** o = the XOR of `rows` blocks of n bytes, on end at a; n is any length. */
export function bitFold(o: usize, a: usize, rows: u32, n: u32): void {
  const size = <usize>n
  const e = o + size
  while (o + 16 <= e) {
    let x = v128.load(a)
    let row = a
    for (let k: u32 = 1; k < rows; k++) {
      row += size
      x = v128.xor(x, v128.load(row))
    }
    v128.store(o, x)
    o += 16
    a += 16
  }
  while (o < e) {
    let x = load<u8>(a)
    let row = a
    for (let k: u32 = 1; k < rows; k++) {
      row += size
      x ^= load<u8>(row)
    }
    store<u8>(o, x)
    o++
    a++
  }
}

/**
 * `rows` rows of `inner` planes of 128 lanes each: lane i of a plane in row r of o is lane i + first + r * by
 * (modulo 128) of the same plane in row r of a, whose rows are `stride` bytes apart (0: one row for all).
 */
export function bitRotateRows(
  o: usize, a: usize, rows: u32, inner: u32, stride: u32, first: u32, by: u32,
): void {
  for (let r: u32 = 0; r < rows; r++) {
    const distance = (first + r * by) & 127
    const bits = <u64>(distance & 63)
    let from = a + <usize>(r * stride)
    for (let k: u32 = 0; k < inner; k++) {
      let low = load<u64>(from)
      let high = load<u64>(from, 8)
      if (distance >= 64) {
        const swapped = low
        low = high
        high = swapped
      }
      store<u64>(o, (low >> bits) | ((high << (63 - bits)) << 1))
      store<u64>(o, (high >> bits) | ((low << (63 - bits)) << 1), 8)
      o += 16
      from += 16
    }
  }
}

/** Bit k of o = the parity of the k-th 16 bytes of a, for k < blocks; the remaining bits of n bytes are 0. */
export function bitParities(o: usize, n: u32, a: usize, blocks: u32): void {
  memory.fill(o, 0, <usize>n)
  for (let k: u32 = 0; k < blocks; k++) {
    const ones = popcnt<u64>(load<u64>(a) ^ load<u64>(a, 8))
    const at = o + <usize>(k >> 3)
    store<u8>(at, <u8>(<u32>load<u8>(at) | ((<u32>ones & 1) << (k & 7))))
    a += 16
  }
}
