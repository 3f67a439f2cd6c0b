/**
 * Re-sharing of Shamir vectors (Desmedt and Jajodia 1997; protocol.md 0.1): t+1 old parties each deal
 * lambda_i * s_i to the new committee with a fresh degree-t' sharing, and every new party adds up what
 * it got. The dealings are PRG-compressed: t' receivers get a 16-byte seed, the others their vector.
 *
 * Passive security: a dealer that deals a wrong value changes the result unseen (the degree check of
 * protocol.md E, in which all n deal, is for active security).
 */
import { type Committee, parties } from './committee.ts'
import { ShareholdError } from './errors.ts'
import { type Arena, type FpVector, newArena, viewFp } from './field/memory.ts'
import { lagrange } from './field/scalar.ts'
import { add, isCanonical, scale } from './field/vector.ts'
import { fillField, ONCE, type Prg, SEED_BYTES } from './prg.ts'
import { fieldDealers, fieldSeedReceivers, type ReshareBlock, type ReshareSeed } from './reshare.ts'
import { asShamirShare, dealRest, type ShamirShare } from './shamir.ts'

/**
 * The dealer's side.
 * @param dealer its number in the old committee
 * @param share its share of the block
 * @param seed asked for ('field', dealer, new party)
 * @returns the message for each new party; empty if this party does not deal this block
 */
export function dealField(
  from: Committee,
  to: Committee,
  dealer: number,
  share: ShamirShare,
  block: ReshareBlock,
  seed: ReshareSeed,
  prg: Prg,
): Map<number, Uint8Array> {
  const messages = new Map<number, Uint8Array>()
  const dealers = fieldDealers(from, block.rotation)
  const place = dealers.indexOf(dealer)
  if (place < 0) return messages
  const scratch = newArena({ wipe: true })
  try {
    const summand = scratch.elements(share.length)
    scale(summand, share, lagrange(dealers, 0)[place]!)
    const receivers = fieldSeedReceivers(to, dealer, block.rotation)
    const random = receivers.map((receiver) => {
      const key = seed('field', dealer, receiver, block.column, block.chunk)
      messages.set(receiver, key.slice())
      return expand(scratch, prg, key, share.length)
    })
    for (const dealt of dealRest(scratch, summand, to, receivers, random)) {
      messages.set(dealt.party, viewFp(dealt.share).slice())
    }
    return messages
  } finally {
    scratch.release()
  }
}

/**
 * The receiver's side: its share of the block in the new committee.
 * @param arena owns the result
 * @param receiver its number in the new committee
 * @param messages by number of the old party; those of the dealers are used
 * @throws ShareholdError SH_SHARE_TOO_FEW if a dealer's message is missing, SH_SHARE_INCONSISTENT if one
 *   is malformed, both naming the dealer
 */
export function receiveField(
  arena: Arena,
  from: Committee,
  to: Committee,
  receiver: number,
  rows: number,
  block: ReshareBlock,
  messages: ReadonlyMap<number, Uint8Array>,
  prg: Prg,
): ShamirShare {
  if (!parties(to).includes(receiver)) throw new RangeError(`no party ${receiver} in ${to.n}`)
  const scratch = arena.child({ wipe: true })
  try {
    const share = scratch.elements(rows)
    for (const [place, dealer] of fieldDealers(from, block.rotation).entries()) {
      const message = messages.get(dealer)
      if (message === undefined) {
        throw new ShareholdError('SH_SHARE_TOO_FEW', `dealer ${dealer} sent nothing`, {
          party: String(dealer),
        })
      }
      const seeded = fieldSeedReceivers(to, dealer, block.rotation).includes(receiver)
      if (message.length !== (seeded ? SEED_BYTES : rows * 8)) throw malformed(dealer)
      const dealt = place === 0 ? share : scratch.elements(rows)
      if (seeded) fillField(prg, message, ONCE, dealt)
      else viewFp(dealt).set(message)
      // What is drawn from a seed is canonical already.
      if (!seeded && !isCanonical(dealt)) throw malformed(dealer)
      if (dealt === share) continue
      add(share, share, dealt)
      scratch.free(dealt)
    }
    return asShamirShare(scratch.keep(share))
  } finally {
    scratch.release()
  }
}

function expand(arena: Arena, prg: Prg, key: Uint8Array, length: number): FpVector {
  const vector = arena.elements(length)
  fillField(prg, key, ONCE, vector)
  return vector
}

function malformed(dealer: number): ShareholdError {
  return new ShareholdError(
    'SH_SHARE_INCONSISTENT',
    `what dealer ${dealer} sent is no vector of that length below the field's order`,
    { party: String(dealer) },
  )
}
