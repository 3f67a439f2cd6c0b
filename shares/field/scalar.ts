/**
 * F_p, p = 2^61-1, one element at a time, as BigInt: for edges (coefficients, results, tests), never
 * inside loops over rows. Elements are canonical: 0 <= x < p. Not constant-time.
 */

/** The field's order, the Mersenne prime 2^61-1. */
export const P: bigint = (1n << 61n) - 1n

/** Signed values v with |v| < 2^60 are represented: all of them distinct, since p > 2 * (2^60-1). */
export const SIGNED_BOUND: bigint = 1n << 60n

/** The element congruent to any integer. */
export function reduce(x: bigint): bigint {
  const r = x % P
  return r < 0n ? r + P : r
}

export function add(a: bigint, b: bigint): bigint {
  return reduce(a + b)
}

export function sub(a: bigint, b: bigint): bigint {
  return reduce(a - b)
}

export function mul(a: bigint, b: bigint): bigint {
  return reduce(a * b)
}

export function neg(a: bigint): bigint {
  return reduce(-a)
}

/**
 * The multiplicative inverse.
 *
 * @throws RangeError if a is 0
 */
export function inv(a: bigint): bigint {
  let [r, next] = [P, reduce(a)]
  let [s, factor] = [0n, 1n]
  if (next === 0n) throw new RangeError('0 has no inverse')
  while (next !== 0n) {
    const quotient = r / next
    ;[r, next] = [next, r - quotient * next]
    ;[s, factor] = [factor, s - quotient * factor]
  }
  return reduce(s)
}

/**
 * The element that represents a signed value.
 *
 * @param v |v| < 2^60
 * @throws RangeError if it is larger
 */
export function fromSigned(v: bigint): bigint {
  if (v >= SIGNED_BOUND || v <= -SIGNED_BOUND) throw new RangeError('|v| must be below 2^60')
  return v < 0n ? v + P : v
}

/**
 * The signed value that an element represents: |v| < 2^60.
 *
 * @param a canonical element
 */
export function toSigned(a: bigint): bigint {
  return a < SIGNED_BOUND ? a : a - P
}

/**
 * Lagrange coefficients: f(at) = sum of coefficient[i] * f(points[i]) for every polynomial f of
 * degree below points.length.
 *
 * @param points distinct modulo p
 * @returns canonical elements, in the order of `points`
 * @throws RangeError if two points coincide
 */
export function lagrange(points: readonly (bigint | number)[], at: bigint | number): bigint[] {
  const xs = points.map(BigInt)
  const x = BigInt(at)
  return xs.map((xi, i) => {
    let numerator = 1n
    let denominator = 1n
    for (const [j, xj] of xs.entries()) {
      if (j === i) continue
      numerator = mul(numerator, x - xj)
      denominator = mul(denominator, xi - xj)
    }
    return mul(numerator, inv(denominator))
  })
}

/**
 * Lagrange coefficients at 0 for the points 1..n, as the small signed integers that they are:
 * coefficient i is (-1)^(i-1) * C(n, i). `combine` is fastest with coefficients like these.
 */
export function lagrangeAtZero(n: number): bigint[] {
  const coefficients: bigint[] = []
  let binomial = 1n
  for (let i = 1; i <= n; i++) {
    binomial = (binomial * BigInt(n - i + 1)) / BigInt(i)
    coefficients.push(i % 2 === 1 ? binomial : -binomial)
  }
  return coefficients
}
