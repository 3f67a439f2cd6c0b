// Kernels over packed bit-planes (AssemblyScript): lane r is bit r & 7 of byte r >> 3. Lengths are in
// bytes unless they count lanes. `o` may equal an input address, but must not overlap one in any
// other way, except where said.

export function bitXor(o: usize, a: usize, b: usize, n: u32): void {
  const e = o + <usize>n
  const e16 = o + <usize>(n & ~15)
  while (o < e16) {
    v128.store(o, v128.xor(v128.load(a), v128.load(b)))
    o += 16
    a += 16
    b += 16
  }
  while (o < e) {
    store<u8>(o, load<u8>(a) ^ load<u8>(b))
    o++
    a++
    b++
  }
}

export function bitAnd(o: usize, a: usize, b: usize, n: u32): void {
  const e = o + <usize>n
  const e16 = o + <usize>(n & ~15)
  while (o < e16) {
    v128.store(o, v128.and(v128.load(a), v128.load(b)))
    o += 16
    a += 16
    b += 16
  }
  while (o < e) {
    store<u8>(o, load<u8>(a) & load<u8>(b))
    o++
    a++
    b++
  }
}

/** o ^= a & b */
export function bitXorAnd(o: usize, a: usize, b: usize, n: u32): void {
  const e = o + <usize>n
  const e16 = o + <usize>(n & ~15)
  while (o < e16) {
    v128.store(o, v128.xor(v128.load(o), v128.and(v128.load(a), v128.load(b))))
    o += 16
    a += 16
    b += 16
  }
  while (o < e) {
    store<u8>(o, load<u8>(o) ^ (load<u8>(a) & load<u8>(b)))
    o++
    a++
    b++
  }
}

export function bitNot(o: usize, a: usize, n: u32): void {
  const e = o + <usize>n
  const e16 = o + <usize>(n & ~15)
  while (o < e16) {
    v128.store(o, v128.not(v128.load(a)))
    o += 16
    a += 16
  }
  while (o < e) {
    store<u8>(o, ~load<u8>(a))
    o++
    a++
  }
}

/** o = (x0 & (y0 ^ y1)) ^ (x1 & y0) ^ r */
export function bitAnd3(
  o: usize, x0: usize, x1: usize, y0: usize, y1: usize, r: usize, n: u32,
): void {
  const e = o + <usize>n
  const e16 = o + <usize>(n & ~15)
  while (o < e16) {
    const y = v128.load(y0)
    const u = v128.and(v128.load(x0), v128.xor(y, v128.load(y1)))
    v128.store(o, v128.xor(v128.xor(u, v128.and(v128.load(x1), y)), v128.load(r)))
    o += 16
    x0 += 16
    x1 += 16
    y0 += 16
    y1 += 16
    r += 16
  }
  while (o < e) {
    const y = load<u8>(y0)
    store<u8>(o, (load<u8>(x0) & (y ^ load<u8>(y1))) ^ (load<u8>(x1) & y) ^ load<u8>(r))
    o++
    x0++
    x1++
    y0++
    y1++
    r++
  }
}

/** As bitAnd3, and z = o ^ s. */
export function bitAnd3Deal(
  o: usize, z: usize, x0: usize, x1: usize, y0: usize, y1: usize, r: usize, s: usize, n: u32,
): void {
  const e = o + <usize>n
  const e16 = o + <usize>(n & ~15)
  while (o < e16) {
    const y = v128.load(y0)
    const u = v128.and(v128.load(x0), v128.xor(y, v128.load(y1)))
    const m = v128.xor(v128.xor(u, v128.and(v128.load(x1), y)), v128.load(r))
    const w = v128.xor(m, v128.load(s))
    v128.store(o, m)
    v128.store(z, w)
    o += 16
    z += 16
    x0 += 16
    x1 += 16
    y0 += 16
    y1 += 16
    r += 16
    s += 16
  }
  while (o < e) {
    const y = load<u8>(y0)
    const m = (load<u8>(x0) & (y ^ load<u8>(y1))) ^ (load<u8>(x1) & y) ^ load<u8>(r)
    const w = m ^ load<u8>(s)
    store<u8>(o, m)
    store<u8>(z, w)
    o++
    z++
    x0++
    x1++
    y0++
    y1++
    r++
    s++
  }
}

/** Number of ones. */
export function bitPopcount(a: usize, n: u32): u64 {
  const e = a + <usize>n
  const e8 = a + <usize>(n & ~7)
  let s: u64 = 0
  while (a < e8) {
    s += popcnt<u64>(load<u64>(a))
    a += 8
  }
  while (a < e) {
    s += <u64>popcnt<u32>(<u32>load<u8>(a))
    a++
  }
  return s
}

export function memEqual(a: usize, b: usize, n: u32): bool {
  const e = a + <usize>n
  const e8 = a + <usize>(n & ~7)
  let d: u64 = 0
  while (a < e8) {
    d |= load<u64>(a) ^ load<u64>(b)
    a += 8
    b += 8
  }
  while (a < e) {
    d |= <u64>(load<u8>(a) ^ load<u8>(b))
    a++
    b++
  }
  return d == 0
}

/** Overlapping areas are allowed. */
export function memCopy(o: usize, a: usize, n: u32): void {
  memory.copy(o, a, <usize>n)
}

export function memFill(o: usize, byte: u32, n: u32): void {
  memory.fill(o, <u8>byte, <usize>n)
}

/**
 * Bit k of o = bit indices[k] of a, for k < count; the remaining bits of the n bytes at o become zero.
 * Returns the first k with indices[k] >= lanes (lanes of a), else count.
 */
export function bitGather(
  o: usize, n: u32, a: usize, lanes: u32, indices: usize, count: u32,
): u32 {
  let w: u32 = 0
  for (let k: u32 = 0; k < count; k++) {
    const i = load<u32>(indices + (<usize>k << 2))
    if (i >= lanes) return k
    w |= (((<u32>load<u8>(a + <usize>(i >> 3))) >> (i & 7)) & 1) << (k & 7)
    if ((k & 7) == 7) {
      store<u8>(o + <usize>(k >> 3), <u8>w)
      w = 0
    }
  }
  if (count & 7) store<u8>(o + <usize>(count >> 3), <u8>w)
  const done = (count + 7) >> 3
  memory.fill(o + <usize>done, 0, <usize>(n - done))
  return count
}
