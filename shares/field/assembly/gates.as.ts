// Lists of gates over shares of planes (AssemblyScript): a program is `count` triples of u32 addresses, of the
// result and the two operands. Lengths are in bytes and multiples of 16. All gates are done on one piece of
// the lanes, then on the next: the wires of a piece stay in the cache.

const PIECE: u32 = 2048

/** XORs, one after the other: n bytes each. A result may be an operand. */
export function bitXorGates(program: usize, count: u32, n: u32): void {
  const end = program + <usize>count * 12
  for (let from: u32 = 0; from < n; from += PIECE) {
    const size = <usize>min<u32>(PIECE, n - from)
    for (let gate = program; gate < end; gate += 12) {
      let o = <usize>(load<u32>(gate) + from)
      let a = <usize>(load<u32>(gate, 4) + from)
      let b = <usize>(load<u32>(gate, 8) + from)
      const e = o + size
      while (o < e) {
        v128.store(o, v128.xor(v128.load(a), v128.load(b)))
        o += 16
        a += 16
        b += 16
      }
    }
  }
}

/**
 * As bitAnd3Deal, for shares of two components of n bytes each: `square` is the position of x0 and y0 among
 * them, `corrected` that of the component of the result. The k-th gate has its own n bytes at c, r and s.
 */
export function bitAnd3Gates(
  program: usize, count: u32, n: u32, square: u32, corrected: u32, c: usize, r: usize, s: usize,
): void {
  const end = program + <usize>count * 12
  for (let from: u32 = 0; from < n; from += PIECE) {
    const size = <usize>min<u32>(PIECE, n - from)
    const first = square * n + from
    const second = (1 - square) * n + from
    let own = <usize>from
    for (let gate = program; gate < end; gate += 12) {
      let z = <usize>(load<u32>(gate) + corrected * n + from)
      const x = load<u32>(gate, 4)
      const y = load<u32>(gate, 8)
      let x0 = <usize>(x + first)
      let x1 = <usize>(x + second)
      let y0 = <usize>(y + first)
      let y1 = <usize>(y + second)
      let at = own
      const e = z + size
      while (z < e) {
        const v = v128.load(y0)
        const u = v128.and(v128.load(x0), v128.xor(v, v128.load(y1)))
        const m = v128.xor(v128.xor(u, v128.and(v128.load(x1), v)), v128.load(r + at))
        v128.store(z, v128.xor(m, v128.load(s + at)))
        v128.store(c + at, m)
        z += 16
        x0 += 16
        x1 += 16
        y0 += 16
        y1 += 16
        at += 16
      }
      own += <usize>n
    }
  }
}

/** The component at `position` of the k-th gate's result = the k-th n bytes of r XOR those of a. */
export function bitSumGates(
  program: usize, count: u32, n: u32, position: u32, r: usize, a: usize,
): void {
  const end = program + <usize>count * 12
  for (let gate = program; gate < end; gate += 12) {
    let o = <usize>(load<u32>(gate) + position * n)
    const e = o + <usize>n
    while (o < e) {
      v128.store(o, v128.xor(v128.load(r), v128.load(a)))
      o += 16
      r += 16
      a += 16
    }
  }
}
