// Vector kernels over F_p, p = 2^61-1 (AssemblyScript). Operands are canonical little-endian u64
// (< p) at 8-byte aligned addresses; results are canonical. No kernel allocates. `o` may equal an
// input address, but must not overlap one in any other way.
//
// Reduction: 2^61 = 1, so s = (s & P) + (s >> 61). Products are split 31/30 bits because
// WebAssembly has no 64x64 -> 128 bit multiplication.

const P: u64 = 0x1fffffffffffffff
const SIGNED_BOUND: i64 = 0x1000000000000000
const M30: u64 = 0x3fffffff
const M31: u64 = 0x7fffffff

/** Canonical form of any s <= 2^64-9: adds 1 beforehand so that p itself wraps to 0. */
// @ts-ignore: decorator
@inline
export function fin(s: u64): u64 {
  return (s + ((s + (s >> 61) + 1) >> 61)) & P
}

/** s mod p, not canonical: below 2^61 + 8. */
// @ts-ignore: decorator
@inline
function fold(s: u64): u64 {
  return (s & P) + (s >> 61)
}

/** x * y mod p, not canonical: below 2^63. */
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

export function fpAdd(o: usize, a: usize, b: usize, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, fin(load<u64>(a) + load<u64>(b)))
    o += 8
    a += 8
    b += 8
  }
}

export function fpSub(o: usize, a: usize, b: usize, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, fin(load<u64>(a) + (P - load<u64>(b))))
    o += 8
    a += 8
    b += 8
  }
}

export function fpNeg(o: usize, a: usize, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, fin(P - load<u64>(a)))
    o += 8
    a += 8
  }
}

export function fpMul(o: usize, a: usize, b: usize, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, fin(product(load<u64>(a), load<u64>(b))))
    o += 8
    a += 8
    b += 8
  }
}

/** o = c * a */
export function fpScale(o: usize, a: usize, c: u64, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, fin(product(load<u64>(a), c)))
    o += 8
    a += 8
  }
}

/** o += c * a */
export function fpAddScaled(o: usize, a: usize, c: u64, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, fin(product(load<u64>(a), c) + load<u64>(o)))
    o += 8
    a += 8
  }
}

/** o = sum of k vectors times coefficients; table: k entries of (address u64, coefficient u64). */
export function fpCombine(o: usize, table: usize, k: u32, n: u32): void {
  const end = table + (<usize>k << 4)
  const bytes = <usize>n << 3
  for (let i: usize = 0; i < bytes; i += 8) {
    let s: u64 = 0
    for (let t = table; t < end; t += 16) {
      s = fold(product(load<u64>(<usize>load<u64>(t) + i), load<u64>(t, 8)) + s)
    }
    store<u64>(o + i, fin(s))
  }
}

export function fpSum(a: usize, n: u32): u64 {
  const e = a + (<usize>n << 3)
  let s: u64 = 0
  while (a < e) {
    s = fold(s + load<u64>(a))
    a += 8
  }
  return fin(s)
}

export function fpDot(a: usize, b: usize, n: u32): u64 {
  const e = a + (<usize>n << 3)
  let s: u64 = 0
  while (a < e) {
    s = fold(product(load<u64>(a), load<u64>(b)) + s)
    a += 8
    b += 8
  }
  return fin(s)
}

export function fpFill(o: usize, c: u64, n: u32): void {
  const e = o + (<usize>n << 3)
  while (o < e) {
    store<u64>(o, c)
    o += 8
  }
}

/** Any u64 words: low 61 bits, the word 2^61-1 stands for 0. */
export function fpMaskWords(a: usize, n: u32): void {
  const e = a + (<usize>n << 3)
  while (a < e) {
    store<u64>(a, fin(load<u64>(a) & P))
    a += 8
  }
}

/** 1 iff every word is below p. */
export function fpIsCanonical(a: usize, n: u32): bool {
  const e = a + (<usize>n << 3)
  let bad: u64 = 0
  while (a < e) {
    // x + 1 reaches 2^61 iff x >= p; x itself is or-ed in because x + 1 may wrap.
    const x = load<u64>(a)
    bad |= x | (x + 1)
    a += 8
  }
  return bad >> 61 == 0
}

/** d = c0*a*b; oa = ad*d + ar*r; ob = bd*d + br*r, element by element. */
export function fpMulCombine(
  oa: usize, ob: usize, a: usize, b: usize, r: usize,
  c0: u64, ad: u64, ar: u64, bd: u64, br: u64, n: u32,
): void {
  const e = oa + (<usize>n << 3)
  while (oa < e) {
    const d = fin(product(fin(product(load<u64>(a), load<u64>(b))), c0))
    const x = load<u64>(r)
    store<u64>(oa, fin(fold(product(d, ad)) + fold(product(x, ar))))
    store<u64>(ob, fin(fold(product(d, bd)) + fold(product(x, br))))
    oa += 8
    ob += 8
    a += 8
    b += 8
    r += 8
  }
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
