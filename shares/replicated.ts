/**
 * Replicated (CNF) sharing of bit-planes over F_2: x = XOR over all sets A with |A| = n-t of x_A, and
 * every member of A holds x_A. For n = 3, 5, 7 there are 3, 10, 35 components, of which a party holds
 * 2, 6, 20.
 *
 * Any t parties miss the component of the set that none of them is in, which is uniform: they learn
 * nothing. Any t+1 parties hold all components (Ito, Saito, Nishizeki 1987; CDI05).
 * Costs one pseudo-random plane for each component but one.
 */
import { copy, equal, xor, zero } from './bits/plane.ts'
import { type Committee, heldBy, setAt } from './committee.ts'
import { ShareholdError } from './errors.ts'
import { type Arena, type Block, view } from './field/memory.ts'
import type { Rng } from './random.ts'

declare const bitShare: unique symbol

/**
 * One party's share of a plane (or of several planes on end): its held components, contiguous,
 * component-major, in the order of `committee.held[party-1]`.
 */
export interface BitShare {
  readonly ptr: number
  /** Bytes of ONE component. The whole share takes components * bytes. */
  readonly bytes: number
  /** 2, 6, 20 for n = 3, 5, 7. */
  readonly components: number
  readonly [bitShare]: true
}

/** A share and whose it is. */
export interface HeldBits {
  readonly party: number
  readonly share: BitShare
}

/** Held components per party: C(n-1, t). */
export function componentCount(of: Committee): number {
  return of.held[0]!.length
}

/**
 * An uninitialised share of a plane of `bytes` bytes. Components are 16-byte aligned if `bytes` is a
 * multiple of 16.
 */
export function newBitShare(arena: Arena, of: Committee, bytes: number): BitShare {
  const components = componentCount(of)
  return asBitShare(arena.bytes(bytes * components), components)
}

/**
 * Marks a block as a share. Only for code that computes or receives shares.
 * @throws RangeError if the block is no whole number of components
 */
export function asBitShare(block: Block, components: number): BitShare {
  if (block.bytes % components !== 0) throw new RangeError('the components differ in length')
  return { ptr: block.ptr, bytes: block.bytes / components, components } as BitShare
}

/** Component number `position` (as in `committee.held`), sharing the share's memory. */
export function component(share: BitShare, position: number): Block {
  if (!Number.isInteger(position) || position < 0 || position >= share.components) {
    throw new RangeError(`no component ${position} of ${share.components}`)
  }
  return { ptr: share.ptr + position * share.bytes, bytes: share.bytes }
}

/** All components on end, as they are stored and sent. */
export function wholeBlock(share: BitShare): Block {
  return { ptr: share.ptr, bytes: share.bytes * share.components }
}

/**
 * Splits a plane into n shares, in the order of parties.
 * @param arena owns the shares
 */
export function split(arena: Arena, plane: Block, of: Committee, rng: Rng): BitShare[] {
  const scratch = arena.child({ wipe: true })
  try {
    const last = of.sets.length - 1
    const correction = scratch.bytes(plane.bytes)
    copy(correction, plane)
    const components = of.sets.map((_, index) => {
      if (index === last) return correction
      const random = scratch.bytes(plane.bytes)
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array
      rng.fill(view(random))
      xor(correction, correction, random)
      return random
    })
    return of.held.map((held) => {
      const share = newBitShare(arena, of, plane.bytes)
      held.forEach((setIndex, position) => copy(component(share, position), components[setIndex]!))
      return share
    })
  } finally {
    scratch.release()
  }
}

/**
 * The plane from t+1 to n shares, after checking that all copies of every component agree. Exactly
 * t+1 shares hold components of which there is one copy only: those are taken as they are.
 * @param arena owns the result
 * @throws ShareholdError SH_SHARE_TOO_FEW, or SH_SHARE_INCONSISTENT as `checkConsistent`
 */
export function reconstruct(arena: Arena, of: Committee, shares: readonly HeldBits[]): Block {
  checkConsistent(of, shares)
  const plane = arena.bytes(shares[0]!.share.bytes)
  zero(plane)
  of.sets.forEach((_, setIndex) => xor(plane, plane, copiesOf(of, shares, setIndex)[0]!.copy))
  return plane
}

/**
 * Checks that all copies of every component agree.
 *
 * Whom it blames: the one party whose copies differ wherever copies differ, while at least two other
 * copies agree with each other. As in shamir.ts that points at the fault if a single share is wrong,
 * is never possible at n = 3 (two copies of each component), and is no proof against collusion.
 *
 * @throws ShareholdError SH_SHARE_TOO_FEW if a component is missing; SH_SHARE_INCONSISTENT
 * @throws RangeError if a party is given twice or does not exist, or if lengths differ
 */
export function checkConsistent(of: Committee, shares: readonly HeldBits[]): void {
  checkParties(of, shares)
  const differing = of.sets
    .map((_, setIndex) => ({ setIndex, copies: copiesOf(of, shares, setIndex) }))
    .filter(({ copies }) => copies.some(({ copy: other }) => !equal(other, copies[0]!.copy)))
  if (differing.length === 0) return
  const suspects = shares.filter((suspect) =>
    differing.every(({ copies }) => {
      const others = copies.filter(({ party }) => party !== suspect.party)
      return (
        others.length >= 2 &&
        others.length < copies.length &&
        others.every(({ copy: other }) => equal(other, others[0]!.copy))
      )
    }),
  )
  const sets = differing.map(({ setIndex }) => `{${setAt(of, setIndex).join(',')}}`).join(', ')
  const message = `copies of the same component differ between the parties of ${sets}`
  const [suspect] = suspects
  if (suspects.length !== 1 || suspect === undefined) {
    throw new ShareholdError('SH_SHARE_INCONSISTENT', message, {
      hint: 'Which copy is wrong cannot be told from the shares: check each against its commitment.',
    })
  }
  throw new ShareholdError(
    'SH_SHARE_INCONSISTENT',
    `${message}; without party ${suspect.party} none do`,
    {
      party: String(suspect.party),
      hint: 'That names the party if only one share is wrong; colluding parties can frame another.',
    },
  )
}

interface Copy {
  readonly party: number
  readonly copy: Block
}

/** The copies of one component among the given shares. */
function copiesOf(of: Committee, shares: readonly HeldBits[], setIndex: number): Copy[] {
  return shares.flatMap(({ party, share }) => {
    const position = heldBy(of, party).indexOf(setIndex)
    return position < 0 ? [] : [{ party, copy: component(share, position) }]
  })
}

function checkParties(of: Committee, shares: readonly HeldBits[]): void {
  const given = new Set(shares.map((held) => held.party))
  if (given.size !== shares.length) throw new RangeError('a party is given twice')
  for (const { party, share } of shares) {
    if (share.components !== heldBy(of, party).length) {
      throw new RangeError(`the share of party ${party} is of another committee`)
    }
  }
  if (shares.length <= of.t) {
    throw new ShareholdError(
      'SH_SHARE_TOO_FEW',
      `${shares.length} shares were given where ${of.t + 1} are needed`,
    )
  }
}
