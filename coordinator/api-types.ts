/**
 * The coordinator's HTTP API as types: what the client sends and gets. Everything that matters is a
 * signed note or sealed; the API itself is trusted with liveness only.
 */
import { z } from 'zod'

import { LinkFigures } from '../protocol/link-figures.ts'
import type { PlanParams } from '../protocol/plan.ts'
import { RunFigures } from '../protocol/run-figures.ts'

export const JOB_STATES = ['preparing', 'running', 'signing', 'done', 'aborted'] as const

export const ErrorBody = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  party: z.string().optional(),
  round: z.number().optional(),
})
export type ErrorBody = z.infer<typeof ErrorBody>

export const JobStatus = z.object({
  job: z.string(),
  attempt: z.number(),
  state: z.enum(JOB_STATES),
  /** Finished share of the operators and batches, 0..1. */
  progress: z.number(),
  error: ErrorBody.optional(),
})
export type JobStatus = z.infer<typeof JobStatus>

/** What was measured, for EXPLAIN ANALYZE: hearsay to the querier. */
export const JobFigures = z.object({
  /** Until all have admitted the job and agreed on keys; until all have computed; until all have signed. */
  preparingSeconds: z.number(),
  runningSeconds: z.number(),
  signingSeconds: z.number(),
  /** Of MPC node 1..n; null if a node told none. */
  nodes: z.array(RunFigures.nullable()),
})
export type JobFigures = z.infer<typeof JobFigures>

/** All that the querier needs to open and check the answer. */
export const JobResult = z.object({
  job: z.string(),
  attempt: z.number(),
  /** Notes as they stand in the ledger. */
  startNote: z.string(),
  completionNote: z.string(),
  /** base64, of MPC node 1..n */
  sealed: z.array(z.string()),
  /** Ledger sequence number of the completion note. */
  entry: z.number(),
  seconds: z.number(),
  /** Signed reports of MPC node 1..n, as they stand in the ledger. Absent of jobs of earlier releases. */
  reportNotes: z.array(z.string()).readonly().optional(),
  /** What coordinator and nodes have measured, unsigned. */
  figures: JobFigures.optional(),
})
export type JobResult = z.infer<typeof JobResult>

/** What the MPC nodes have measured of the lines between them, unsigned. */
export const NetworkInfo = z.object({
  /** The class of network that plans are made for. */
  network: z.string(),
  /** All MPC nodes; `peers` is empty of one that has told nothing. */
  nodes: z.array(z.object({ node: z.number(), peers: LinkFigures })),
})
export type NetworkInfo = z.infer<typeof NetworkInfo>

export const DatasetInfo = z.object({
  dataset: z.string(),
  version: z.number(),
  schemaHash: z.string(),
  schemaNote: z.string(),
  versionNote: z.string(),
  /** The planParams that a job on this version would be proposed with. */
  params: z.custom<PlanParams>((value) => typeof value === 'object' && value !== null),
})
export type DatasetInfo = z.infer<typeof DatasetInfo>

export const SchemaInfo = z.object({
  schemaHash: z.string(),
  /** With all signatures that there are. */
  schemaNote: z.string(),
  /** Repositories that have not signed yet; empty when the schema is in the ledger. */
  missing: z.array(z.string()),
})
export type SchemaInfo = z.infer<typeof SchemaInfo>

export const DatasetList = z.array(
  z.object({
    dataset: z.string(),
    version: z.number(),
    rows: z.number(),
    members: z.number(),
    columns: z.array(z.string()),
    purposes: z.array(z.string()),
  }),
)
export type DatasetList = z.infer<typeof DatasetList>
