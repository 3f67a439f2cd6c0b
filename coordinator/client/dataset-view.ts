/**
 * What the coordinator says about a dataset, checked against the keys of its repositories: the schema
 * that a query is compiled with must be theirs, not the coordinator's.
 */
import {
  checkParams,
  datasetParams,
  openSchema,
  openVersion,
  proposeParams,
} from '../../protocol/admission.ts'
import { storedDatasets } from '../../protocol/beside.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import type { VersionBody } from '../../protocol/ledger/records.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { arrangeDatasets } from '../../protocol/sql/arrange.ts'
import { datasetsOf } from '../../protocol/sql/dataset.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Schema } from '../../shares/schema.ts'

import type { HttpClient } from './http-client.ts'
import { sizeOf } from './network-keys.ts'
import type { NetworkKeys } from './network-keys.ts'

export interface DatasetView {
  readonly schema: Schema
  readonly repositories: readonly string[]
  readonly version: VersionBody
  /** As signed: a request pins its hash. */
  readonly versionNote: string
  /** What a job on this version is proposed with. */
  readonly params: PlanParams
}

/** The datasets of a query, and what a job on them is proposed with. */
export interface DatasetsView {
  /** In the order of the parameters. */
  readonly datasets: readonly DatasetView[]
  readonly params: PlanParams
}

/**
 * The newest versions of the datasets of a query.
 *
 * @throws ShareholdError as viewDataset; SH_SQL_*, SH_PLAN_JOIN
 */
export async function viewDatasets(
  client: HttpClient,
  keys: NetworkKeys,
  sql: string,
  signal?: AbortSignal,
): Promise<DatasetsView> {
  const names = await datasetsOf(sql)
  const views = await Promise.all(names.map((name) => viewDataset(client, keys, name, signal)))
  const schemas = views.map(({ schema }) => schema)
  const sizes = views.map(({ version }) => datasetParams(version))
  const arranged = await arrangeDatasets(sql, schemas, sizes)
  const order = storedDatasets(arranged).map(({ name }) => name)
  return {
    datasets: views.toSorted(
      (a, b) => order.indexOf(a.version.dataset) - order.indexOf(b.version.dataset),
    ),
    params: proposeParams(arranged, sizeOf(keys), views[0]!.params),
  }
}

/**
 * The newest version of a dataset.
 *
 * @throws ShareholdError SH_CATALOGUE_UNKNOWN_DATASET, SH_COORDINATOR_*; SH_NOTE_*, SH_AUTH_SCHEMA,
 * SH_AUTH_VERSION, SH_AUTH_PARAMS if what it says is not signed by the repositories
 */
export async function viewDataset(
  client: HttpClient,
  keys: NetworkKeys,
  dataset: string,
  signal?: AbortSignal,
): Promise<DatasetView> {
  const info = await client.dataset(dataset, signal)
  const signed = openSchema(info.schemaNote, keys)
  const version = openVersion(info.versionNote, keys, signed)
  if (version.dataset !== dataset) {
    throw new ShareholdError('SH_AUTH_VERSION', 'The coordinator answered for another dataset.')
  }
  const params = checkParams(
    paramsText(info.params),
    { dataset: datasetParams(version) },
    { n: sizeOf(keys) },
  )
  const { schema, repositories } = signed
  return { schema, repositories, version, versionNote: info.versionNote, params }
}

function paramsText(params: unknown): string {
  try {
    return canonicalJson(params)
  } catch (cause) {
    throw new ShareholdError('SH_AUTH_PARAMS', 'planParams are not canonical JSON.', { cause })
  }
}
