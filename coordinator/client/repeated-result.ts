/**
 * A result that the querier has had before, delivered again: the same ciphertexts, opened with a result key that the
 * querier has kept. No node does anything. The coordinator finds it by its name (protocol/result-name.ts); whether it
 * is what was asked for, the querier checks by itself, as with any result.
 */
import { jobIdOf } from '../../protocol/admission.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import { parseSignerKey } from '../../protocol/ledger/note.ts'
import { jsonHash, openRecordOfAll } from '../../protocol/ledger/records.ts'
import type { JobRequestBody } from '../../protocol/ledger/records.ts'
import { resultName } from '../../protocol/result-name.ts'
import type { NamedRequest } from '../../protocol/result-name.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { JobResult } from '../api-types.ts'

import type { DatasetsView } from './dataset-view.ts'
import type { HttpClient } from './http-client.ts'
import type { NetworkKeys } from './network-keys.ts'
import { startOf, verifyResult } from './verify-result.ts'
import type { VerifiedResult } from './verify-result.ts'

export interface RepeatedOptions {
  readonly client: HttpClient
  readonly keys: NetworkKeys
  /** The querier's signer key text. */
  readonly skey: string
  readonly request: NamedRequest
  readonly planHash: string
  readonly view: DatasetsView
  readonly signal: AbortSignal | undefined
}

/**
 * A finished result of the same request.
 *
 * @returns undefined if the coordinator has none
 * @throws ShareholdError SH_RESULT_INVALID if it is of another request; SH_COORDINATOR_*
 */
export async function repeatedResult(
  options: RepeatedOptions,
): Promise<{ result: JobResult; verified: VerifiedResult } | undefined> {
  const { client, keys, skey, request, planHash, view, signal } = options
  const { vkey } = parseSignerKey(skey)
  const name = resultName(vkey, request, planHash, jsonHash(view.params))
  const result = await client.findResult(name, signal)
  if (result === undefined) return undefined
  const { requestNote } = startOf(result, keys)
  const asked = openOwn(requestNote, keys.origin, vkey)
  if (canonicalJson(named(asked)) !== canonicalJson(named(request))) {
    throw other('it answers another request')
  }
  const job = jobIdOf(requestNote)
  return { result, verified: verifyResult(result, { job, requestNote, planHash, view, keys }) }
}

const named = ({ purpose, datasets, resultKey, grant }: NamedRequest): NamedRequest => ({
  purpose,
  datasets,
  resultKey,
  grant,
})

function openOwn(note: string, origin: string, vkey: string): JobRequestBody {
  try {
    return openRecordOfAll(note, origin, 'job-request', [vkey])
  } catch (cause) {
    throw other('it answers a request that you have not signed', cause)
  }
}

function other(why: string, cause?: unknown): ShareholdError {
  return new ShareholdError(
    'SH_RESULT_INVALID',
    `The result that was delivered again is refused: ${why}.`,
    {
      hint: 'Ask without --result-key: then it is a new job.',
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
