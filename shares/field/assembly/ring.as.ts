// Vectors over the integers modulo 2^8, 2^16, 2^32 or 2^64 (AssemblyScript): `w` is 1, 2, 4 or 8 bytes an element,
// little endian. Counts are multiples of 16 elements, addresses of 16 bytes; a plane has lane r in bit
// r & 7 of byte r >> 3. `o` may equal an input address.

export let splatBitOfByte: u64 = 0x8040201008040201
export let splatBitOfHalf0: u64 = 0x0008000400020001
export let splatBitOfHalf1: u64 = 0x0080004000200010
export let splatBitOfWord0: u64 = 0x0000000200000001
export let splatBitOfWord1: u64 = 0x0000000800000004

/** -1 in the bytes whose lane is 1: sixteen lanes. */
// @ts-ignore: decorator
@inline
function bytes16(bits: u32): v128 {
  const spread = v128.shuffle<i8>(
    i32x4.splat(bits), i32x4.splat(0), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,
  )
  const own = i64x2.splat(splatBitOfByte)
  return i8x16.eq(v128.and(spread, own), own)
}

/** The same for eight lanes of 16 bits. */
// @ts-ignore: decorator
@inline
function halves8(bits: u32): v128 {
  const own = i64x2.replace_lane(i64x2.splat(splatBitOfHalf0), 1, splatBitOfHalf1)
  return i16x8.eq(v128.and(i16x8.splat(<i16>bits), own), own)
}

/** The same for four lanes of 32 bits. */
// @ts-ignore: decorator
@inline
function words4(bits: u32): v128 {
  const own = i64x2.replace_lane(i64x2.splat(splatBitOfWord0), 1, splatBitOfWord1)
  return i32x4.eq(v128.and(i32x4.splat(bits), own), own)
}

/** The same for two lanes of 64 bits. */
// @ts-ignore: decorator
@inline
function doubles2(bits: u32): v128 {
  const own = i64x2.replace_lane(i64x2.splat(1), 1, 2)
  return i64x2.eq(v128.and(i64x2.splat(<i64>bits), own), own)
}

/** o = the plane's bits less r. */
export function ringSubFromBits(o: usize, plane: usize, r: usize, count: u32, w: u32): void {
  const zero = i64x2.splat(0)
  const e = plane + <usize>(count >> 3)
  while (plane < e) {
    const bits = <u32>load<u16>(plane)
    if (w == 1) {
      v128.store(o, i8x16.sub(zero, i8x16.add(v128.load(r), bytes16(bits))))
      o += 16
      r += 16
    } else if (w == 2) {
      v128.store(o, i16x8.sub(zero, i16x8.add(v128.load(r), halves8(bits))))
      v128.store(o, i16x8.sub(zero, i16x8.add(v128.load(r, 16), halves8(bits >> 8))), 16)
      o += 32
      r += 32
    } else if (w == 8) {
      for (let k: u32 = 0; k < 8; k++) {
        v128.store(o, i64x2.sub(zero, i64x2.add(v128.load(r), doubles2(bits >> (k << 1)))))
        o += 16
        r += 16
      }
    } else {
      v128.store(o, i32x4.sub(zero, i32x4.add(v128.load(r), words4(bits))))
      v128.store(o, i32x4.sub(zero, i32x4.add(v128.load(r, 16), words4(bits >> 4))), 16)
      v128.store(o, i32x4.sub(zero, i32x4.add(v128.load(r, 32), words4(bits >> 8))), 32)
      v128.store(o, i32x4.sub(zero, i32x4.add(v128.load(r, 48), words4(bits >> 12))), 48)
      o += 64
      r += 64
    }
    plane += 2
  }
}

/** o = one - v in the lanes where the plane is 1, and v elsewhere. */
export function ringFlip(o: usize, v: usize, plane: usize, count: u32, w: u32, one: u32): void {
  const e = plane + <usize>(count >> 3)
  while (plane < e) {
    const bits = <u32>load<u16>(plane)
    if (w == 1) {
      const x = v128.load(v)
      v128.store(o, v128.bitselect(i8x16.sub(i8x16.splat(<i8>one), x), x, bytes16(bits)))
      o += 16
      v += 16
    } else if (w == 2) {
      const ones = i16x8.splat(<i16>one)
      const x = v128.load(v)
      const y = v128.load(v, 16)
      v128.store(o, v128.bitselect(i16x8.sub(ones, x), x, halves8(bits)))
      v128.store(o, v128.bitselect(i16x8.sub(ones, y), y, halves8(bits >> 8)), 16)
      o += 32
      v += 32
    } else if (w == 8) {
      const ones = i64x2.splat(<i64>one)
      for (let k: u32 = 0; k < 8; k++) {
        const x = v128.load(v)
        v128.store(o, v128.bitselect(i64x2.sub(ones, x), x, doubles2(bits >> (k << 1))))
        o += 16
        v += 16
      }
    } else {
      const ones = i32x4.splat(one)
      for (let k: u32 = 0; k < 4; k++) {
        const x = v128.load(v)
        v128.store(o, v128.bitselect(i32x4.sub(ones, x), x, words4(bits >> (k << 2))))
        o += 16
        v += 16
      }
    }
    plane += 2
  }
}

/** o = a + b */
export function ringAdd(o: usize, a: usize, b: usize, count: u32, w: u32): void {
  const e = o + <usize>(count * w)
  while (o < e) {
    const x = v128.load(a)
    const y = v128.load(b)
    if (w == 1) v128.store(o, i8x16.add(x, y))
    else if (w == 2) v128.store(o, i16x8.add(x, y))
    else if (w == 4) v128.store(o, i32x4.add(x, y))
    else v128.store(o, i64x2.add(x, y))
    o += 16
    a += 16
    b += 16
  }
}

/** o = a - b */
export function ringSub(o: usize, a: usize, b: usize, count: u32, w: u32): void {
  const e = o + <usize>(count * w)
  while (o < e) {
    const x = v128.load(a)
    const y = v128.load(b)
    if (w == 1) v128.store(o, i8x16.sub(x, y))
    else if (w == 2) v128.store(o, i16x8.sub(x, y))
    else if (w == 4) v128.store(o, i32x4.sub(x, y))
    else v128.store(o, i64x2.sub(x, y))
    o += 16
    a += 16
    b += 16
  }
}

/** o = o + c a b */
export function ringAddProduct(o: usize, a: usize, b: usize, c: i32, count: u32, w: u32): void {
  const e = o + <usize>(count * w)
  while (o < e) {
    if (w == 1) store<u8>(o, <u8>(load<u8>(o) + <u8>c * load<u8>(a) * load<u8>(b)))
    else if (w == 2) store<u16>(o, <u16>(load<u16>(o) + <u16>c * load<u16>(a) * load<u16>(b)))
    else if (w == 4) store<u32>(o, load<u32>(o) + <u32>c * load<u32>(a) * load<u32>(b))
    else store<u64>(o, load<u64>(o) + <u64>c * load<u64>(a) * load<u64>(b))
    o += <usize>w
    a += <usize>w
    b += <usize>w
  }
}

/** Sum of the elements: its low 8w bits are that in the ring, the others mean nothing. */
export function ringSum(a: usize, count: u32, w: u32): u64 {
  const e = a + <usize>(count * w)
  let s = i64x2.splat(0)
  if (w == 8) {
    while (a < e) {
      s = i64x2.add(s, v128.load(a))
      a += 16
    }
    return i64x2.extract_lane(s, 0) + i64x2.extract_lane(s, 1)
  }
  while (a < e) {
    const x = v128.load(a)
    if (w == 1) {
      s = i32x4.add(s, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(x)))
    } else if (w == 2) s = i32x4.add(s, i32x4.extadd_pairwise_i16x8_u(x))
    else s = i32x4.add(s, x)
    a += 16
  }
  return <u64>(
    <u32>(
      i32x4.extract_lane(s, 0) + i32x4.extract_lane(s, 1) +
      i32x4.extract_lane(s, 2) + i32x4.extract_lane(s, 3)
    )
  )
}
