/**
 * The context of one attempt of a job, and the keys that live only in it (protocol.md 0.2).
 *
 * jobContext hashes everything that makes an attempt what it is, fresh nonces of all nodes included;
 * every key is derived from a master key with it as salt. So no two attempts, and no two uses within
 * one, ever share a pseudo-random pad, as long as one honest node draws a fresh nonce. Derivation is
 * HKDF-SHA256 (RFC 5869). Local; nobody learns anything.
 */
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'

import { type Committee, setAt } from '../shares/committee.ts'

import type { JobKeys, KeyUse } from './party.ts'
import { encodeTuple, type TuplePart } from './tuple.ts'

/** Bytes of a nonce, of a job context and of a master key. */
export const CONTEXT_BYTES = 32

/** Bytes of a derived AES-128 key. */
export const SUBKEY_BYTES = 16

export interface JobContextParts {
  /** The querier's signed note, verbatim. */
  readonly signedQuery: Uint8Array
  /** SHA-256 of the canonical plan. */
  readonly planHash: Uint8Array
  /** SHA-256 of the canonical planParams. */
  readonly paramsHash: Uint8Array
  /** Roots of the input dataset versions, share-node after share-node. */
  readonly inputRoots: readonly Uint8Array[]
  /** Verifier keys of the committee's nodes, party 1 first. */
  readonly committee: readonly string[]
  /** From 1. */
  readonly attempt: number
  /** 32 fresh bytes of each node, party 1 first. */
  readonly nonces: readonly Uint8Array[]
}

/**
 * SHA-256 over all parts in their order, unambiguously encoded.
 * @throws RangeError if there is not one 32-byte nonce per node, or the attempt is no u32
 */
export function jobContext(parts: JobContextParts): Uint8Array {
  const { committee, nonces } = parts
  if (
    nonces.length !== committee.length ||
    nonces.some((nonce) => nonce.length !== CONTEXT_BYTES)
  ) {
    throw new RangeError(`one nonce of ${CONTEXT_BYTES} bytes is needed from each node`)
  }
  return sha256(
    encodeTuple([
      'sharehold/job-context/v1',
      parts.signedQuery,
      parts.planHash,
      parts.paramsHash,
      encodeTuple(parts.inputRoots),
      encodeTuple(committee),
      parts.attempt,
      encodeTuple(nonces),
    ]),
  )
}

/** What one party got from setup.ts: 32 bytes each, unrelated to any job yet. */
export interface MasterKeys {
  readonly committee: Committee
  /** 1..n */
  readonly index: number
  /** Key of each set that holds this party, by index into committee.sets. */
  readonly sets: ReadonlyMap<number, Uint8Array>
  /** Key shared with exactly one other party, by its number. */
  readonly pairs: ReadonlyMap<number, Uint8Array>
}

/**
 * The keys of one attempt, derived when first asked for:
 *   k_job = HKDF(k, salt = jobContext, info = ("prss/v2", n, members of the set or pair)),
 *   subkey = HKDF(k_job, no salt, info = ("subkey/v1", use, dealer)).
 * @param context 32 bytes from `jobContext`
 */
export function deriveJobKeys(master: MasterKeys, context: Uint8Array): JobKeys {
  if (context.length !== CONTEXT_BYTES) throw new RangeError('a job context has 32 bytes')
  const { committee, index } = master
  const jobKey = (kind: TuplePart, members: readonly number[], key: Uint8Array): Uint8Array => {
    const info = encodeTuple(['prss/v2', committee.n, kind, ...members])
    return hkdf(sha256, key, context, info, CONTEXT_BYTES)
  }
  const setKeys = subkeys('set', (setIndex) => {
    const key = master.sets.get(setIndex)
    if (key === undefined) throw new RangeError(`party ${index} is not in set ${setIndex}`)
    return jobKey('set', setAt(committee, setIndex), key)
  })
  const pairKeys = subkeys('pair', (peer) => {
    const key = master.pairs.get(peer)
    if (key === undefined) throw new RangeError(`party ${index} has no key with party ${peer}`)
    return jobKey('pair', [Math.min(index, peer), Math.max(index, peer)], key)
  })
  return { set: setKeys, pair: pairKeys }
}

/**
 * What the ledger says about a set's key: a hash that binds the members to one key for this job and
 * tells nothing about it. All members compute the same.
 */
export function keyCommitment(
  master: MasterKeys,
  setIndex: number,
  context: Uint8Array,
): Uint8Array {
  const key = master.sets.get(setIndex)
  if (key === undefined) throw new RangeError(`party ${master.index} is not in set ${setIndex}`)
  const members = setAt(master.committee, setIndex)
  return sha256(encodeTuple(['sharehold/key/v1', context, master.committee.n, ...members, key]))
}

/** Derives each (owner, use, dealer) once and keeps it: it is asked for in every round. */
function subkeys(
  kind: string,
  jobKeyOf: (owner: number) => Uint8Array,
): (owner: number, use: KeyUse, dealer: number) => Uint8Array {
  const jobKeys = new Map<number, Uint8Array>()
  const known = new Map<KeyUse, Map<number, Uint8Array>[]>()
  return (owner, use, dealer) => {
    let subkey = known.get(use)?.[owner]?.get(dealer)
    if (subkey === undefined) {
      let jobKey = jobKeys.get(owner)
      if (jobKey === undefined) jobKeys.set(owner, (jobKey = jobKeyOf(owner)))
      const info = encodeTuple(['subkey/v1', kind, use, dealer])
      subkey = hkdf(sha256, jobKey, undefined, info, SUBKEY_BYTES)
      const ofUse = known.get(use) ?? []
      known.set(use, ofUse)
      ofUse[owner] = (ofUse[owner] ?? new Map<number, Uint8Array>()).set(dealer, subkey)
    }
    return subkey
  }
}
