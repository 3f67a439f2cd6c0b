/**
 * What the statements of the ledger say, as types. record-checks.ts has their value ranges; records.ts
 * writes, signs and reads them.
 *
 * Every 32-byte value (hash, root, nonce, key) is 64 lower-case hex digits. A hash of a note is over its
 * whole text, signatures included; a hash of a value is over its canonical JSON.
 *
 * Nothing here lets anyone guess an answer: no opened value, no output share and no hash of one, only
 * hashes of ciphertexts, and roots over message digests that are keyed with the pair's key (transcript.ts).
 * What it does tell everybody: SQL, purpose, schema, row counts, sizes and order of messages.
 */
import type { Schema } from '../../shares/schema.ts'
import type { PlanParams } from '../plan.ts'

/** 64 lower-case hex digits. */
export type Hex32 = string

export interface RecordBodies {
  readonly schema: SchemaBody
  readonly receipt: ReceiptBody
  readonly version: VersionBody
  readonly 'job-request': JobRequestBody
  readonly 'job-start': JobStartBody
  readonly report: ReportBody
  readonly completion: CompletionBody
  readonly failure: FailureBody
  readonly abort: AbortBody
}

export type RecordKind = keyof RecordBodies

/** Signed by every repository that is named. A later schema of the same dataset replaces it. */
export interface SchemaBody {
  /** Names of the repositories that may import, ascending. */
  readonly repositories: readonly string[]
  readonly schema: Schema
}

/** Signed by one share-node: it holds these shares on disk. */
export interface ReceiptBody {
  readonly dataset: string
  readonly importId: string
  /** Name of the repository that imported. */
  readonly repository: string
  /** Index of the share-node, 1..n. */
  readonly node: number
  /** `schemaHash` of records.ts. */
  readonly schemaHash: Hex32
  /** Rows of each chunk, 1..65536. */
  readonly chunks: readonly number[]
  /** SHA-256 of the canonical list of member runs (protocol/members.ts). */
  readonly members: Hex32
  /** Commitment to this node's shares. */
  readonly root: Hex32
}

/** One repository's import within a dataset version. */
export interface VersionPart {
  readonly repository: string
  readonly importId: string
  readonly chunks: readonly number[]
  readonly members: Hex32
  /** R_1..R_n. */
  readonly roots: readonly Hex32[]
  /** Hashes of the share-nodes' receipt notes, node 1 first. */
  readonly receipts: readonly Hex32[]
}

/** Signed by the repository whose import made this version. */
export interface VersionBody {
  readonly dataset: string
  /** From 1, without gaps. */
  readonly version: number
  /** Name of the repository that signs; the parts of others are those of the version before. */
  readonly importer: string
  readonly schemaHash: Hex32
  readonly parts: readonly VersionPart[]
  /** [rows, members], ascending by rows: how many members have how many rows over all parts. */
  readonly rowsPerMember: readonly (readonly [number, number])[]
}

export interface RequestedDataset {
  readonly name: string
  readonly version: number
  readonly schemaHash: Hex32
  /** `noteHash` of the version note: the number alone would fit notes that lost the race to the ledger. */
  readonly versionNote: Hex32
}

/** Signed by the querier. */
export interface JobRequestBody {
  readonly sql: string
  readonly purpose: string
  readonly datasets: readonly RequestedDataset[]
  /** X25519 public key that the outputs are sealed to: a fresh one for each request, or one that the querier keeps. */
  readonly resultKey: Hex32
  readonly nonce: Hex32
  /** Unix seconds; not to be started later. */
  readonly expiry: number
  /** Empty: authorisation is by the topology's list of queriers until grants exist. */
  readonly grant: string
}

export interface JobInput {
  readonly dataset: string
  readonly version: number
  /** `inputRoots` of records.ts: one for each share-node, over all parts. */
  readonly roots: readonly Hex32[]
}

export interface CommitteeMember {
  /** 1..n */
  readonly i: number
  readonly vkey: string
}

/**
 * Signed by the coordinator, entered before the first round. `time` is not in ledger.md: without it
 * nobody could say from the ledger whether a request was started before it expired. It is the
 * coordinator's word; the nodes compare it with their own clocks.
 */
export interface JobStartBody {
  readonly job: string
  /** From 1. */
  readonly attempt: number
  /** Unix seconds. */
  readonly time: number
  /** Hash of `requestNote`. */
  readonly request: Hex32
  /** The querier's signed note, verbatim. */
  readonly requestNote: string
  /** Hash of the plan. */
  readonly plan: Hex32
  /** Version of the planner that made it (sql/planner-version.ts); absent in notes of version 1. */
  readonly planner?: number
  readonly planParams: PlanParams
  /** Hash of `planParams`. */
  readonly params: Hex32
  readonly inputs: readonly JobInput[]
  readonly committee: readonly CommitteeMember[]
  /** Commitment to the job key of each CNF set, in the order of committee.sets (job-context.ts). */
  readonly keys: readonly Hex32[]
  /** One fresh nonce of each node, node 1 first. */
  readonly nonces: readonly Hex32[]
}

/** One direction between two nodes (transcript.ts). */
export interface Traffic {
  readonly messages: number
  /** Payload bytes. */
  readonly bytes: number
  /** Merkle root over the message leaves. */
  readonly root: Hex32
}

export interface PeerTraffic {
  readonly peer: number
  readonly sent: Traffic
  readonly received: Traffic
}

/** Signed by one MPC node when it has finished. */
export interface ReportBody {
  readonly job: string
  readonly attempt: number
  /** This node, 1..n. */
  readonly index: number
  readonly jobContext: Hex32
  readonly plan: Hex32
  readonly params: Hex32
  /** What the node runs; the same for all of a committee. */
  readonly software: Hex32
  /** All other nodes, ascending. */
  readonly peers: readonly PeerTraffic[]
  /** SHA-256 of this node's sealed output. */
  readonly sealedOutput: Hex32
}

/**
 * Signed by all n MPC nodes. Against ledger.md F: `prss` is called `keys`; `start` is new and ties the
 * statement to one start note; `seeds` is absent because PRG-compressed dealing leaves a node no local
 * randomness to commit to; `openings`, `verify` and `dp` are absent while there is no active security and
 * no noise; `mode` is planParams' `security`.
 */
export interface CompletionBody {
  readonly job: string
  readonly attempt: number
  readonly mode: 'passive'
  readonly t: number
  readonly committee: readonly CommitteeMember[]
  /** Hash of the start note. */
  readonly start: Hex32
  readonly plan: Hex32
  readonly params: Hex32
  readonly inputs: readonly JobInput[]
  readonly keys: readonly Hex32[]
  readonly software: Hex32
  /** Hashes of the report notes, node 1 first. */
  readonly reports: readonly Hex32[]
  /** `outputRoot` of records.ts over the reports' sealedOutput. */
  readonly output: Hex32
}

/** Signed by the node that gave up: evidence for an abort. */
export interface FailureBody {
  readonly job: string
  readonly attempt: number
  readonly index: number
  readonly code: string
  /** Name of the party that this node blames, or empty. */
  readonly blamed: string
  /** Round between this node and the blamed one, or -1. */
  readonly round: number
}

/** Signed by the coordinator. */
export interface AbortBody {
  readonly job: string
  readonly attempt: number
  readonly code: string
  /** One line for people. No values, no shares. */
  readonly reason: string
  /** Name of the party that can be blamed, or empty. */
  readonly blamed: string
  /** The failure note of the node that gave up first, verbatim, or empty. */
  readonly report: string
}
