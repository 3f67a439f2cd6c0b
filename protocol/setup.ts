/**
 * Agreement on the keys of one job attempt: one per CNF set (for pseudo-random secret sharing, CDI05)
 * and one per pair of parties (protocol.md A1).
 *
 * The first member of each set, and the lower party of each pair, draws the key and sends it over the
 * authenticated confidential channel. Then every two parties compare a hash of all keys that both
 * hold: otherwise a corrupt leader could hand different keys to honest members and split them. Secure
 * against t parties: every set without corrupt members has a key that they know nothing of.
 * Cost: 2 rounds, 32 bytes per key and member, 32 bytes per ordered pair.
 */
import { sha256 } from '@noble/hashes/sha2.js'

import { type Committee, parties } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { sameBytes } from '../shares/hash.ts'
import type { Rng } from '../shares/random.ts'

import { CONTEXT_BYTES, type MasterKeys } from './job-context.ts'
import type { Channel, Tag } from './party.ts'
import { encodeTuple } from './tuple.ts'

/** Operator number of setup messages: no plan has that many operators, and 0xffffffff is a farewell (wire/round-message.ts). */
export const SETUP_OP = 0xffff_fffe

const KEYS: Tag = { op: SETUP_OP, batch: 0, step: 0 }
const HASHES: Tag = { op: SETUP_OP, batch: 0, step: 1 }

/**
 * Agrees on all keys of party `index`.
 * @param session public bytes that name the job attempt, the same at all parties
 * @param rng fresh randomness
 * @throws ShareholdError SH_PROTOCOL_SETUP if keys differ: either end, or the leader of a set, is at fault
 */
export async function agreeOnKeys(
  committee: Committee,
  index: number,
  channel: Channel,
  session: Uint8Array,
  rng: Rng,
): Promise<MasterKeys> {
  const sets = new Map<number, Uint8Array>()
  const pairs = new Map<number, Uint8Array>()
  const peers = parties(committee).filter((peer) => peer !== index)

  for (const setIndex of setsLedBy(committee, index)) sets.set(setIndex, drawKey(rng))
  for (const peer of peers) if (index < peer) pairs.set(peer, drawKey(rng))

  await Promise.all(
    peers.map(async (peer) => {
      const keys = ledSetsWith(committee, index, peer).map((setIndex) => sets.get(setIndex)!)
      if (index < peer) keys.push(pairs.get(peer)!)
      if (keys.length > 0) await channel.send(peer, KEYS, concatenate(keys))
    }),
  )
  await Promise.all(
    peers.map(async (peer) => {
      const led = ledSetsWith(committee, peer, index)
      const count = led.length + (peer < index ? 1 : 0)
      if (count === 0) return
      const keys = await channel.receive(peer, KEYS, count * CONTEXT_BYTES)
      const keyAt = (k: number): Uint8Array =>
        keys.slice(k * CONTEXT_BYTES, (k + 1) * CONTEXT_BYTES)
      led.forEach((setIndex, k) => sets.set(setIndex, keyAt(k)))
      if (peer < index) pairs.set(peer, keyAt(led.length))
    }),
  )

  // H(all common keys || session), with the sender's number so that it cannot be reflected.
  const digest = (from: number, peer: number): Uint8Array => {
    const common = committee.sets.flatMap((set, setIndex) =>
      set.includes(index) && set.includes(peer) ? [sets.get(setIndex)!] : [],
    )
    return sha256(encodeTuple(['sharehold/setup/v1', session, from, ...common, pairs.get(peer)!]))
  }
  await Promise.all(peers.map((peer) => channel.send(peer, HASHES, digest(index, peer))))
  await Promise.all(
    peers.map(async (peer) => {
      const theirs = await channel.receive(peer, HASHES, CONTEXT_BYTES)
      if (!sameBytes(theirs, digest(peer, peer))) {
        throw new ShareholdError(
          'SH_PROTOCOL_SETUP',
          `Parties ${index} and ${peer} were given different keys.`,
          {
            hint: 'One of the two, or a leader of a set with both, is at fault: nobody can be named.',
          },
        )
      }
    }),
  )
  return { committee, index, sets, pairs }
}

/** Sets whose first member is `leader`. */
function setsLedBy(committee: Committee, leader: number): number[] {
  return committee.sets.flatMap((set, setIndex) => (set[0] === leader ? [setIndex] : []))
}

function ledSetsWith(committee: Committee, leader: number, member: number): number[] {
  return setsLedBy(committee, leader).filter((setIndex) =>
    committee.sets[setIndex]!.includes(member),
  )
}

function drawKey(rng: Rng): Uint8Array {
  const key = new Uint8Array(CONTEXT_BYTES)
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- no array
  rng.fill(key)
  return key
}

function concatenate(keys: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(keys.length * CONTEXT_BYTES)
  keys.forEach((key, k) => out.set(key, k * CONTEXT_BYTES))
  return out
}
