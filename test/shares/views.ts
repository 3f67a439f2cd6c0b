/**
 * Exact secrecy tests for linear sharings. The view of a coalition is L(randomness) + s * v for a
 * linear map L; with independent uniform randomness it is independent of the secret s if and only if
 * v lies in the image of L. The lanes of one vector (or plane) are independent instances, so one run
 * gives the whole map: lane 0 has secret 1 and randomness 0, lane k has secret 0 and only the k-th
 * seed at 1 (`unitPrg`). Every test that uses this also shows it a broken sharing, which it must flag.
 */
import { mul, inv, sub } from '../../shares/field/scalar.ts'
import type { Prg } from '../../shares/prg.ts'

/** All ascending `size`-subsets, in lexicographic order. */
export function subsets(of: readonly number[], size: number): number[][] {
  if (size === 0) return [[]]
  const out: number[][] = []
  for (const [i, first] of of.entries()) {
    for (const rest of subsets(of.slice(i + 1), size - 1)) out.push([first, ...rest])
  }
  return out
}

/** A Prg for which every new key gets the next lane: its stream is 1 in that lane and 0 elsewhere. */
export function unitPrg(kind: 'field' | 'bits'): { prg: Prg; lanes(): number } {
  const laneOf = new Map<string, number>()
  return {
    lanes: () => laneOf.size + 1,
    prg: {
      fill(key, iv, out) {
        const name = `${key.join()}/${iv.join()}`
        let lane = laneOf.get(name)
        if (lane === undefined) {
          lane = laneOf.size + 1
          laneOf.set(name, lane)
        }
        out.fill(0)
        const at = kind === 'field' ? lane * 8 : lane >> 3
        if (at >= out.length) throw new RangeError('more seeds than lanes: make the vector longer')
        out[at] = kind === 'field' ? 1 : 1 << (lane & 7)
      },
    },
  }
}

/**
 * Whether a view is independent of the secret.
 * @param view for each value that the coalition sees, its lanes: [0] the secret's coefficient, [k] that of seed k
 */
export function isIndependent(view: readonly (readonly bigint[])[]): boolean {
  // Row-reduce on the seeds' columns; a row whose seed part vanishes must not depend on the secret.
  const rows = view.map((row) => [...row])
  const width = rows[0]?.length ?? 0
  for (let column = 1; column < width; column++) {
    const at = rows.findIndex((row) => row[column] !== 0n)
    if (at < 0) continue
    const [pivot] = rows.splice(at, 1)
    const scale = inv(pivot![column]!)
    for (const row of rows) {
      const factor = mul(row[column]!, scale)
      if (factor === 0n) continue
      for (let k = 0; k < width; k++) row[k] = sub(row[k]!, mul(factor, pivot![k]!))
    }
  }
  return rows.every((row) => row[0] === 0n)
}

/** The same over F_2. */
export function isIndependentBits(view: readonly (readonly (0 | 1)[])[]): boolean {
  const rows = view.map((row) =>
    row.reduce((bits, bit, k) => bits | (BigInt(bit) << BigInt(k)), 0n),
  )
  const width = view[0]?.length ?? 0
  for (let column = 1; column < width; column++) {
    const bit = 1n << BigInt(column)
    const at = rows.findIndex((row) => (row & bit) !== 0n)
    if (at < 0) continue
    const [pivot] = rows.splice(at, 1)
    rows.forEach((row, k) => {
      if ((row & bit) !== 0n) rows[k] = row ^ pivot!
    })
  }
  return rows.every((row) => (row & 1n) === 0n)
}

/**
 * Chi-square statistic of two samples of buckets, to compare with `chiSquareLimit`: large if the two
 * distributions differ.
 */
export function chiSquare(a: readonly number[], b: readonly number[]): number {
  const totalA = a.reduce((x, y) => x + y, 0)
  const totalB = b.reduce((x, y) => x + y, 0)
  let statistic = 0
  a.forEach((countA, k) => {
    const countB = b[k]!
    if (countA + countB === 0) return
    const expectedA = ((countA + countB) * totalA) / (totalA + totalB)
    const expectedB = ((countA + countB) * totalB) / (totalA + totalB)
    statistic += (countA - expectedA) ** 2 / expectedA + (countB - expectedB) ** 2 / expectedB
  })
  return statistic
}

/** Exceeded with probability below 1e-9 under equality (Wilson-Hilferty, 6 standard deviations). */
export function chiSquareLimit(buckets: number): number {
  const df = buckets - 1
  return df * (1 - 2 / (9 * df) + 6 * Math.sqrt(2 / (9 * df))) ** 3
}
