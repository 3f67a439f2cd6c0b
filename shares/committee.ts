/**
 * The combinatorics of a committee of n = 2t+1 parties: CNF sets, Lagrange coefficients, and the
 * public choices (who receives pseudo-random shares, which component takes a dealer's correction,
 * who computes which product). Parties are numbered 1..n; evaluation points are alpha_i = i.
 * Everything here is public and depends on n only.
 */
import { lagrange } from './field/scalar.ts'

export type CommitteeSize = 3 | 5 | 7

export interface Committee {
  readonly n: CommitteeSize
  readonly t: number
  /** All sets A with |A| = n-t, each ascending, in lexicographic order. C(n,t) of them: 3, 10, 35. */
  readonly sets: readonly (readonly number[])[]
  /** held[i-1]: indices into `sets` of the sets that contain party i, ascending: 2, 6, 20 of them. */
  readonly held: readonly (readonly number[])[]
  /**
   * correction[i-1]: index of the set {i, i-1, .., i-t} (cyclic): the component that takes dealer i's
   * correction when it deals a bit string; the dealer's other components are pseudo-random.
   */
  readonly correction: readonly number[]
  /** prgReceivers[i-1]: the t parties i+1..i+t (cyclic) that derive dealer i's Shamir share from a pairwise key. */
  readonly prgReceivers: readonly (readonly number[])[]
}

/** Part of one party's local work for an AND: x_left & (XOR of the y_right). Positions in `held`. */
export interface ProductRow {
  readonly left: number
  readonly right: readonly number[]
}

const committees = new Map<number, Committee>()

/**
 * The committee of n parties, frozen, the same object each time.
 * @throws RangeError if n is not 3, 5 or 7 (beyond 7 the number of sets makes CNF sharing too dear).
 */
export function committee(n: number): Committee {
  if (n !== 3 && n !== 5 && n !== 7) throw new RangeError('a committee has 3, 5 or 7 parties')
  let known = committees.get(n)
  if (known === undefined) {
    known = makeCommittee(n)
    committees.set(n, known)
  }
  return known
}

/** Parties 1..n. */
export function parties(of: Committee): number[] {
  return Array.from({ length: of.n }, (_, i) => i + 1)
}

/** Party number `value` counted around the circle: 0 is n, n+1 is 1. */
export function cyclic(of: Committee, value: number): number {
  return ((((value - 1) % of.n) + of.n) % of.n) + 1
}

/** Whether the set with this index contains `party`. */
export function isMember(of: Committee, setIndex: number, party: number): boolean {
  return setAt(of, setIndex).includes(party)
}

/** The members of the set with this index, ascending. @throws RangeError if there is no such set. */
export function setAt(of: Committee, setIndex: number): readonly number[] {
  const set = of.sets[setIndex]
  if (set === undefined) throw new RangeError(`no set ${setIndex} in a committee of ${of.n}`)
  return set
}

/** Indices of the sets that contain `party`. @throws RangeError if there is no such party. */
export function heldBy(of: Committee, party: number): readonly number[] {
  const held = of.held[party - 1]
  if (held === undefined) throw new RangeError(`no party ${party} in a committee of ${of.n}`)
  return held
}

/** Index of the set with exactly these members. @throws RangeError if there is none. */
export function setIndexOf(of: Committee, members: readonly number[]): number {
  const wanted = members.toSorted((a, b) => a - b).join()
  const index = of.sets.findIndex((set) => set.join() === wanted)
  if (index < 0) throw new RangeError('no such set')
  return index
}

/**
 * f_A(party) for the set A with this index, where f_A has degree t, f_A(0) = 1 and f_A(i) = 0 for all
 * i outside A. A CNF sharing x = sum x_A gives the Shamir share sum x_A * f_A(party) (CDI05).
 */
export function setCoefficient(of: Committee, setIndex: number, party: number): bigint {
  const set = setAt(of, setIndex)
  const outside = parties(of).filter((i) => !set.includes(i))
  // The Lagrange basis polynomial of the point 0 among 0 and the parties outside A.
  return lagrange([0, ...outside], party)[0]!
}

/**
 * The party that computes x_A & y_B, for ordered pairs of set indices; always a member of both.
 *
 * Among the members of A cap B it is the one from which the gaps to the next members, going around
 * the circle, are lexicographically smallest. The rule turns with the circle and n is prime, so the
 * choice is unique and every party owns the same number of pairs: 3, 20, 175.
 */
export function productOwner(of: Committee, a: number, b: number): number {
  const second = setAt(of, b)
  const common = setAt(of, a).filter((i) => second.includes(i))
  let best = common[0]!
  let bestGaps: readonly number[] | undefined
  for (const start of common) {
    const at = common.indexOf(start)
    const gaps = common.map((_, k) => {
      const from = common[(at + k) % common.length]!
      const to = common[(at + k + 1) % common.length]!
      return (to - from + of.n) % of.n || of.n
    })
    if (bestGaps === undefined || lexicographicallyBelow(gaps, bestGaps)) {
      best = start
      bestGaps = gaps
    }
  }
  return best
}

const rowsOf = new Map<Committee, readonly (readonly ProductRow[])[]>()

/**
 * All products that `party` owns, grouped: its part of z = x & y is the XOR over the rows of
 * x[left] & (XOR of y[right]). Positions count within the party's held components.
 */
export function productRows(of: Committee, party: number): readonly ProductRow[] {
  let all = rowsOf.get(of)
  if (all === undefined) {
    all = of.held.map((held, i) =>
      held
        .map((a, left) => ({
          left,
          right: held.flatMap((b, right) => (productOwner(of, a, b) === i + 1 ? [right] : [])),
        }))
        .filter((row) => row.right.length > 0),
    )
    rowsOf.set(of, all)
  }
  const rows = all[party - 1]
  if (rows === undefined) throw new RangeError(`no party ${party} in a committee of ${of.n}`)
  return rows
}

/**
 * The parties with which `party` exchanges pads for a zero sharing: its neighbours in the Harary graph
 * H_{t+1,n}, which stays connected without any t parties (models/core.py). Ascending.
 */
export function zeroPeers(of: Committee, party: number): number[] {
  const { n, t } = of
  const degree = t + 1
  const steps = Array.from({ length: degree >> 1 }, (_, i) => i + 1)
  const peers = new Set<number>()
  for (const step of steps) {
    peers.add(cyclic(of, party + step))
    peers.add(cyclic(of, party - step))
  }
  // An odd degree at odd n: chords {i, i + (n-1)/2} from the first (n+1)/2 parties.
  if (degree % 2 === 1) {
    for (let i = 1; i <= (n + 1) / 2; i++) {
      const far = cyclic(of, i + (n - 1) / 2)
      if (i === party) peers.add(far)
      if (far === party) peers.add(i)
    }
  }
  return [...peers].toSorted((a, b) => a - b)
}

function makeCommittee(n: CommitteeSize): Committee {
  const t = (n - 1) / 2
  const sets = subsets(n, n - t)
  const all = Array.from({ length: n }, (_, i) => i + 1)
  const around = (value: number): number => ((((value - 1) % n) + n) % n) + 1
  const held = all.map((party) =>
    sets.flatMap((set, index) => (set.includes(party) ? [index] : [])),
  )
  const correction = all.map((party) => {
    const wanted = Array.from({ length: t + 1 }, (_, k) => around(party - k))
    return sets.findIndex((set) => wanted.every((member) => set.includes(member)))
  })
  const prgReceivers = all.map((party) =>
    Array.from({ length: t }, (_, k) => around(party + 1 + k)),
  )
  return Object.freeze({
    n,
    t,
    sets: freezeRows(sets),
    held: freezeRows(held),
    correction: Object.freeze(correction),
    prgReceivers: freezeRows(prgReceivers),
  })
}

/** All ascending `size`-subsets of 1..n, in lexicographic order. */
function subsets(n: number, size: number, from = 1): number[][] {
  if (size === 0) return [[]]
  const out: number[][] = []
  for (let first = from; first <= n - size + 1; first++) {
    for (const rest of subsets(n, size - 1, first + 1)) out.push([first, ...rest])
  }
  return out
}

function freezeRows(rows: number[][]): readonly (readonly number[])[] {
  return Object.freeze(rows.map((row) => Object.freeze(row)))
}

function lexicographicallyBelow(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i])
  return at >= 0 && a[at]! < b[at]!
}
