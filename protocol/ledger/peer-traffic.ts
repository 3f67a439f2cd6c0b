/**
 * A node's transcript as its report says it: one row for every other node, in both directions, also
 * where nothing was sent (in passive mode a node sends to t others only).
 */
import { bytesToHex } from '@noble/hashes/utils.js'

import type { Hash } from '../../shares/hash.ts'
import { root } from '../../shares/merkle.ts'
import type { Transcript, TranscriptRow } from '../transcript.ts'

import type { PeerTraffic, Traffic } from './record-bodies.ts'

/**
 * The `peers` of a report.
 *
 * @param n size of the committee
 * @param index the reporting node, 1..n
 */
export function peerTraffic(
  transcript: Transcript,
  n: number,
  index: number,
  hash: Hash,
): PeerTraffic[] {
  const none: Traffic = { messages: 0, bytes: 0, root: bytesToHex(root([], hash)) }
  const of = (rows: readonly TranscriptRow[], peer: number): Traffic => {
    const row = rows.find((one) => one.peer === peer)
    if (row === undefined) return none
    return { messages: row.messages, bytes: row.bytes, root: bytesToHex(row.root) }
  }
  return Array.from({ length: n }, (_, i) => i + 1)
    .filter((peer) => peer !== index)
    .map((peer) => ({
      peer,
      sent: of(transcript.sent, peer),
      received: of(transcript.received, peer),
    }))
}
