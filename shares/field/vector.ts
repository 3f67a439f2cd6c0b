import { kernel, kernelBuffer } from './kernel.ts'
/**
 * Arithmetic on vectors over F_p, p = 2^61-1, in kernel memory. Every operation is local to a party
 * and linear-time; nothing is allocated. Inputs must be canonical (< p; received vectors: check with
 * `isCanonical` first), outputs are.
 *
 * `out` may be an input itself (same address); other overlaps are not allowed. Lengths must agree:
 * RangeError otherwise. Scalar coefficients are any integers, taken modulo p.
 */
import { viewFp, viewWords, type FpVector } from './memory.ts'
import { P, reduce, toSigned } from './scalar.ts'

/** out = a + b */
export function add(out: FpVector, a: FpVector, b: FpVector): void {
  sameLength(out, a, b)
  kernel.fpAdd(out.ptr, a.ptr, b.ptr, out.length)
}

/** out = a - b */
export function sub(out: FpVector, a: FpVector, b: FpVector): void {
  sameLength(out, a, b)
  kernel.fpSub(out.ptr, a.ptr, b.ptr, out.length)
}

/** out = -a */
export function neg(out: FpVector, a: FpVector): void {
  sameLength(out, a)
  kernel.fpNeg(out.ptr, a.ptr, out.length)
}

/** out = a * b, element by element */
export function mul(out: FpVector, a: FpVector, b: FpVector): void {
  sameLength(out, a, b)
  kernel.fpMul(out.ptr, a.ptr, b.ptr, out.length)
}

/** out = c * a */
export function scale(out: FpVector, a: FpVector, c: bigint): void {
  sameLength(out, a)
  kernel.fpScale(out.ptr, a.ptr, reduce(c), out.length)
}

/** out = out + c * a */
export function addScaled(out: FpVector, a: FpVector, c: bigint): void {
  sameLength(out, a)
  kernel.fpAddScaled(out.ptr, a.ptr, reduce(c), out.length)
}

/** Below this sum of magnitudes, 32-bit halves of elements add up within 64 bits. */
const SMALL_SUM = 1n << 31n

/** Most vectors that one `combine` takes: C(7,3) = 35 components and some room. */
export const MAX_TERMS = 60

/**
 * out = sum of coefficients[i] * vectors[i]. Coefficients that are small signed integers, such as
 * `lagrangeAtZero`, are cheapest. `out` may be one of the vectors. No vectors: zeros.
 *
 * @throws RangeError if there are more than MAX_TERMS vectors or the counts differ
 */
export function combine(
  out: FpVector,
  vectors: readonly FpVector[],
  coefficients: readonly bigint[],
): void {
  sameLength(out, ...vectors)
  if (vectors.length !== coefficients.length || vectors.length > MAX_TERMS) {
    throw new RangeError(`${vectors.length} vectors and ${coefficients.length} coefficients`)
  }
  // Kernel memory below the first block is scratch for such tables.
  const signed = coefficients.map((c) => toSigned(reduce(c)))
  if (signed.reduce((s, c) => s + magnitude(c), 0n) < SMALL_SUM) {
    const table = new Int32Array(kernelBuffer(), 0, 4 * vectors.length)
    for (const [i, vector] of vectors.entries()) {
      const c = Number(signed[i])
      table.set([vector.ptr, c < 0 ? -1 : 0, Math.abs(c), 0], 4 * i)
    }
    kernel.fpCombineSmall(out.ptr, 0, vectors.length, out.length)
  } else {
    const table = new BigUint64Array(kernelBuffer(), 0, 2 * vectors.length)
    for (const [i, vector] of vectors.entries()) {
      table[2 * i] = BigInt(vector.ptr)
      table[2 * i + 1] = reduce(coefficients[i] ?? 0n)
    }
    kernel.fpCombine(out.ptr, 0, vectors.length, out.length)
  }
}

/** out[i] = a[0] + ... + a[i]. */
export function prefixSum(out: FpVector, a: FpVector): void {
  sameLength(out, a)
  kernel.fpPrefixSum(out.ptr, a.ptr, out.length)
}

/** The sum of all elements. */
export function sum(a: FpVector): bigint {
  return kernel.fpSum(a.ptr, a.length)
}

/** The inner product. */
export function dot(a: FpVector, b: FpVector): bigint {
  sameLength(a, b)
  return kernel.fpDot(a.ptr, b.ptr, a.length)
}

/**
 * The two vectors of a one-round re-sharing multiplication at n = 3, in one pass:
 *   d = c0 * a * b;   outA = ad * d + ar * r;   outB = bd * d + br * r.
 * Fastest if |ad| + |ar| <= 7 and |bd| + |br| <= 7 as signed integers, and c0 is 1 or -1 (one
 * multiplication) or anything else (two); otherwise it takes five. Small coefficients are always
 * possible: a dealer i whose receiver j gets alpha_j * r, with d = lambda_i / alpha_j * a * b, deals
 * (alpha_j - x) * d + x * r to the point x.
 */
export function mulCombine(
  outA: FpVector,
  outB: FpVector,
  a: FpVector,
  b: FpVector,
  c0: bigint,
  r: FpVector,
  ad: bigint,
  ar: bigint,
  bd: bigint,
  br: bigint,
): void {
  sameLength(outA, outB, a, b, r)
  const c = toSigned(reduce(c0))
  const sign = c === -1n ? -1n : 1n
  const [ca, ra, cb, rb] = [ad * sign, ar, bd * sign, br].map((x) => toSigned(reduce(x)))
  if (ca === undefined || ra === undefined || cb === undefined || rb === undefined) return
  const at = [outA.ptr, outB.ptr, a.ptr, b.ptr, r.ptr] as const
  if (magnitude(ca) + magnitude(ra) <= 7n && magnitude(cb) + magnitude(rb) <= 7n) {
    kernel.fpMulCombineSmall(
      ...at,
      reduce(c * sign),
      magnitude(ca),
      signMask(ca),
      magnitude(ra),
      signMask(ra),
      magnitude(cb),
      signMask(cb),
      magnitude(rb),
      signMask(rb),
      outA.length,
    )
  } else {
    kernel.fpMulCombine(
      ...at,
      reduce(ad * c0),
      reduce(ra),
      reduce(bd * c0),
      reduce(rb),
      outA.length,
    )
  }
}

/** Every element = c. */
export function fill(out: FpVector, c: bigint): void {
  kernel.fpFill(out.ptr, reduce(c), out.length)
}

/** out = a. Overlaps are allowed. */
export function copy(out: FpVector, a: FpVector): void {
  sameLength(out, a)
  kernel.memCopy(out.ptr, a.ptr, out.length * 8)
}

/**
 * In place: arbitrary u64 words (a keystream) become elements: the low 61 bits, where 2^61-1 stands
 * for 0. The bias is 2^-61; there is no rejection, so parties stay in step.
 */
export function maskWords(v: FpVector): void {
  kernel.fpMaskWords(v.ptr, v.length)
}

/** Whether every word is below p. Every vector that comes from outside must pass. */
export function isCanonical(v: FpVector): boolean {
  return kernel.fpIsCanonical(v.ptr, v.length) !== 0
}

/** Whether two vectors are the same. Takes the same time wherever they differ. */
export function equal(a: FpVector, b: FpVector): boolean {
  sameLength(a, b)
  return kernel.memEqual(a.ptr, b.ptr, a.length * 8) !== 0
}

/** Edges and tests: out[i] = values[i] modulo p. */
export function fromBigInts(out: FpVector, values: readonly bigint[]): void {
  checkCount(out, values.length)
  viewWords(out).set(values.map(reduce))
}

/** Edges and tests: the elements, 0 <= x < p. */
export function toBigInts(v: FpVector): bigint[] {
  return Array.from(viewWords(v))
}

/**
 * Signed integers in bulk: out[i] represents values[i].
 *
 * @param values integers, |v| < 2^60 in a BigInt64Array, |v| < 2^53 in a Float64Array
 * @throws RangeError naming the first index that is out of range; `out` is then undefined
 */
export function fromNumbers(out: FpVector, values: Float64Array | BigInt64Array): void {
  checkCount(out, values.length)
  viewFp(out).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  const done =
    values instanceof Float64Array
      ? kernel.fpFromF64(out.ptr, out.length)
      : kernel.fpFromI64(out.ptr, out.length)
  if (done !== out.length) throw new RangeError(`value ${done} is no integer in range`)
}

/**
 * The signed values that a vector represents, |v| < 2^60, in memory of its own.
 *
 * @param scratch as long as `v`, overwritten; may be `v` itself
 */
export function toNumbers(v: FpVector, scratch: FpVector): BigInt64Array<ArrayBuffer> {
  sameLength(scratch, v)
  kernel.fpToI64(scratch.ptr, v.ptr, v.length)
  return new BigInt64Array(kernelBuffer().slice(scratch.ptr, scratch.ptr + scratch.length * 8))
}

function magnitude(c: bigint): bigint {
  return c < 0n ? -c : c
}

/** x ^ signMask(c) is congruent to x or -x. */
function signMask(c: bigint): bigint {
  return c < 0n ? P : 0n
}

function sameLength(first: FpVector, ...others: readonly FpVector[]): void {
  for (const other of others) checkCount(first, other.length)
}

function checkCount(v: FpVector, count: number): void {
  if (v.length !== count) throw new RangeError(`vector lengths ${v.length} and ${count} differ`)
}
