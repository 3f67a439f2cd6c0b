/**
 * What a node has measured of its lines to the other nodes of its committee, for predictions. Unsigned, and public: who
 * can reach the coordinator learns how far nodes are from each other. Plans never depend on it (network-model.ts).
 */
import { z } from 'zod'

import { canonicalJson } from './canonical-json.ts'

const PeerFigures = z.strictObject({
  /** Index in the committee. */
  peer: z.int().min(1).max(7),
  /** The shortest of several. */
  roundTripMicros: z.int().min(0),
  /** To the peer. */
  bytesPerSecond: z.int().min(1),
  /** When this was said. */
  ageMs: z.int().min(0),
})

/** Ascending by peer; those that could not be reached are missing. */
export const LinkFigures = z.array(PeerFigures).max(7).readonly()
export type LinkFigures = z.infer<typeof LinkFigures>

/** As one text, for a message. */
export function encodeLinks(figures: LinkFigures): string {
  return canonicalJson(figures)
}

/** @returns none if it is not such a text */
export function decodeLinks(text: string): LinkFigures {
  try {
    return LinkFigures.safeParse(JSON.parse(text)).data ?? []
  } catch {
    return []
  }
}
