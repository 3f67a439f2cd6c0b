/**
 * Dealing vectors over F_p: some parties each hold a vector, and everybody gets degree-t Shamir shares
 * of every one of them, or of their sum (protocol.md A2, "1-round").
 *
 * Dealer i's sharing is PRG-compressed: the t parties i+1..i+t derive their shares from the key they
 * have with i alone, and the rest is interpolated through those and the secret; i keeps its own and
 * sends the others, which are i-1..i-t. Secure against t semi-honest parties: of an honest dealer's
 * sharing they see t points, which are uniform. Nobody learns anything.
 * Cost: 1 round, t elements per dealer. Source: GRR98 re-sharing; the compression as in MP-SPDZ.
 */
import type { Arena, FpVector } from '../shares/field/memory.ts'
import { viewFp } from '../shares/field/memory.ts'
import { lagrange } from '../shares/field/scalar.ts'
import { add, combine } from '../shares/field/vector.ts'
import { fillField } from '../shares/prg.ts'
import { asShamirShare, type ShamirShare } from '../shares/shamir.ts'

import type { Party, Tag } from './party.ts'
import { exchangeField } from './round.ts'

/** The parties to which dealer i sends: i-1..i-t around the circle. */
export function dealtTo(party: Party, dealer: number): number[] {
  const { n, t } = party.committee
  return Array.from({ length: t }, (_, k) => ((dealer - 2 - k + n) % n) + 1)
}

export interface Dealing {
  readonly dealer: number
  /** Elements of its vector. */
  readonly length: number
}

/**
 * Shares the vector of every dealer.
 * @param arena owns the shares
 * @param dealings ascending by dealer
 * @param secret this party's vector; ignored if it is no dealer
 * @param spent called when the vector is not read any more
 * @returns one share per dealer, in their order
 * @throws ShareholdError SH_ROUND_*
 */
export async function dealEach(
  party: Party,
  arena: Arena,
  tag: Tag,
  dealings: readonly Dealing[],
  secret: FpVector | undefined,
  spent?: () => void,
): Promise<ShamirShare[]> {
  const { committee, index } = party
  const scratch = arena.child()
  try {
    const dealers = dealings.map(({ dealer }) => dealer)
    const own = dealers.includes(index) ? dealOwn(party, arena, scratch, tag, secret) : undefined
    spent?.()
    const senders = dealers.filter((dealer) => dealtTo(party, dealer).includes(index))
    const known = dealers.filter((dealer) => committee.prgReceivers[dealer - 1]!.includes(index))
    const shares = new Map<number, FpVector>()
    for (const { dealer, length } of dealings) {
      if (dealer !== index) shares.set(dealer, arena.elements(length))
    }
    await exchangeField(
      party,
      tag,
      (own?.sent ?? []).map(({ to, share }) => ({ to, payload: viewFp(share) })),
      senders,
      senders.map((dealer) => shares.get(dealer)!),
      () => {
        for (const dealer of known) {
          const key = party.keys.pair(dealer, 'deal', dealer)
          fillField(party.prg, key, tag, shares.get(dealer)!)
        }
      },
    )
    return dealers.map((dealer) =>
      dealer === index ? own!.kept : asShamirShare(shares.get(dealer)!),
    )
  } finally {
    scratch.release()
  }
}

/**
 * Shares the sum of the dealers' vectors: re-sharing if those are lambda_i times a sharing of any
 * degree below the number of dealers.
 * @param arena owns the share
 */
export async function dealSum(
  party: Party,
  arena: Arena,
  tag: Tag,
  dealers: readonly number[],
  length: number,
  secret: FpVector | undefined,
): Promise<ShamirShare> {
  const scratch = arena.child()
  try {
    const dealings = dealers.map((dealer) => ({ dealer, length }))
    const [first, ...others] = await dealEach(party, scratch, tag, dealings, secret)
    const sum = scratch.keep(first!)
    for (const share of others) add(sum, sum, share)
    return sum
  } finally {
    scratch.release()
  }
}

interface OwnDealing {
  readonly kept: ShamirShare
  readonly sent: readonly { readonly to: number; readonly share: FpVector }[]
}

/** The dealer's side. `kept` belongs to `arena`, the rest to `scratch`. */
function dealOwn(
  party: Party,
  arena: Arena,
  scratch: Arena,
  tag: Tag,
  secret: FpVector | undefined,
): OwnDealing {
  if (secret === undefined) throw new TypeError('a dealer needs a vector')
  const { committee, index } = party
  const receivers = committee.prgReceivers[index - 1]!
  const random = receivers.map((receiver) => {
    const share = scratch.elements(secret.length)
    fillField(party.prg, party.keys.pair(receiver, 'deal', index), tag, share)
    return share
  })
  const known = [secret, ...random]
  const shareFor = (owner: Arena, to: number): FpVector => {
    const share = owner.elements(secret.length)
    combine(share, known, lagrange([0, ...receivers], to))
    return share
  }
  const kept = asShamirShare(shareFor(arena, index))
  const sent = dealtTo(party, index).map((to) => ({ to, share: shareFor(scratch, to) }))
  for (const share of random) scratch.free(share) // before there is room for what comes
  return { kept, sent }
}
