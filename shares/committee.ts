/**
 * The combinatorics of a committee of n = 2t+1 parties: CNF sets, Lagrange coefficients, and the
 * public choices (who receives pseudo-random shares, which component takes a dealer's correction).
 * Parties are numbered 1..n; evaluation points are alpha_i = i.
 */
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
