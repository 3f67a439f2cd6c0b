/**
 * The public keys that a querier checks everything against, from its own copy of the topology, never
 * from the coordinator. Plain data, so that a browser can hold it.
 */
import { renameVerifierKey } from '../../protocol/ledger/note.ts'
import type { CommitteeSize } from '../../shares/committee.ts'

export interface NetworkKeys {
  /** Name of the ledger. */
  readonly origin: string
  readonly coordinator: string
  /** vkey by repository name */
  readonly repositories: ReadonlyMap<string, string>
  /** Party 1 first. */
  readonly mpcNodes: readonly string[]
}

interface Named {
  readonly name: string
  readonly vkey: string
}

/** The part of a topology (node/topology.ts) that has the keys. */
export interface KeyedTopology {
  readonly origin: string
  readonly coordinator: Named
  readonly repositories: readonly Named[]
  readonly mpcNodes: readonly Named[]
}

export function networkKeys(topology: KeyedTopology): NetworkKeys {
  return {
    origin: topology.origin,
    coordinator: topology.coordinator.vkey,
    repositories: new Map(topology.repositories.map(({ name, vkey }) => [name, vkey])),
    mpcNodes: topology.mpcNodes.map(({ vkey }) => vkey),
  }
}

/** The key that signs the ledger's checkpoints: the coordinator's, under the ledger's name. */
export function ledgerKey({ coordinator, origin }: NetworkKeys): string {
  return renameVerifierKey(coordinator, origin)
}

/** @throws RangeError if there are not 3, 5 or 7 MPC nodes */
export function sizeOf({ mpcNodes }: NetworkKeys): CommitteeSize {
  const n = mpcNodes.length
  if (n !== 3 && n !== 5 && n !== 7) throw new RangeError('a committee has 3, 5 or 7 nodes')
  return n
}
