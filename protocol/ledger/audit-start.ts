/**
 * Checks of an attempt's beginning: who asked for what, and that what the coordinator announced follows
 * from it (ledger.md F, auditor check 2).
 */
import { committee } from '../../shares/committee.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Hash } from '../../shares/hash.ts'
import type { Schema } from '../../shares/schema.ts'
import { storedDatasets } from '../beside.ts'
import type { Plan, PlanParams } from '../plan.ts'
import { PLANNER_VERSION } from '../sql/planner-version.ts'

import { type FoundStart, same } from './audit-attempt.ts'
import { type Catalogue, versionKey } from './audit-datasets.ts'
import { Finding } from './audit-report.ts'
import { parseVerifierKey } from './note.ts'
import { type Hex32, inputRoots, jsonHash, type JobStartBody, noteHash } from './records.ts'

/** Makes the plan again (protocol/sql). @param schemas of the datasets of params */
export type CompilePlan = (
  sql: string,
  schemas: readonly Schema[],
  params: PlanParams,
) => Plan | Promise<Plan>

/** What has been seen of earlier attempts, to notice replays. */
export interface History {
  readonly jobOfRequest: Map<Hex32, string>
  readonly requestOfJob: Map<string, Hex32>
  /** Request by the nonce inside it. */
  readonly requestOfNonce: Map<Hex32, Hex32>
  /** Last attempt of each job, and whether it completed. */
  readonly last: Map<string, { readonly attempt: number; readonly completed: boolean }>
}

/** That the request is the one announced, in time, new, and about what the ledger has. */
export function checkRequest(
  { seq, body, request: { body: request, querier } }: FoundStart,
  catalogue: Catalogue,
  history: History,
): string {
  if (noteHash(body.requestNote) !== body.request) {
    throw new Finding('The request has another hash.')
  }
  if (body.time > request.expiry) throw new Finding('It was started after the request expired.')
  if ((history.jobOfRequest.get(body.request) ?? body.job) !== body.job) {
    throw new Finding('The same request was run as another job.')
  }
  if ((history.requestOfJob.get(body.job) ?? body.request) !== body.request) {
    throw new Finding('An earlier attempt of this job had another request.')
  }
  if ((history.requestOfNonce.get(request.nonce) ?? body.request) !== body.request) {
    throw new Finding('Another request had the same nonce.')
  }
  for (const { name, version, schemaHash, versionNote } of request.datasets) {
    const found = catalogue.versions.get(versionKey(name, version))
    if (found === undefined || found.seq > seq || found.body.schemaHash !== schemaHash) {
      throw new Finding(`There was no version ${version} of ${name} with the requested schema.`)
    }
    if (found.hash !== versionNote) {
      throw new Finding(`The version ${version} of ${name} that was asked for is another one.`)
    }
    const purposes = catalogue.schemas.get(schemaHash)?.schema.purposes ?? []
    if (!purposes.includes(request.purpose)) {
      throw new Finding(`The schema of ${name} does not admit the purpose.`)
    }
  }
  return `by ${parseVerifierKey(querier).name}`
}

/**
 * That committee, inputs and planParams are those of the topology and of the requested versions.
 *
 * @param mpcNodes verifier keys, node 1 first
 */
export function checkStart(
  { body, request }: FoundStart,
  mpcNodes: readonly string[],
  catalogue: Catalogue,
  hash: Hash,
): string {
  const members = mpcNodes.map((vkey, at) => ({ i: at + 1, vkey }))
  same(body.committee, members, 'The committee is not that of the topology.')
  const { n, t, sets } = committee(mpcNodes.length)
  same(body.planParams.committee, { n, t }, 'planParams name another committee.')
  if (jsonHash(body.planParams) !== body.params) throw new Finding('planParams have another hash.')
  if (body.keys.length !== sets.length || body.nonces.length !== n) {
    throw new Finding('A key commitment or a nonce is missing.')
  }
  const announced = body.inputs.map(({ dataset, version }) => versionKey(dataset, version))
  const asked = request.body.datasets.map(({ name, version }) => versionKey(name, version))
  same(announced, asked, 'The inputs are not the requested versions.')
  checkInputs(body, catalogue, hash)
  return `${n} nodes, ${body.inputs.map(({ dataset, version }) => `${dataset} v${version}`).join(', ')}`
}

function checkInputs({ inputs, planParams }: JobStartBody, catalogue: Catalogue, hash: Hash): void {
  const described = inputs.map(({ dataset, version, roots }) => {
    const found = catalogue.versions.get(versionKey(dataset, version))
    if (found === undefined) throw new Finding(`There is no version ${version} of ${dataset}.`)
    same(roots, inputRoots(found.body, hash), `The roots of ${dataset} are others.`)
    const { parts, rowsPerMember } = found.body
    const chunks = parts.flatMap((part) => part.chunks)
    return { name: dataset, version, chunks, rowsPerMember }
  })
  // Which of the joined ones have lanes follows from the query: compiling checks that.
  const stated = storedDatasets(planParams).map(({ name, version, chunks, rowsPerMember }) => ({
    name,
    version,
    chunks,
    rowsPerMember,
  }))
  same(stated, described, 'planParams describe other dataset versions than the inputs.')
}

/** The plan as made again, which has the announced hash. */
export async function remakePlan(
  { body, request }: FoundStart,
  catalogue: Catalogue,
  compile: CompilePlan,
): Promise<Plan> {
  const described = storedDatasets(body.planParams).map(({ name }) => name)
  const wanted = request.body.datasets.map(({ name }) => name)
  same(described, wanted, 'planParams describe other datasets than the request.')
  const schemas = request.body.datasets.map(({ schemaHash }) => {
    const schema = catalogue.schemas.get(schemaHash)?.schema
    if (schema === undefined) throw new Finding('A schema is not in the ledger.')
    return schema
  })
  const { planner = 1 } = body
  const own = planner === PLANNER_VERSION
  try {
    const plan = await compile(request.body.sql, schemas, body.planParams)
    if (jsonHash(plan) === body.plan) return plan
  } catch (error) {
    if (own) throw error
  }
  if (own) throw new Finding('It compiles to a plan with another hash.')
  // Not confirmed all the same: who wants a plan to go unchecked could write any version there.
  throw new ShareholdError(
    'SH_AUDIT_PLANNER',
    `It was planned by planner version ${planner}; this is version ${PLANNER_VERSION}, which makes another plan of it, ` +
      'or none. Audit this entry with a release that has that planner.',
  )
}
