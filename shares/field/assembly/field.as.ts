// Vector kernels over F_p, p = 2^61-1 (AssemblyScript). Operands are canonical little-endian u64
// (< p) at 8-byte aligned addresses; results are canonical. No kernel allocates. `o` may equal an
// input address, but must not overlap one in any other way.
//
// Reduction: 2^61 = 1, so s = (s & P) + (s >> 61). WebAssembly has no 64x64 -> 128 bit
// multiplication: scalar code splits factors 31/30 bits, SIMD code 32/29 (the halves are then 32-bit
// words). Products interleave SIMD and scalar lanes, because they use different execution ports.

export const P: u64 = 0x1fffffffffffffff
const SIGNED_BOUND: i64 = 0x1000000000000000
const M30: u64 = 0x3fffffff
const M31: u64 = 0x7fffffff

// Splat constants come from exported mutable globals: V8 would build literals anew in each iteration.
export let splatP: u64 = P
export let splatOne: u64 = 1
export let splatLow: u64 = 0xffffffff

/** Canonical form of any s <= 2^64-9: adds 1 beforehand so that p itself wraps to 0. */
// @ts-ignore: decorator
@inline
export function fin(s: u64): u64 {
  return (s + ((s + (s >> 61) + 1) >> 61)) & P
}

/** s mod p, not canonical: at most p + 7. */
// @ts-ignore: decorator
@inline
export function fold(s: u64): u64 {
  return (s & P) + (s >> 61)
}

/** l + m * 2^31 + h * 2^62 mod p, not canonical: at most 2^63 + 2^62 if h < 2^62. */
// @ts-ignore: decorator
@inline
function join(l: u64, m: u64, h: u64): u64 {
  return fold(l) + (m >> 30) + ((m & M30) << 31) + (h << 1)
}

/** x * y mod p for x, y < 2^61, not canonical: below 2^63. */
// @ts-ignore: decorator
@inline
function product(x: u64, y: u64): u64 {
  const x0 = x & M31
  const x1 = x >> 31
  const y0 = y & M31
  const y1 = y >> 31
  const m = x1 * y0 + x0 * y1
  return x0 * y0 + ((x1 * y1) << 1) + (m >> 30) + ((m & M30) << 31)
}

/** `fin` on two lanes. */
// @ts-ignore: decorator
@inline
function vfin(s: v128, p: v128, one: v128): v128 {
  const carry = i64x2.shr_u(i64x2.add(i64x2.add(s, one), i64x2.shr_u(s, 61)), 61)
  return v128.and(i64x2.add(s, carry), p)
}

/** `fold` on two lanes. */
// @ts-ignore: decorator
@inline
function vfold(s: v128, p: v128): v128 {
  return i64x2.add(v128.and(s, p), i64x2.shr_u(s, 61))
}

/** `fin` on two lanes for s < 2p. */
// @ts-ignore: decorator
@inline
function vwrap(s: v128, p: v128, one: v128): v128 {
  return v128.and(i64x2.add(s, i64x2.shr_u(i64x2.add(s, one), 61)), p)
}

/** Low words of four elements. */
// @ts-ignore: decorator
@inline
function low(x: v128, y: v128): v128 {
  return v128.shuffle<i32>(x, y, 0, 2, 4, 6)
}

/** High words of four elements. */
// @ts-ignore: decorator
@inline
function high(x: v128, y: v128): v128 {
  return v128.shuffle<i32>(x, y, 1, 3, 5, 7)
}

/**
 * l + (q + r) * 2^32 + h * 2^64 mod p on two lanes, not canonical: below 2^62 + 2^34 for a product of
 * canonical elements. One factor may itself be as large as that; the result is then below 2^63.
 */
// @ts-ignore: decorator
@inline
function vjoin(l: v128, q: v128, r: v128, h: v128, p: v128): v128 {
  const t = i64x2.add(i64x2.add(q, r), i64x2.shr_u(l, 32))
  const w = v128.and(v128.shuffle<i32>(l, i64x2.shl(t, 32), 0, 5, 2, 7), p)
  return i64x2.add(i64x2.add(i64x2.shl(h, 3), i64x2.shr_u(t, 29)), w)
}

/** Products of elements 0 and 1 of four, given as words; not canonical. */
// @ts-ignore: decorator
@inline
function productLow(al: v128, ah: v128, bl: v128, bh: v128, p: v128): v128 {
  return vjoin(
    i64x2.extmul_low_i32x4_u(al, bl),
    i64x2.extmul_low_i32x4_u(al, bh),
    i64x2.extmul_low_i32x4_u(ah, bl),
    i64x2.extmul_low_i32x4_u(ah, bh),
    p,
  )
}

/** Products of elements 2 and 3 of four, given as words; not canonical. */
// @ts-ignore: decorator
@inline
function productHigh(al: v128, ah: v128, bl: v128, bh: v128, p: v128): v128 {
  return vjoin(
    i64x2.extmul_high_i32x4_u(al, bl),
    i64x2.extmul_high_i32x4_u(al, bh),
    i64x2.extmul_high_i32x4_u(ah, bl),
    i64x2.extmul_high_i32x4_u(ah, bh),
    p,
  )
}

export function fpAdd(o: usize, a: usize, b: usize, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const e = o + (<usize>n << 3)
  const e4 = o + (<usize>(n & ~3) << 3)
  while (o < e4) {
    const x = i64x2.add(v128.load(a), v128.load(b))
    const y = i64x2.add(v128.load(a, 16), v128.load(b, 16))
    v128.store(o, vwrap(x, p, one))
    v128.store(o, vwrap(y, p, one), 16)
    o += 32
    a += 32
    b += 32
  }
  while (o < e) {
    store<u64>(o, fin(load<u64>(a) + load<u64>(b)))
    o += 8
    a += 8
    b += 8
  }
}

export function fpSub(o: usize, a: usize, b: usize, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const e = o + (<usize>n << 3)
  const e4 = o + (<usize>(n & ~3) << 3)
  while (o < e4) {
    const x = i64x2.sub(i64x2.add(v128.load(a), p), v128.load(b))
    const y = i64x2.sub(i64x2.add(v128.load(a, 16), p), v128.load(b, 16))
    v128.store(o, vwrap(x, p, one))
    v128.store(o, vwrap(y, p, one), 16)
    o += 32
    a += 32
    b += 32
  }
  while (o < e) {
    store<u64>(o, fin(load<u64>(a) + (P - load<u64>(b))))
    o += 8
    a += 8
    b += 8
  }
}

export function fpNeg(o: usize, a: usize, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const e = o + (<usize>n << 3)
  const e2 = o + (<usize>(n & ~1) << 3)
  while (o < e2) {
    v128.store(o, vwrap(i64x2.sub(p, v128.load(a)), p, one))
    o += 16
    a += 16
  }
  if (o < e) store<u64>(o, fin(P - load<u64>(a)))
}

/** Four products. */
// @ts-ignore: decorator
@inline
function mul4(o: usize, a: usize, b: usize, p: v128, one: v128): void {
  const x = v128.load(a)
  const y = v128.load(a, 16)
  const z = v128.load(b)
  const w = v128.load(b, 16)
  const al = low(x, y)
  const ah = high(x, y)
  const bl = low(z, w)
  const bh = high(z, w)
  v128.store(o, vfin(productLow(al, ah, bl, bh, p), p, one))
  v128.store(o, vfin(productHigh(al, ah, bl, bh, p), p, one), 16)
}

/** One product, at byte offset i. */
// @ts-ignore: decorator
@inline
function mul1(o: usize, a: usize, b: usize, i: usize): void {
  store<u64>(o + i, fin(product(load<u64>(a + i), load<u64>(b + i))))
}

export function fpMul(o: usize, a: usize, b: usize, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const e = o + (<usize>n << 3)
  const e12 = o + <usize>(n / 12) * 96
  while (o < e12) {
    mul1(o, a, b, 64)
    mul1(o, a, b, 72)
    mul4(o, a, b, p, one)
    mul1(o, a, b, 80)
    mul1(o, a, b, 88)
    mul4(o + 32, a + 32, b + 32, p, one)
    o += 96
    a += 96
    b += 96
  }
  while (o < e) {
    mul1(o, a, b, 0)
    o += 8
    a += 8
    b += 8
  }
}

/** o = c * a */
export function fpScale(o: usize, a: usize, c: u64, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const cl = i32x4.splat(<u32>c)
  const ch = i32x4.splat(<u32>(c >> 32))
  const e = o + (<usize>n << 3)
  const e6 = o + <usize>(n / 6) * 48
  while (o < e6) {
    const x = v128.load(a)
    const y = v128.load(a, 16)
    store<u64>(o, fin(product(load<u64>(a, 32), c)), 32)
    store<u64>(o, fin(product(load<u64>(a, 40), c)), 40)
    const al = low(x, y)
    const ah = high(x, y)
    v128.store(o, vfin(productLow(al, ah, cl, ch, p), p, one))
    v128.store(o, vfin(productHigh(al, ah, cl, ch, p), p, one), 16)
    o += 48
    a += 48
  }
  while (o < e) {
    store<u64>(o, fin(product(load<u64>(a), c)))
    o += 8
    a += 8
  }
}

/** o += c * a */
export function fpAddScaled(o: usize, a: usize, c: u64, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const cl = i32x4.splat(<u32>c)
  const ch = i32x4.splat(<u32>(c >> 32))
  const e = o + (<usize>n << 3)
  const e6 = o + <usize>(n / 6) * 48
  while (o < e6) {
    const x = v128.load(a)
    const y = v128.load(a, 16)
    store<u64>(o, fin(product(load<u64>(a, 32), c) + load<u64>(o, 32)), 32)
    store<u64>(o, fin(product(load<u64>(a, 40), c) + load<u64>(o, 40)), 40)
    const al = low(x, y)
    const ah = high(x, y)
    const s = i64x2.add(productLow(al, ah, cl, ch, p), v128.load(o))
    const t = i64x2.add(productHigh(al, ah, cl, ch, p), v128.load(o, 16))
    v128.store(o, vfin(s, p, one))
    v128.store(o, vfin(t, p, one), 16)
    o += 48
    a += 48
  }
  while (o < e) {
    store<u64>(o, fin(product(load<u64>(a), c) + load<u64>(o)))
    o += 8
    a += 8
  }
}

/** o[i] = a[0] + … + a[i]. `o` may be `a`. */
export function fpPrefixSum(o: usize, a: usize, n: u32): void {
  const e = a + (<usize>n << 3)
  let s: u64 = 0
  while (a < e) {
    s = fin(s + load<u64>(a))
    store<u64>(o, s)
    o += 8
    a += 8
  }
}

export function fpSum(a: usize, n: u32): u64 {
  const p = i64x2.splat(splatP)
  const e = a + (<usize>n << 3)
  const e8 = a + (<usize>(n & ~7) << 3)
  let s = i64x2.splat(0)
  let t = i64x2.splat(0)
  while (a < e8) {
    s = i64x2.add(vfold(s, p), i64x2.add(v128.load(a), v128.load(a, 16)))
    t = i64x2.add(vfold(t, p), i64x2.add(v128.load(a, 32), v128.load(a, 48)))
    a += 64
  }
  s = i64x2.add(vfold(s, p), vfold(t, p))
  let r = fold(<u64>i64x2.extract_lane(s, 0)) + fold(<u64>i64x2.extract_lane(s, 1))
  while (a < e) {
    r = fold(r + load<u64>(a))
    a += 8
  }
  return fin(r)
}

/**
 * Inner product. In eight terms, four are scalar with one common reduction (l, m < 2^64, h < 2^62)
 * and four are SIMD: low words add up unreduced to below 2^60, the rest is folded once.
 */
export function fpDot(a: usize, b: usize, n: u32): u64 {
  const p = i64x2.splat(splatP)
  const m32 = i64x2.splat(splatLow)
  const e = a + (<usize>n << 3)
  const e8 = a + (<usize>(n & ~7) << 3)
  let s: u64 = 0
  let v = i64x2.splat(0)
  let w = i64x2.splat(0)
  while (a < e8) {
    let x0 = load<u64>(a, 32)
    let y0 = load<u64>(b, 32)
    let x1 = x0 >> 31
    let y1 = y0 >> 31
    x0 &= M31
    y0 &= M31
    let l = x0 * y0
    let m = x0 * y1 + x1 * y0
    let h = x1 * y1
    x0 = load<u64>(a, 40)
    y0 = load<u64>(b, 40)
    x1 = x0 >> 31
    y1 = y0 >> 31
    x0 &= M31
    y0 &= M31
    l += x0 * y0
    m += x0 * y1 + x1 * y0
    h += x1 * y1
    x0 = load<u64>(a, 48)
    y0 = load<u64>(b, 48)
    x1 = x0 >> 31
    y1 = y0 >> 31
    x0 &= M31
    y0 &= M31
    l += x0 * y0
    m += x0 * y1 + x1 * y0
    h += x1 * y1
    x0 = load<u64>(a, 56)
    y0 = load<u64>(b, 56)
    x1 = x0 >> 31
    y1 = y0 >> 31
    x0 &= M31
    y0 &= M31
    l += x0 * y0
    m += x0 * y1 + x1 * y0
    h += x1 * y1
    s = fold(join(l, m, h) + s)
    const x = v128.load(a)
    const y = v128.load(a, 16)
    const z = v128.load(b)
    const u = v128.load(b, 16)
    const al = low(x, y)
    const ah = high(x, y)
    const bl = low(z, u)
    const bh = high(z, u)
    const c = i64x2.extmul_low_i32x4_u(al, bl)
    const d = i64x2.extmul_high_i32x4_u(al, bl)
    // The four cross products are below 2^61 each.
    const t = i64x2.add(
      i64x2.add(
        i64x2.add(i64x2.extmul_low_i32x4_u(al, bh), i64x2.extmul_low_i32x4_u(ah, bl)),
        i64x2.add(i64x2.extmul_high_i32x4_u(al, bh), i64x2.extmul_high_i32x4_u(ah, bl)),
      ),
      i64x2.add(i64x2.shr_u(c, 32), i64x2.shr_u(d, 32)),
    )
    const g = i64x2.add(i64x2.extmul_low_i32x4_u(ah, bh), i64x2.extmul_high_i32x4_u(ah, bh))
    w = i64x2.add(w, i64x2.add(v128.and(c, m32), v128.and(d, m32)))
    v = i64x2.add(
      i64x2.add(vfold(v, p), i64x2.shl(g, 3)),
      i64x2.add(v128.and(i64x2.shl(t, 32), p), i64x2.shr_u(t, 29)),
    )
    a += 64
    b += 64
  }
  v = i64x2.add(vfold(v, p), w)
  s += fold(<u64>i64x2.extract_lane(v, 0)) + fold(<u64>i64x2.extract_lane(v, 1))
  s = fold(s)
  while (a < e) {
    s = fold(product(load<u64>(a), load<u64>(b)) + s)
    a += 8
    b += 8
  }
  return fin(s)
}

export function fpFill(o: usize, c: u64, n: u32): void {
  const v = i64x2.splat(c)
  const e = o + (<usize>n << 3)
  const e4 = o + (<usize>(n & ~3) << 3)
  while (o < e4) {
    v128.store(o, v)
    v128.store(o, v, 16)
    o += 32
  }
  while (o < e) {
    store<u64>(o, c)
    o += 8
  }
}

/** Any u64 words: low 61 bits, the word 2^61-1 stands for 0. */
export function fpMaskWords(a: usize, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const e = a + (<usize>n << 3)
  const e4 = a + (<usize>(n & ~3) << 3)
  while (a < e4) {
    v128.store(a, vwrap(v128.and(v128.load(a), p), p, one))
    v128.store(a, vwrap(v128.and(v128.load(a, 16), p), p, one), 16)
    a += 32
  }
  while (a < e) {
    store<u64>(a, fin(load<u64>(a) & P))
    a += 8
  }
}

/** 1 iff every word is below p: x + 1 reaches 2^61 iff x >= p; x is or-ed in because x + 1 may wrap. */
export function fpIsCanonical(a: usize, n: u32): bool {
  const one = i64x2.splat(splatOne)
  const e = a + (<usize>n << 3)
  const e4 = a + (<usize>(n & ~3) << 3)
  let v = i64x2.splat(0)
  while (a < e4) {
    const x = v128.load(a)
    const y = v128.load(a, 16)
    v = v128.or(v, v128.or(v128.or(x, i64x2.add(x, one)), v128.or(y, i64x2.add(y, one))))
    a += 32
  }
  let bad = <u64>(i64x2.extract_lane(v, 0) | i64x2.extract_lane(v, 1))
  while (a < e) {
    const x = load<u64>(a)
    bad |= x | (x + 1)
    a += 8
  }
  return bad >> 61 == 0
}

/**
 * x * c + y * d mod p on two lanes, given the eight word products; not canonical: below 2^63 + 2^36.
 * The factor x may be as large as 2^62 + 2^34; y, c and d are canonical.
 */
// @ts-ignore: decorator
@inline
function vjoin2(
  l: v128, q: v128, r: v128, h: v128, l2: v128, q2: v128, r2: v128, h2: v128, p: v128, m32: v128,
): v128 {
  const t = i64x2.add(
    i64x2.add(i64x2.add(q, r), i64x2.add(q2, r2)),
    i64x2.add(i64x2.shr_u(l, 32), i64x2.shr_u(l2, 32)),
  )
  const w = i64x2.add(v128.and(l, m32), v128.and(l2, m32))
  const u = i64x2.add(v128.and(i64x2.shl(t, 32), p), i64x2.shr_u(t, 29))
  return i64x2.add(i64x2.add(w, u), i64x2.shl(i64x2.add(h, h2), 3))
}

/** x * c + y * d for elements 0 and 1 of four, given as words. */
// @ts-ignore: decorator
@inline
function pairLow(
  xl: v128, xh: v128, yl: v128, yh: v128, cl: v128, ch: v128, dl: v128, dh: v128, p: v128, m32: v128,
): v128 {
  return vjoin2(
    i64x2.extmul_low_i32x4_u(xl, cl),
    i64x2.extmul_low_i32x4_u(xl, ch),
    i64x2.extmul_low_i32x4_u(xh, cl),
    i64x2.extmul_low_i32x4_u(xh, ch),
    i64x2.extmul_low_i32x4_u(yl, dl),
    i64x2.extmul_low_i32x4_u(yl, dh),
    i64x2.extmul_low_i32x4_u(yh, dl),
    i64x2.extmul_low_i32x4_u(yh, dh),
    p,
    m32,
  )
}

/** x * c + y * d for elements 2 and 3 of four, given as words. */
// @ts-ignore: decorator
@inline
function pairHigh(
  xl: v128, xh: v128, yl: v128, yh: v128, cl: v128, ch: v128, dl: v128, dh: v128, p: v128, m32: v128,
): v128 {
  return vjoin2(
    i64x2.extmul_high_i32x4_u(xl, cl),
    i64x2.extmul_high_i32x4_u(xl, ch),
    i64x2.extmul_high_i32x4_u(xh, cl),
    i64x2.extmul_high_i32x4_u(xh, ch),
    i64x2.extmul_high_i32x4_u(yl, dl),
    i64x2.extmul_high_i32x4_u(yl, dh),
    i64x2.extmul_high_i32x4_u(yh, dl),
    i64x2.extmul_high_i32x4_u(yh, dh),
    p,
    m32,
  )
}

/** oa = ca*a*b + ra*r; ob = cb*a*b + rb*r, element by element. */
export function fpMulCombine(
  oa: usize, ob: usize, a: usize, b: usize, r: usize, ca: u64, ra: u64, cb: u64, rb: u64, n: u32,
): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const m32 = i64x2.splat(splatLow)
  const cal = i32x4.splat(<u32>ca)
  const cah = i32x4.splat(<u32>(ca >> 32))
  const ral = i32x4.splat(<u32>ra)
  const rah = i32x4.splat(<u32>(ra >> 32))
  const cbl = i32x4.splat(<u32>cb)
  const cbh = i32x4.splat(<u32>(cb >> 32))
  const rbl = i32x4.splat(<u32>rb)
  const rbh = i32x4.splat(<u32>(rb >> 32))
  const e = oa + (<usize>n << 3)
  const e4 = oa + (<usize>(n & ~3) << 3)
  while (oa < e4) {
    let x = v128.load(a)
    let y = v128.load(a, 16)
    let z = v128.load(b)
    let w = v128.load(b, 16)
    const al = low(x, y)
    const ah = high(x, y)
    const bl = low(z, w)
    const bh = high(z, w)
    x = productLow(al, ah, bl, bh, p)
    y = productHigh(al, ah, bl, bh, p)
    z = v128.load(r)
    w = v128.load(r, 16)
    const dl = low(x, y)
    const dh = high(x, y)
    const rl = low(z, w)
    const rh = high(z, w)
    v128.store(oa, vfin(pairLow(dl, dh, rl, rh, cal, cah, ral, rah, p, m32), p, one))
    v128.store(oa, vfin(pairHigh(dl, dh, rl, rh, cal, cah, ral, rah, p, m32), p, one), 16)
    v128.store(ob, vfin(pairLow(dl, dh, rl, rh, cbl, cbh, rbl, rbh, p, m32), p, one))
    v128.store(ob, vfin(pairHigh(dl, dh, rl, rh, cbl, cbh, rbl, rbh, p, m32), p, one), 16)
    oa += 32
    ob += 32
    a += 32
    b += 32
    r += 32
  }
  while (oa < e) {
    const d = fin(product(load<u64>(a), load<u64>(b)))
    const x = load<u64>(r)
    store<u64>(oa, fin(fold(product(d, ca)) + fold(product(x, ra))))
    store<u64>(ob, fin(fold(product(d, cb)) + fold(product(x, rb))))
    oa += 8
    ob += 8
    a += 8
    b += 8
    r += 8
  }
}

/**
 * d = c*a*b (or a*b if c is 1); oa = ca*d + ra*r; ob = cb*d + rb*r for small coefficients: the
 * |coefficients| of one output add up to at most 7, so that nothing exceeds 64 bits. The signs are
 * given as masks, 0 or p (x ^ p = p - x).
 */
export function fpMulCombineSmall(
  oa: usize, ob: usize, a: usize, b: usize, r: usize, c: u64,
  ca: u64, sca: u64, ra: u64, sra: u64, cb: u64, scb: u64, rb: u64, srb: u64, n: u32,
): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const cl = i32x4.splat(<u32>c)
  const ch = i32x4.splat(<u32>(c >> 32))
  const e = oa + (<usize>n << 3)
  const e4 = oa + (<usize>(n & ~3) << 3)
  while (oa < e4) {
    const z = v128.load(b)
    const w = v128.load(b, 16)
    let x = v128.load(a)
    let y = v128.load(a, 16)
    const al = low(x, y)
    const ah = high(x, y)
    const bl = low(z, w)
    const bh = high(z, w)
    x = productLow(al, ah, bl, bh, p)
    y = productHigh(al, ah, bl, bh, p)
    if (c != 1) {
      // Below 2^62 + 2^34, which is small enough for a factor.
      const dl = low(x, y)
      const dh = high(x, y)
      x = productLow(dl, dh, cl, ch, p)
      y = productHigh(dl, dh, cl, ch, p)
    }
    x = vfin(x, p, one)
    y = vfin(y, p, one)
    combineSmall(oa, ob, r, 0, i64x2.extract_lane(x, 0), ca, sca, ra, sra, cb, scb, rb, srb)
    combineSmall(oa, ob, r, 8, i64x2.extract_lane(x, 1), ca, sca, ra, sra, cb, scb, rb, srb)
    combineSmall(oa, ob, r, 16, i64x2.extract_lane(y, 0), ca, sca, ra, sra, cb, scb, rb, srb)
    combineSmall(oa, ob, r, 24, i64x2.extract_lane(y, 1), ca, sca, ra, sra, cb, scb, rb, srb)
    oa += 32
    ob += 32
    a += 32
    b += 32
    r += 32
  }
  while (oa < e) {
    const d = fin(product(fin(product(load<u64>(a), load<u64>(b))), c))
    combineSmall(oa, ob, r, 0, d, ca, sca, ra, sra, cb, scb, rb, srb)
    oa += 8
    ob += 8
    a += 8
    b += 8
    r += 8
  }
}

// @ts-ignore: decorator
@inline
function combineSmall(
  oa: usize, ob: usize, r: usize, i: usize, d: u64,
  ca: u64, sca: u64, ra: u64, sra: u64, cb: u64, scb: u64, rb: u64, srb: u64,
): void {
  const x = load<u64>(r + i)
  store<u64>(oa + i, fin((d ^ sca) * ca + (x ^ sra) * ra))
  store<u64>(ob + i, fin((d ^ scb) * cb + (x ^ srb) * rb))
}

/**
 * o = sum of k vectors times small coefficients; table: k entries of (address u32, 0 or -1 i32,
 * |coefficient| u32, 0), the -1 for negative ones. The sum of the |coefficients| is below 2^31. As p
 * is all ones, p - x = x ^ p; low and high words of each element then add up in the two lanes of one
 * accumulator.
 */
export function fpCombineSmall(o: usize, table: usize, k: u32, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const end = table + (<usize>k << 4)
  const bytes = <usize>n << 3
  const bytes8 = <usize>(n & ~7) << 3
  let i: usize = 0
  for (; i < bytes8; i += 64) {
    let s0 = i64x2.splat(0)
    let s1 = i64x2.splat(0)
    let s2 = i64x2.splat(0)
    let s3 = i64x2.splat(0)
    let s4 = i64x2.splat(0)
    let s5 = i64x2.splat(0)
    let s6 = i64x2.splat(0)
    let s7 = i64x2.splat(0)
    for (let t = table; t < end; t += 16) {
      const a = <usize>load<u32>(t) + i
      const sign = v128.and(v128.load32_splat(t, 4), p)
      const c = v128.load32_splat(t, 8)
      let x = v128.xor(v128.load(a), sign)
      s0 = i64x2.add(s0, i64x2.extmul_low_i32x4_u(x, c))
      s1 = i64x2.add(s1, i64x2.extmul_high_i32x4_u(x, c))
      x = v128.xor(v128.load(a, 16), sign)
      s2 = i64x2.add(s2, i64x2.extmul_low_i32x4_u(x, c))
      s3 = i64x2.add(s3, i64x2.extmul_high_i32x4_u(x, c))
      x = v128.xor(v128.load(a, 32), sign)
      s4 = i64x2.add(s4, i64x2.extmul_low_i32x4_u(x, c))
      s5 = i64x2.add(s5, i64x2.extmul_high_i32x4_u(x, c))
      x = v128.xor(v128.load(a, 48), sign)
      s6 = i64x2.add(s6, i64x2.extmul_low_i32x4_u(x, c))
      s7 = i64x2.add(s7, i64x2.extmul_high_i32x4_u(x, c))
    }
    v128.store(o + i, vfin(joinSmall(s0, s1, p), p, one))
    v128.store(o + i, vfin(joinSmall(s2, s3, p), p, one), 16)
    v128.store(o + i, vfin(joinSmall(s4, s5, p), p, one), 32)
    v128.store(o + i, vfin(joinSmall(s6, s7, p), p, one), 48)
  }
  for (; i < bytes; i += 8) {
    let l: u64 = 0
    let h: u64 = 0
    for (let t = table; t < end; t += 16) {
      const x = load<u64>(<usize>load<u32>(t) + i) ^ (<u64>load<i32>(t, 4) & P)
      const c = <u64>load<u32>(t, 8)
      l += (x & 0xffffffff) * c
      h += (x >> 32) * c
    }
    h += l >> 32
    store<u64>(o + i, fin((h >> 29) + (((h << 32) | (l & 0xffffffff)) & P)))
  }
}

/** (l0, h0), (l1, h1) to l + h * 2^32 mod p on two lanes; not canonical. */
// @ts-ignore: decorator
@inline
function joinSmall(x: v128, y: v128, p: v128): v128 {
  const l = v128.shuffle<i64>(x, y, 0, 2)
  const h = i64x2.add(v128.shuffle<i64>(x, y, 1, 3), i64x2.shr_u(l, 32))
  const w = v128.and(v128.shuffle<i32>(l, i64x2.shl(h, 32), 0, 5, 2, 7), p)
  return i64x2.add(w, i64x2.shr_u(h, 29))
}

/**
 * o = sum of k vectors times canonical coefficients; table: k entries of (address u64, coefficient
 * u64). Seven terms share a reduction: a cross product is below 2^61.
 */
export function fpCombine(o: usize, table: usize, k: u32, n: u32): void {
  const p = i64x2.splat(splatP)
  const one = i64x2.splat(splatOne)
  const m32 = i64x2.splat(splatLow)
  const end = table + (<usize>k << 4)
  const bytes = <usize>n << 3
  const bytes4 = <usize>(n & ~3) << 3
  let i: usize = 0
  for (; i < bytes4; i += 32) {
    let s0 = i64x2.splat(0)
    let s1 = i64x2.splat(0)
    let t = table
    while (t < end) {
      const last = min<usize>(t + 112, end)
      let l0 = i64x2.splat(0)
      let l1 = i64x2.splat(0)
      let q0 = i64x2.splat(0)
      let q1 = i64x2.splat(0)
      let r0 = i64x2.splat(0)
      let r1 = i64x2.splat(0)
      let h0 = i64x2.splat(0)
      let h1 = i64x2.splat(0)
      for (; t < last; t += 16) {
        const a = <usize>load<u32>(t) + i
        const x = v128.load(a)
        const y = v128.load(a, 16)
        const al = low(x, y)
        const ah = high(x, y)
        const cl = v128.load32_splat(t, 8)
        const ch = v128.load32_splat(t, 12)
        const c = i64x2.extmul_low_i32x4_u(al, cl)
        l0 = i64x2.add(l0, v128.and(c, m32))
        q0 = i64x2.add(q0, i64x2.add(i64x2.shr_u(c, 32), i64x2.extmul_low_i32x4_u(al, ch)))
        r0 = i64x2.add(r0, i64x2.extmul_low_i32x4_u(ah, cl))
        h0 = i64x2.add(h0, i64x2.extmul_low_i32x4_u(ah, ch))
        const d = i64x2.extmul_high_i32x4_u(al, cl)
        l1 = i64x2.add(l1, v128.and(d, m32))
        q1 = i64x2.add(q1, i64x2.add(i64x2.shr_u(d, 32), i64x2.extmul_high_i32x4_u(al, ch)))
        r1 = i64x2.add(r1, i64x2.extmul_high_i32x4_u(ah, cl))
        h1 = i64x2.add(h1, i64x2.extmul_high_i32x4_u(ah, ch))
      }
      s0 = vfold(i64x2.add(s0, joinTerms(l0, q0, r0, h0, p)), p)
      s1 = vfold(i64x2.add(s1, joinTerms(l1, q1, r1, h1, p)), p)
    }
    v128.store(o + i, vfin(s0, p, one))
    v128.store(o + i, vfin(s1, p, one), 16)
  }
  for (; i < bytes; i += 8) {
    let s: u64 = 0
    for (let t = table; t < end; t += 16) {
      s = fold(product(load<u64>(<usize>load<u32>(t) + i), load<u64>(t, 8)) + s)
    }
    store<u64>(o + i, fin(s))
  }
}

/** l + (q + r) * 2^32 + h * 2^64 mod p, where q and r may fill 64 bits and h < 2^61; below 2^63. */
// @ts-ignore: decorator
@inline
function joinTerms(l: v128, q: v128, r: v128, h: v128, p: v128): v128 {
  const u = i64x2.add(v128.and(i64x2.shl(q, 32), p), i64x2.shr_u(q, 29))
  const w = i64x2.add(v128.and(i64x2.shl(r, 32), p), i64x2.shr_u(r, 29))
  return i64x2.add(i64x2.add(l, u), i64x2.add(w, vfold(i64x2.shl(h, 3), p)))
}

/** In place: two's complement i64 to field. Returns the first index with |v| >= 2^60, else n. */
export function fpFromI64(a: usize, n: u32): u32 {
  for (let i: u32 = 0; i < n; i++, a += 8) {
    const v = load<i64>(a)
    if (v >= SIGNED_BOUND || v <= -SIGNED_BOUND) return i
    store<u64>(a, <u64>v + (P & <u64>(v >> 63)))
  }
  return n
}

/** In place: f64 to field. Returns the first index that is no integer with |v| < 2^53, else n. */
export function fpFromF64(a: usize, n: u32): u32 {
  for (let i: u32 = 0; i < n; i++, a += 8) {
    const f = load<f64>(a)
    if (!(abs<f64>(f) < 9007199254740992.0) || trunc<f64>(f) != f) return i
    const v = <i64>f
    store<u64>(a, <u64>v + (P & <u64>(v >> 63)))
  }
  return n
}

/** o = signed representative of a, as i64. */
export function fpToI64(o: usize, a: usize, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    const x = load<u64>(a)
    store<u64>(o, x >> 60 ? x - P : x)
    o += 8
    a += 8
  }
}
