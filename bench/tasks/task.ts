/** What a benchmark is: data that each party makes by itself, a timed part, and a check of its result. */
import type { OpenedColumnSource } from '../../node/column-source.ts'
import type { AdmittedJob } from '../../protocol/admission.ts'
import type { Party } from '../../protocol/party.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { type Committee, parties } from '../../shares/committee.ts'
import { type Arena, newArena, view, viewFp } from '../../shares/field/memory.ts'
import type { FpVector } from '../../shares/field/memory.ts'
import { toBigInts } from '../../shares/field/vector.ts'
import { asBitShare, reconstruct as openBits } from '../../shares/replicated.ts'
import { asShamirShare, reconstruct as openField } from '../../shares/shamir.ts'

export type NetworkClass = PlanParams['network']

/** Whose part of which committee, and how much of it. */
export interface Setting {
  readonly committee: Committee
  /** 1..n */
  readonly index: number
  /** Rows, operations: what the task counts. */
  readonly size: number
  /** Whether each run gets its columns from share-nodes. */
  readonly stored?: boolean
  /** What the planner is told. Default: loopback. */
  readonly network?: NetworkClass
}

/** A party that is ready to start. */
export interface Prepared {
  /**
   * The timed part.
   * @param stored the job on the share-nodes' columns, if the setting has such
   * @param others this party in the further sessions that the task asks for
   * @returns what takes this party's part of the evidence, untimed, and frees memory
   */
  run(party: Party, stored?: StoredJob, others?: readonly Party[]): Promise<() => Uint8Array>
}

/** A job whose columns are at rest with share-nodes. */
export interface StoredJob {
  readonly admitted: AdmittedJob
  readonly fetch: () => Promise<OpenedColumnSource>
}

/** A task whose columns are at rest with share-nodes, three to seven processes more. */
export interface StoredColumns {
  /** The query, which share-nodes and MPC nodes have to admit. */
  readonly sql: string
  /** What each MPC node may keep of them for the next run. */
  readonly warmBytes: number
}

export interface Task {
  readonly name: string
  /** What `size` counts, for the heading of the table. */
  readonly about: string
  /** Size unless --n says otherwise. */
  readonly size: number
  readonly stored?: StoredColumns
  /** Sessions between the same parties besides the first, each with keys of its own. Default: none. */
  readonly sessions?: number
  prepare(setting: Setting): Promise<Prepared>
  /**
   * Checks the result of a run at the parent, which knows all data.
   * @param evidence of all parties, party 1 first
   * @throws Error if it is wrong
   */
  check(committee: Committee, size: number, evidence: readonly Uint8Array[]): Promise<void>
}

/** The bytes of this party's share of a vector, as evidence. */
export function fieldEvidence(share: FpVector): Uint8Array {
  return viewFp(share).slice()
}

/** Opens Shamir shares, after checking that all of them agree. */
export function openFieldEvidence(
  committee: Committee,
  evidence: readonly Uint8Array[],
): readonly bigint[] {
  return inArena((arena) => {
    const shares = parties(committee).map((party) => {
      const bytes = evidence[party - 1]!
      const share = arena.elements(bytes.length / 8)
      viewFp(share).set(bytes)
      return { party, share: asShamirShare(share) }
    })
    return toBigInts(openField(arena, committee, shares))
  })
}

/** Opens CNF shares of a plane, after checking that all copies agree. */
export function openBitEvidence(committee: Committee, evidence: readonly Uint8Array[]): Uint8Array {
  return inArena((arena) => {
    const shares = parties(committee).map((party) => {
      const bytes = evidence[party - 1]!
      const block = arena.bytes(bytes.length)
      view(block).set(bytes)
      return { party, share: asBitShare(block, committee.held[party - 1]!.length) }
    })
    return view(openBits(arena, committee, shares)).slice()
  })
}

/** Runs `body` with memory that it need not give back. */
export function inArena<T>(body: (arena: Arena) => T): T {
  const arena = newArena()
  try {
    return body(arena)
  } finally {
    arena.release()
  }
}
