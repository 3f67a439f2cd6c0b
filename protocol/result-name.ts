/**
 * What a sealed result is found by when it is asked for again: everything that it depends on. Who asks for the same with
 * the same key gets the same ciphertexts; if anything differs it is another name, and a new job.
 */
import { jsonHash } from './ledger/records.ts'
import type { Hex32, JobRequestBody } from './ledger/records.ts'

/** The part of a request that a result depends on: neither nonce nor expiry, nor the text of the SQL beside its plan. */
export type NamedRequest = Pick<JobRequestBody, 'purpose' | 'datasets' | 'resultKey' | 'grant'>

/**
 * The name of a result.
 *
 * @param querier vkey of who asked
 * @param plan its hash: another text that compiles to it asks for the same numbers
 * @param params hash of planParams
 */
export function resultName(
  querier: string,
  { purpose, datasets, resultKey, grant }: NamedRequest,
  plan: Hex32,
  params: Hex32,
): Hex32 {
  return jsonHash({ querier, purpose, datasets, resultKey, grant, plan, params })
}
