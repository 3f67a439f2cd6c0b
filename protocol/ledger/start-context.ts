/**
 * The job context of the MPC committee, from nothing but a start note: for those who were not there,
 * the querier who opens the outputs and the auditor.
 */
import { hexBytes } from '../../shares/hex.ts'
import { jobContext } from '../job-context.ts'

import type { JobStartBody } from './record-bodies.ts'

/** 32 bytes. */
export function contextOfStart(start: JobStartBody): Uint8Array {
  return jobContext({
    signedQuery: new TextEncoder().encode(start.requestNote),
    planHash: hexBytes(start.plan),
    paramsHash: hexBytes(start.params),
    inputRoots: start.inputs.flatMap(({ roots }) => roots.map((root) => hexBytes(root))),
    committee: start.committee.map(({ vkey }) => vkey),
    attempt: start.attempt,
    nonces: start.nonces.map((nonce) => hexBytes(nonce)),
  })
}
