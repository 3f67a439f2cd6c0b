/**
 * What actors say to each other outside of rounds, as TypeScript types. proto.ts has the same messages
 * as protobuf, checks.ts their value ranges; a test keeps the three together.
 *
 * A message is a kind, a header and a payload of raw bytes (empty for most kinds). A stream belongs to
 * one job attempt, one import or one delivery of columns; that is why most headers do not name it.
 */

/** Lower-case hex SHA-256. */
export type HexDigest = string

export type Encoding = 'field' | 'bits'

/** A message without content of its own. */
export type Empty = Readonly<Record<string, never>>

export interface Headers {
  // --- control: coordinator <-> node, one stream per job attempt and node ---

  /** Coordinator: here is a job. The node plans by itself and compares the hash. */
  readonly prepare: {
    readonly job: string
    readonly attempt: number
    readonly requestNote: string
    /** Canonical JSON. */
    readonly planParams: string
    readonly planHash: HexDigest
    readonly schemaNotes: readonly string[]
    readonly versionNotes: readonly string[]
  }
  /** Node: agreed; my 32-byte nonce for this attempt. */
  readonly prepared: { readonly nonce: Uint8Array }
  /** Node: I will not do it. Also the answer to a refused import. */
  readonly refused: { readonly code: string; readonly message: string; readonly hint?: string }
  /** Coordinator: the nonces of the receiver's committee, in committee order. */
  readonly commit: { readonly nonces: readonly Uint8Array[] }
  /** Node: commitments to the job keys that it derived. */
  readonly committed: { readonly keyCommitments: readonly string[] }
  /** Coordinator: the start note is on the ledger, go. */
  readonly start: { readonly startNote: string }
  readonly progress: {
    readonly op: number
    readonly batch: number
    readonly totalOps: number
  }
  /**
   * Node: finished. Report, figures (protocol/run-figures.ts) and payload (the sealed output) are empty from a
   * share-node.
   */
  readonly done: { readonly reportNote: string; readonly figures: string }
  /** Coordinator: sign this completion text. */
  readonly signCompletion: { readonly text: string }
  /** Node: the signature line. */
  readonly signed: { readonly line: string }
  /** Either side: the job is over, without an answer. */
  readonly abort: {
    readonly code: string
    readonly reason: string
    readonly party?: string
    readonly round?: number
  }
  /** Coordinator: the completion is on the ledger; forget the job. */
  readonly jobClosed: Empty

  // --- import: repository -> share-node ---

  readonly importBegin: {
    readonly importId: string
    readonly dataset: string
    readonly schemaNote: string
    /** Rows of each chunk of this part. */
    readonly chunks: readonly number[]
  }
  /** Payload: the block. Salt: 32 bytes. */
  readonly block: {
    readonly column: string
    readonly encoding: Encoding
    readonly chunk: number
    readonly salt: Uint8Array
  }
  /** The root that the repository expects the node to find. */
  readonly importCommit: { readonly root: HexDigest }
  /** Share-node: synced to disk; its signed receipt. */
  readonly receipt: { readonly note: string }
  /** How many members have how many rows if this import joins the parts of that version ('' for none)? */
  readonly importUnion: { readonly importId: string; readonly versionNote: string }
  /** Share-node: [rows, members] pairs, ascending, as canonical JSON. */
  readonly union: { readonly rowsPerMember: string }
  readonly importActivate: { readonly versionNote: string }
  readonly importDrop: { readonly importId: string }
  /** Share-node: activated, or dropped, on disk. */
  readonly acknowledged: Empty

  // --- columns: share-node <-> MPC node ---

  /**
   * Share-node. `from`: its index. `subject`: hash of what it was told of the job (node/column-blocks.ts).
   * `sharing`: the name of what will be dealt (node/column-ticket.ts).
   */
  readonly columnsBegin: {
    readonly job: string
    readonly attempt: number
    readonly from: number
    readonly subject: HexDigest
    readonly sharing: HexDigest
  }
  /**
   * MPC node: what it holds of an earlier job. `members`: the lists of members. `sharings`: one for each
   * column that the plan loads, '' for none.
   */
  readonly columnsHeld: { readonly members: boolean; readonly sharings: readonly string[] }
  /** Share-node: which of these to use, '' for what will be dealt; and its signature line, '' if all will. */
  readonly columnsTicket: { readonly sharings: readonly string[]; readonly line: string }
  /** Payload: what shares/reshare.ts says this share-node sends this MPC node of that block. */
  readonly columnPiece: {
    readonly dataset: string
    readonly column: string
    readonly encoding: Encoding
    /** Counted over all parts of the dataset version. */
    readonly chunk: number
  }
  readonly columnsEnd: Empty

  // --- lines: coordinator -> MPC node (node/link-meter.ts) ---

  readonly linksWanted: Empty
  /** MPC node: what it has measured (protocol/link-figures.ts). */
  readonly links: { readonly figures: string }

  // --- shared ---

  /**
   * Payload: a piece of the canonical list of member runs (protocol/members.ts) of one part of a dataset; of a
   * join, parts are counted over all datasets. `piece` counts from 0 to `pieces` - 1. In an import, `part` is 0.
   */
  readonly members: { readonly part: number; readonly piece: number; readonly pieces: number }
  /** First frame of a round stream; the lower index dials. */
  readonly hello: {
    readonly committee: 'mpc' | 'share'
    readonly job: string
    readonly attempt: number
    readonly from: number
  }
}

export type Kind = keyof Headers

/** One message of one of the kinds K. */
export type Message<K extends Kind = Kind> = {
  readonly [P in K]: {
    readonly kind: P
    readonly header: Headers[P]
    readonly payload: Uint8Array
  }
}[K]
