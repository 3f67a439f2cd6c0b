/**
 * The value ranges of record-bodies.ts, checked when a record is made and again when it is read.
 * Nothing is coerced and nothing is filled in, so what is read is what was signed.
 */
import { z } from 'zod'

import { columnShape } from '../../shares/column-shape.ts'
import type { Schema } from '../../shares/schema.ts'
import { MAX_INSTANCES } from '../join-rows.ts'
import { CHUNK_ROWS, type PlanParams } from '../plan.ts'

import { isKeyName } from './key.ts'
import type {
  CommitteeMember,
  Hex32,
  JobInput,
  RecordBodies,
  RecordKind,
  Traffic,
} from './record-bodies.ts'

const text = (low: number, high: number): z.ZodType<string> =>
  z
    .string()
    .min(low)
    .max(high)
    .refine((value) => !/\p{Surrogate}/u.test(value), 'is not well-formed Unicode')

const hex32: z.ZodType<Hex32> = z.string().regex(/^[0-9a-f]{64}$/u, 'is not 32 bytes in hex')
const identifier = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/u, 'is not an identifier')
const actor = z.string().max(128).refine(isKeyName, 'is not a name')
const actorOrNone = z
  .string()
  .max(128)
  .refine((name) => name === '' || isKeyName(name))
const name = text(1, 256)
const note = text(1, 60_000)
const vkey = text(1, 512)
const code = z.string().regex(/^SH_[A-Z0-9_]{1,60}$/u, 'is not an error code')
const count = z.int().min(0)
const attempt = z.int().min(1).max(0xffff_ffff)
const index = z.int().min(1).max(7)
const seconds = z.int().min(0)
const chunks = z.array(z.int().min(1).max(CHUNK_ROWS)).min(1).max(4096).readonly()
const rowsPerMember = z
  .array(z.tuple([z.int().min(1), z.int().min(1)]).readonly())
  .min(1)
  .max(4096)
  .refine((pairs) => ascending(pairs.map(([rows]) => rows)), 'is not ascending')
  .readonly()
const perNode = z
  .array(hex32)
  .refine((list) => [3, 5, 7].includes(list.length), 'is not one for each of 3, 5 or 7 nodes')
  .readonly()
/** C(n,t) for n = 3, 5, 7. */
const perSet = z
  .array(hex32)
  .refine((list) => [3, 10, 35].includes(list.length), 'is not one for each set')
  .readonly()

const column = columnShape({
  name,
  nullable: z.boolean(),
  expression: text(1, 1000),
  integer: z.int(),
  precision: z.int().min(1).max(38),
  scale: z.int().min(0).max(38),
  decimalText: text(1, 64),
  resolutionSeconds: z.int().min(1),
  timeText: text(1, 32),
  dictionary: z.array(text(0, 1024)).min(1).max(65_536).readonly(),
})

/** Form only: that the ranges make sense is for the schema's own rules (SH_SCHEMA_INVALID). */
const schema: z.ZodType<Schema> = z.strictObject({
  dataset: name,
  member: name,
  kMin: z.int().min(1),
  purposes: z.array(name).max(256).readonly(),
  columns: z.array(column).min(1).max(1024).readonly(),
})

const datasetParams = { name, version: z.int().min(1), chunks, rowsPerMember }
const instanceParams = { ...datasetParams, instance: name.exactOptional() }

const planParams: z.ZodType<PlanParams> = z.strictObject({
  committee: z
    .strictObject({ n: z.int(), t: z.int() })
    .refine(({ n, t }) => [3, 5, 7].includes(n) && n === 2 * t + 1, 'is not a committee'),
  security: z.literal('passive'),
  dataset: z.strictObject(instanceParams),
  joined: z
    .array(z.strictObject({ ...instanceParams, lanes: z.boolean() }))
    .min(1)
    .max(MAX_INSTANCES - 1)
    .readonly()
    .exactOptional(),
  beside: z
    .array(z.strictObject(datasetParams))
    .min(1)
    .max(MAX_INSTANCES - 1)
    .readonly()
    .exactOptional(),
  chunksInFlight: z.int().min(1).max(256),
  network: z.enum(['loopback', 'lan', 'wan']),
})

const committee = z
  .array(z.strictObject({ i: index, vkey }) satisfies z.ZodType<CommitteeMember>)
  .refine((list) => [3, 5, 7].includes(list.length), 'does not have 3, 5 or 7 members')
  .refine((list) => list.every(({ i }, at) => i === at + 1), 'is not in order')
  .readonly()

const inputs = z
  .array(
    z.strictObject({
      dataset: name,
      version: z.int().min(1),
      roots: perNode,
    }) satisfies z.ZodType<JobInput>,
  )
  .min(1)
  .max(64)
  .readonly()

const traffic: z.ZodType<Traffic> = z.strictObject({ messages: count, bytes: count, root: hex32 })

const peers = z
  .array(z.strictObject({ peer: index, sent: traffic, received: traffic }))
  .refine((list) => [2, 4, 6].includes(list.length), 'is not one for each other node')
  .refine((list) => ascending(list.map(({ peer }) => peer)), 'is not ascending')
  .readonly()

/** One check per kind. Strict: a field that is not in the table is refused. */
export const RECORD_CHECKS: { readonly [K in RecordKind]: z.ZodType<RecordBodies[K]> } = {
  schema: z.strictObject({
    repositories: z
      .array(actor)
      .min(1)
      .max(256)
      .refine((names) => ascending(names), 'is not ascending')
      .readonly(),
    schema,
  }),
  receipt: z.strictObject({
    dataset: name,
    importId: identifier,
    repository: actor,
    node: index,
    schemaHash: hex32,
    chunks,
    members: hex32,
    root: hex32,
  }),
  version: z.strictObject({
    dataset: name,
    version: z.int().min(1),
    importer: actor,
    schemaHash: hex32,
    parts: z
      .array(
        z.strictObject({
          repository: actor,
          importId: identifier,
          chunks,
          members: hex32,
          roots: perNode,
          receipts: perNode,
        }),
      )
      .min(1)
      .max(256)
      .readonly(),
    rowsPerMember,
  }),
  'job-request': z.strictObject({
    sql: text(1, 30_000),
    purpose: name,
    datasets: z
      .array(
        z.strictObject({ name, version: z.int().min(1), schemaHash: hex32, versionNote: hex32 }),
      )
      .min(1)
      .max(64)
      .readonly(),
    resultKey: hex32,
    nonce: hex32,
    expiry: seconds,
    grant: text(0, 4096),
  }),
  'job-start': z.strictObject({
    job: identifier,
    attempt,
    time: seconds,
    request: hex32,
    requestNote: note,
    plan: hex32,
    planner: z.int().min(2).exactOptional(),
    planParams,
    params: hex32,
    inputs,
    committee,
    keys: perSet,
    nonces: perNode,
  }),
  report: z.strictObject({
    job: identifier,
    attempt,
    index,
    jobContext: hex32,
    plan: hex32,
    params: hex32,
    software: hex32,
    peers,
    sealedOutput: hex32,
  }),
  completion: z.strictObject({
    job: identifier,
    attempt,
    mode: z.literal('passive'),
    t: z.int().min(1).max(3),
    committee,
    start: hex32,
    plan: hex32,
    params: hex32,
    inputs,
    keys: perSet,
    software: hex32,
    reports: perNode,
    output: hex32,
  }),
  failure: z.strictObject({
    job: identifier,
    attempt,
    index,
    code,
    blamed: actorOrNone,
    round: z.int().min(-1),
  }),
  abort: z.strictObject({
    job: identifier,
    attempt,
    code,
    reason: text(0, 4096),
    blamed: actorOrNone,
    report: text(0, 8192),
  }),
}

function ascending(list: readonly string[] | readonly number[]): boolean {
  return list.every((item, i) => i === 0 || list[i - 1]! < item)
}
