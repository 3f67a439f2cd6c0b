/** What a prediction stands on: the slowest of the lines that the nodes have measured. */
import type { Basis } from '../../protocol/sql/explain.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { NetworkInfo } from '../api-types.ts'

import type { HttpClient } from './http-client.ts'

/**
 * Asks the coordinator. Hearsay, and so is the prediction; costs in rounds and bytes do not depend on it.
 * @returns undefined if it does not know all lines, or tells nothing of them: that is no reason to explain nothing
 * @throws the signal's reason
 */
export async function measuredBasis(
  client: HttpClient,
  signal?: AbortSignal,
): Promise<Basis | undefined> {
  try {
    return basisOf(await client.network(signal))
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ShareholdError) return undefined
    throw error
  }
}

/** @returns undefined unless every node has measured its line to every other */
export function basisOf({ nodes }: NetworkInfo): Basis | undefined {
  const lines = nodes.flatMap(({ peers }) => peers)
  if (nodes.length === 0 || lines.length !== nodes.length * (nodes.length - 1)) return undefined
  return {
    from: 'nodes',
    // A round is over when its slowest message is there.
    link: {
      roundTripMs: Math.max(...lines.map(({ roundTripMicros }) => roundTripMicros)) / 1000,
      megabits: Math.min(...lines.map(({ bytesPerSecond }) => bytesPerSecond)) / 125_000,
    },
    ageSeconds: Math.max(...lines.map(({ ageMs }) => ageMs)) / 1000,
  }
}
