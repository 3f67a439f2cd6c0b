/**
 * Shamir sharing of vectors over F_p: degree t among n = 2t+1 parties, share i = f(i), secret f(0).
 *
 * Any t shares are uniform and independent of the secret; t+1 determine it (Shamir, CACM 1979). All
 * n shares of honest dealers lie on one polynomial of degree t, which `reconstruct` checks.
 *
 * Dealing is PRG-compressed: t parties' shares are pseudo-random and the others are interpolated, so
 * a dealer who shares a key with t receivers sends only n-t vectors (protocol.md A2). Costs: t
 * pseudo-random vectors and (n-t)(t+1) multiplications per element.
 */
import { type Committee, parties } from './committee.ts'
import { ShareholdError } from './errors.ts'
import { type Arena, type FpVector, newArena, viewFp } from './field/memory.ts'
import { lagrange } from './field/scalar.ts'
import { combine, equal, isCanonical, maskWords } from './field/vector.ts'
import type { Rng } from './random.ts'

declare const shamirShare: unique symbol

/** One party's degree-t share of a vector. A vector, but not an opened value: a type of its own. */
export interface ShamirShare extends FpVector {
  readonly [shamirShare]: true
}

/** A share and whose it is. */
export interface HeldShare {
  readonly party: number
  readonly share: ShamirShare
}

/** Marks a vector as a share. Only for code that computes or receives shares. */
export function asShamirShare(vector: FpVector): ShamirShare {
  return vector as ShamirShare
}

/**
 * Splits a secret vector into n shares, in the order of parties.
 * @param arena owns the shares
 * @param secret canonical elements
 */
export function split(arena: Arena, secret: FpVector, of: Committee, rng: Rng): ShamirShare[] {
  const receivers = parties(of).slice(0, of.t)
  const random = receivers.map(() => {
    const vector = arena.elements(secret.length)
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array
    rng.fill(viewFp(vector))
    maskWords(vector)
    return vector
  })
  const rest = dealRest(arena, secret, of, receivers, random)
  return [...random.map(asShamirShare), ...rest.map((held) => held.share)]
}

/**
 * The dealer's side of PRG-compressed sharing: given the t receivers' pseudo-random shares, the
 * shares of the n-t other parties, ascending by party.
 * @param arena owns the result
 * @param receivers t distinct parties
 * @param random their shares, uniform, in the same order
 * @throws RangeError if the counts or lengths are wrong
 */
export function dealRest(
  arena: Arena,
  secret: FpVector,
  of: Committee,
  receivers: readonly number[],
  random: readonly FpVector[],
): HeldShare[] {
  if (receivers.length !== of.t || random.length !== of.t) {
    throw new RangeError(`dealing takes exactly ${of.t} receivers with a share each`)
  }
  const points = [0, ...receivers]
  const known = [secret, ...random]
  return parties(of)
    .filter((party) => !receivers.includes(party))
    .map((party) => {
      const share = arena.elements(secret.length)
      combine(share, known, lagrange(points, party))
      return { party, share: asShamirShare(share) }
    })
}

/**
 * The secret vector from t+1 to n shares, after checking that all given shares agree. With exactly
 * t+1 shares there is nothing to check: any t+1 vectors lie on some polynomial.
 * @param arena owns the result
 * @throws ShareholdError SH_SHARE_TOO_FEW, or SH_SHARE_INCONSISTENT as `checkConsistent`
 */
export function reconstruct(arena: Arena, of: Committee, shares: readonly HeldShare[]): FpVector {
  checkConsistent(of, shares)
  const base = shares.slice(0, of.t + 1)
  const secret = arena.elements(base[0]!.share.length)
  combine(
    secret,
    base.map((held) => held.share),
    lagrange(
      base.map((held) => held.party),
      0,
    ),
  )
  return secret
}

/**
 * Checks that shares are canonical and lie on one polynomial of degree t.
 *
 * Whom it blames: a party whose share is not canonical; otherwise a party without which all others
 * agree, if at least t+2 others remain and it is the only such party. That points at the fault if a
 * single share is wrong (a disk, a bug), needs n >= 5, and is never possible at n = 3: two good
 * shares lie on a line with any third. It is no proof against malice: at n = 5 two colluding parties
 * can make an honest third look wrong. Shares checked against signed commitments (commit.ts) can be
 * blamed one by one.
 *
 * @throws ShareholdError SH_SHARE_TOO_FEW with fewer than t+1 shares; SH_SHARE_INCONSISTENT
 * @throws RangeError if a party is given twice or does not exist, or if lengths differ
 */
export function checkConsistent(of: Committee, shares: readonly HeldShare[]): void {
  checkParties(of, shares)
  for (const { party, share } of shares) {
    if (!isCanonical(share)) {
      throw new ShareholdError(
        'SH_SHARE_INCONSISTENT',
        `the share of party ${party} has elements that are not below the field's order`,
        { party: String(party) },
      )
    }
  }
  if (liesOnPolynomial(of, shares)) return
  const suspects = shares.filter(
    (suspect) =>
      shares.length >= of.t + 3 &&
      liesOnPolynomial(
        of,
        shares.filter((held) => held !== suspect),
      ),
  )
  const [suspect] = suspects
  const message = `the shares of parties ${shares.map((held) => held.party).join(', ')} do not lie on one polynomial of degree ${of.t}`
  if (suspects.length !== 1 || suspect === undefined) {
    throw new ShareholdError('SH_SHARE_INCONSISTENT', message, {
      hint: 'Which share is wrong cannot be told from the shares: check each against its commitment.',
    })
  }
  throw new ShareholdError(
    'SH_SHARE_INCONSISTENT',
    `${message}; without party ${suspect.party} they do`,
    {
      party: String(suspect.party),
      hint: 'That names the party if only one share is wrong; colluding parties can frame another.',
    },
  )
}

/** Whether every share beyond the first t+1 is the value of the polynomial through those. */
function liesOnPolynomial(of: Committee, shares: readonly HeldShare[]): boolean {
  const base = shares.slice(0, of.t + 1)
  const points = base.map((held) => held.party)
  const vectors = base.map((held) => held.share)
  const scratch = newArena({ wipe: true })
  try {
    const expected = scratch.elements(vectors[0]!.length)
    return shares.slice(of.t + 1).every(({ party, share }) => {
      combine(expected, vectors, lagrange(points, party))
      return equal(expected, share)
    })
  } finally {
    scratch.release()
  }
}

function checkParties(of: Committee, shares: readonly HeldShare[]): void {
  const given = new Set(shares.map((held) => held.party))
  if (given.size !== shares.length) throw new RangeError('a party is given twice')
  if (shares.some(({ party }) => !parties(of).includes(party))) {
    throw new RangeError(`no such party in a committee of ${of.n}`)
  }
  if (shares.length <= of.t) {
    throw new ShareholdError(
      'SH_SHARE_TOO_FEW',
      `${shares.length} shares were given where ${of.t + 1} are needed`,
    )
  }
}
