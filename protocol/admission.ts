/**
 * Admission of a job: everything that a node checks by itself before it takes part, so that the
 * coordinator need not be trusted with more than liveness. Signature, expiry, purpose, the pinned
 * schema and dataset version, planParams, and the plan, made again from the SQL.
 *
 * Against whom: a coordinator that invents, alters, replays late or re-plans queries. What it can
 * still do: delay, refuse, and order jobs. Nonces and attempts are the caller's to remember.
 */
import type { CommitteeSize } from '../shares/committee.ts'
import { committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import type { Hash } from '../shares/hash.ts'
import { parseSchema } from '../shares/parse-schema.ts'
import type { Schema } from '../shares/schema.ts'

import { storedDatasets } from './beside.ts'
import { canonicalJson, parseCanonicalJson } from './canonical-json.ts'
import { MAX_INSTANCES } from './join-rows.ts'
import {
  inputRoots,
  jsonHash,
  noteHash,
  openRecord,
  openRecordOfAll,
  peekRecord,
  schemaHash,
} from './ledger/records.ts'
import type { JobInput, JobRequestBody, VersionBody } from './ledger/records.ts'
import type { DatasetParams, PlanParams } from './plan.ts'
import { arrangeDatasets } from './sql/arrange.ts'
import type { ArrangedDatasets } from './sql/arrange.ts'
import { compile } from './sql/compile.ts'
import type { CompiledQuery } from './sql/compile.ts'
import { datasetsOf as datasetsInSql } from './sql/dataset.ts'
import { partsFault, repositoriesFault } from './unique-columns.ts'

/** Farther in the future than this an expiry is refused: nodes keep nonces until then. */
const LONGEST_LIFE_SECONDS = 24 * 3600
const MAX_CHUNKS_IN_FLIGHT = 256
const NETWORKS: readonly PlanParams['network'][] = ['loopback', 'lan', 'wan']

/** Public keys and sizes from the topology: never from the coordinator. */
export interface AdmissionKeys {
  readonly origin: string
  readonly queriers: readonly string[]
  /** vkey by repository name */
  readonly repositories: ReadonlyMap<string, string>
  /** Size of the MPC committee. */
  readonly n: CommitteeSize
}

/** What the coordinator proposes. */
export interface JobProposal {
  readonly job: string
  readonly requestNote: string
  /** Of the datasets of the request, in its order. */
  readonly schemaNotes: readonly string[]
  readonly versionNotes: readonly string[]
  /** Canonical JSON. */
  readonly planParams: string
  readonly planHash: string
}

/** A dataset of a job. */
export interface AdmittedDataset {
  readonly schema: Schema
  readonly version: VersionBody
  /** `noteHash` of the version's note. */
  readonly note: string
}

export interface AdmittedJob {
  readonly job: string
  readonly requestNote: string
  readonly request: JobRequestBody
  /** Who asks. */
  readonly querier: string
  /** In the order of planParams. */
  readonly datasets: readonly AdmittedDataset[]
  readonly params: PlanParams
  readonly paramsHash: string
  readonly compiled: CompiledQuery
  readonly inputs: readonly JobInput[]
}

/** A job is named by its request: 32 hex digits of the hash of the signed note. */
export const jobIdOf = (requestNote: string): string => noteHash(requestNote).slice(0, 32)

/** Rows of all chunks of a version, part after part. */
const chunksOf = (version: VersionBody): number[] => version.parts.flatMap((part) => part.chunks)

/** What planParams say of a version. */
export function datasetParams(version: VersionBody): DatasetParams {
  return {
    name: version.dataset,
    version: version.version,
    chunks: chunksOf(version),
    rowsPerMember: version.rowsPerMember,
  }
}

/** The planParams of a job. @param datasets arranged for its query (sql/arrange.ts) */
export function proposeParams(
  datasets: ArrangedDatasets,
  n: CommitteeSize,
  settings: Pick<PlanParams, 'chunksInFlight' | 'network'>,
): PlanParams {
  return {
    committee: { n, t: committee(n).t },
    security: 'passive',
    ...datasets,
    chunksInFlight: settings.chunksInFlight,
    network: settings.network,
  }
}

/**
 * A schema note that all of its repositories have signed, of a schema that keeps the rules.
 * @throws ShareholdError SH_AUTH_SCHEMA, SH_NOTE_*, SH_LEDGER_RECORD
 */
export function openSchema(
  note: string,
  keys: Pick<AdmissionKeys, 'origin' | 'repositories'>,
): { schema: Schema; repositories: readonly string[] } {
  const peeked = peekRecord(note, keys.origin)
  if (peeked.kind !== 'schema')
    throw refused('SH_AUTH_SCHEMA', 'The schema note is of another kind.')
  const vkeys = peeked.body.repositories.map((name) => {
    const vkey = keys.repositories.get(name)
    if (vkey === undefined) {
      throw refused('SH_AUTH_SCHEMA', `The schema names a repository "${name}" that is not ours.`)
    }
    return vkey
  })
  const signed = openRecordOfAll(note, keys.origin, 'schema', vkeys)
  checkRules(signed.schema)
  const fault = repositoriesFault(signed.schema, signed.repositories)
  if (fault !== undefined) throw refused('SH_AUTH_SCHEMA', fault)
  return signed
}

/** The record's own check is of form only; planner and encoders rely on the rules of a schema. */
function checkRules(schema: Schema): void {
  let hash: string
  try {
    hash = schemaHash(parseSchema(schema))
  } catch (cause) {
    if (!(cause instanceof ShareholdError)) throw cause
    throw new ShareholdError('SH_AUTH_SCHEMA', `The signed schema is none: ${cause.message}.`, {
      cause,
    })
  }
  // Nothing was filled in, so what was signed is what is used.
  if (hash !== schemaHash(schema)) {
    throw refused('SH_AUTH_SCHEMA', 'The signed schema is not complete.')
  }
}

/**
 * A version note, signed by its importer, on this schema.
 * @throws ShareholdError SH_AUTH_VERSION, SH_NOTE_*, SH_LEDGER_RECORD
 */
export function openVersion(
  note: string,
  keys: Pick<AdmissionKeys, 'origin' | 'repositories'>,
  schema: { readonly schema: Schema; readonly repositories: readonly string[] },
): VersionBody {
  const peeked = peekRecord(note, keys.origin)
  const importer = peeked.kind === 'version' ? peeked.body.importer : ''
  const vkey = keys.repositories.get(importer)
  if (vkey === undefined || !schema.repositories.includes(importer)) {
    throw refused('SH_AUTH_VERSION', 'The version note is not by a repository of the dataset.')
  }
  const version = openRecordOfAll(note, keys.origin, 'version', [vkey])
  if (
    version.dataset !== schema.schema.dataset ||
    version.schemaHash !== schemaHash(schema.schema) ||
    version.parts.some((part) => !schema.repositories.includes(part.repository))
  ) {
    throw refused('SH_AUTH_VERSION', 'The version note and the schema do not belong together.')
  }
  const fault = partsFault(schema.schema, version)
  if (fault !== undefined) throw refused('SH_AUTH_VERSION', fault)
  return version
}

/**
 * A request, and the key of the one querier who has signed it.
 *
 * @throws ShareholdError SH_AUTH_SIGNATURE; SH_NOTE_MALFORMED, SH_LEDGER_RECORD
 */
export function openRequest(
  note: string,
  { origin, queriers }: Pick<AdmissionKeys, 'origin' | 'queriers'>,
): { request: JobRequestBody; querier: string } {
  try {
    const { body, signers } = openRecord(note, origin, 'job-request', queriers)
    const [querier, ...more] = signers
    if (querier !== undefined && more.length === 0) return { request: body, querier }
  } catch (cause) {
    if (!(cause instanceof ShareholdError) || !BAD_SIGNATURES.has(cause.code)) throw cause
    throw new ShareholdError('SH_AUTH_SIGNATURE', NOT_A_QUERIER, {
      hint: 'The key must be the one that the topology of this network lists.',
      cause,
    })
  }
  throw refused('SH_AUTH_SIGNATURE', NOT_A_QUERIER)
}

const NOT_A_QUERIER = 'A request must be signed by exactly one registered querier.'
const BAD_SIGNATURES: ReadonlySet<string> = new Set([
  'SH_NOTE_SIGNATURE',
  'SH_NOTE_UNKNOWN_SIGNER',
  'SH_NOTE_UNSIGNED',
])

/**
 * Checks a proposal.
 *
 * @param nowSeconds Unix time of the checking node
 * @throws ShareholdError SH_AUTH_* naming the rule; SH_SQL_*, SH_PLAN_*, SH_POLICY_* from planning;
 * SH_NOTE_* and SH_LEDGER_RECORD for malformed notes
 */
export async function admit(
  proposal: JobProposal,
  keys: AdmissionKeys,
  nowSeconds: number,
  hash: Hash,
): Promise<AdmittedJob> {
  const { request, querier } = openRequest(proposal.requestNote, keys)
  if (proposal.job !== jobIdOf(proposal.requestNote)) {
    throw refused('SH_AUTH_JOB', 'The job id does not belong to the request.')
  }
  if (request.grant !== '') {
    throw new ShareholdError('SH_AUTH_UNSUPPORTED', 'Grants are not supported yet.', {
      hint: 'Leave `grant` empty: queriers are authorised by the topology.',
    })
  }
  if (request.expiry <= nowSeconds) {
    throw new ShareholdError('SH_AUTH_EXPIRED', 'The request has expired.', {
      hint: 'Ask again; if this happens at once, compare the clocks of the machines.',
    })
  }
  if (request.expiry > nowSeconds + LONGEST_LIFE_SECONDS) {
    throw refused('SH_AUTH_EXPIRY', 'The request expires more than 24 hours from now.')
  }
  const datasets = openDatasets(request, proposal, keys)
  const named = await datasetsInSql(request.sql)
  const requested = request.datasets.map(({ name }) => name)
  if (named.toSorted().join('\n') !== requested.toSorted().join('\n')) {
    throw new ShareholdError(
      'SH_AUTH_DATASET',
      'The request does not name the datasets of its query.',
      { hint: `These are ${named.join(', ')}.` },
    )
  }
  const schemas = datasets.map(({ schema }) => schema)
  const sizes = datasets.map(({ version }) => datasetParams(version))
  const arranged = await arrangeDatasets(request.sql, schemas, sizes)
  const order = storedDatasets(arranged).map(({ name }) => name)
  if (order.join('\n') !== requested.join('\n')) {
    throw new ShareholdError(
      'SH_AUTH_DATASET',
      'The request does not name the datasets of its query in the order of its plan.',
      { hint: `That is ${order.join(', ')}.` },
    )
  }
  const params = checkParams(proposal.planParams, arranged, keys)
  const compiled = await compile(request.sql, schemas, params)
  if (compiled.planHash !== proposal.planHash) {
    throw new ShareholdError('SH_AUTH_PLAN', 'Planning the query again gave another plan.', {
      hint: 'Do all nodes run the same version of Sharehold?',
    })
  }
  return {
    job: proposal.job,
    requestNote: proposal.requestNote,
    request,
    querier,
    datasets,
    params,
    paramsHash: jsonHash(params),
    compiled,
    inputs: datasets.map(({ version }) => ({
      dataset: version.dataset,
      version: version.version,
      roots: inputRoots(version, hash),
    })),
  }
}

/** The datasets that a request names, as their repositories have signed them, and open to its purpose. */
function openDatasets(
  request: JobRequestBody,
  { schemaNotes, versionNotes }: JobProposal,
  keys: AdmissionKeys,
): AdmittedDataset[] {
  const named = request.datasets
  if (
    named.length > MAX_INSTANCES ||
    schemaNotes.length !== named.length ||
    versionNotes.length !== named.length ||
    new Set(named.map(({ name }) => name)).size !== named.length
  ) {
    throw refused(
      'SH_AUTH_DATASET',
      `A request names 1 to ${MAX_INSTANCES} datasets, each once, and comes with their notes.`,
    )
  }
  return named.map((dataset, k) => {
    const signedSchema = openSchema(schemaNotes[k]!, keys)
    const { schema } = signedSchema
    const version = openVersion(versionNotes[k]!, keys, signedSchema)
    const note = noteHash(versionNotes[k]!)
    if (
      dataset.name !== version.dataset ||
      dataset.version !== version.version ||
      dataset.schemaHash !== version.schemaHash ||
      dataset.versionNote !== note
    ) {
      throw refused('SH_AUTH_DATASET', 'The request is for another version of the dataset.')
    }
    if (!schema.purposes.includes(request.purpose)) {
      throw new ShareholdError(
        'SH_AUTH_PURPOSE',
        `The dataset "${schema.dataset}" is not open to the purpose "${request.purpose}".`,
        { hint: `Its repositories have signed: ${schema.purposes.join(', ')}.` },
      )
    }
    return { schema, version, note }
  })
}

/**
 * All but the coordinator's two choices follows from the versions; those are range-checked.
 *
 * @param text canonical JSON
 * @throws ShareholdError SH_AUTH_PARAMS, SH_JSON_NOT_CANONICAL
 */
export function checkParams(
  text: string,
  datasets: ArrangedDatasets,
  keys: Pick<AdmissionKeys, 'n'>,
): PlanParams {
  const given = parseCanonicalJson(text) as Partial<PlanParams> | null
  const chunksInFlight = Number(given?.chunksInFlight)
  const network = NETWORKS.find((one) => one === given?.network)
  if (
    network === undefined ||
    !Number.isInteger(chunksInFlight) ||
    chunksInFlight < 1 ||
    chunksInFlight > MAX_CHUNKS_IN_FLIGHT
  ) {
    throw refused('SH_AUTH_PARAMS', 'planParams are out of range.')
  }
  const params = proposeParams(datasets, keys.n, { chunksInFlight, network })
  if (canonicalJson(params) !== text) {
    throw refused('SH_AUTH_PARAMS', 'planParams do not follow from the dataset version.')
  }
  return params
}

function refused(code: string, message: string): ShareholdError {
  return new ShareholdError(code, message)
}
