/** Runs a whole plan at n parties in one process, from plain columns to opened output lanes. */
import { storedDatasets } from '../../protocol/beside.ts'
import { type ColumnSource, execute, type ExecuteHooks } from '../../protocol/execute.ts'
import type { Batch } from '../../protocol/layout.ts'
import type { Plan, PlanParams } from '../../protocol/plan.ts'
import type { Arena } from '../../shares/field/memory.ts'
import { viewFp } from '../../shares/field/memory.ts'
import { asShamirShare, type ShamirShare } from '../../shares/shamir.ts'

import type { PlainBeside, PlainColumn, PlainJoined } from './ideal.ts'
import { runAll, type TestCommittee } from './parties.ts'
import { openField, shareBits, shareField, withArena } from './sharing.ts'

/** planParams for a table; the members' histogram is taken from memberOfRow. */
export function paramsFor(
  n: number,
  chunks: readonly number[],
  memberOfRow: Uint32Array,
  chunksInFlight = 2,
): PlanParams {
  return {
    committee: { n, t: (n - 1) / 2 },
    security: 'passive',
    dataset: {
      name: 'trips',
      version: 1,
      chunks,
      rowsPerMember: classesOf(memberOfRow),
    },
    chunksInFlight,
    network: 'lan',
  }
}

/** How many members have how many rows. */
export function classesOf(memberOfRow: Uint32Array): [number, number][] {
  const rows = new Map<number, number>()
  for (const member of memberOfRow) rows.set(member, (rows.get(member) ?? 0) + 1)
  const classes = new Map<number, number>()
  for (const count of rows.values()) classes.set(count, (classes.get(count) ?? 0) + 1)
  return [...classes].toSorted(([a], [b]) => a - b)
}

/** What a party's share-node would deliver. Every call shares anew, in memory of the arena. */
export function plainSource(
  party: number,
  n: number,
  params: PlanParams,
  columns: Readonly<Record<string, PlainColumn>>,
  memberOfRow: Uint32Array,
  joined?: PlainJoined,
  beside: PlainBeside = {},
): ColumnSource {
  const columnOf = (dataset: string, column: string): PlainColumn =>
    (beside[dataset] ?? (joined === undefined ? columns : joined.columns[dataset]!))[column]!
  const rowsOf = <T>(dataset: string, all: readonly T[], batch: Batch): T[] => {
    const { chunks } = storedDatasets(params).find(({ name }) => name === dataset)!
    const first = chunks.slice(0, batch.firstChunk).reduce((sum, rows) => sum + rows, 0)
    return all.slice(first, first + batch.layout.lanes)
  }
  return {
    memberOfRow,
    ...(joined === undefined ? {} : { joinedMembers: joined.memberOfRow }),
    async bits({ dataset, column, planes, validity }, batch, arena) {
      const codes = rowsOf(dataset, columnOf(dataset, column).codes, batch)
      const plain = Array.from({ length: planes }, (_, i) =>
        codes.map((code) => Number((BigInt(code ?? 0) >> BigInt(i)) & 1n)),
      )
      if (validity) plain.push(codes.map((code) => (code === null ? 0 : 1)))
      // Every party splits alike (the randomness is seeded) and keeps its own part.
      return plain.map((bits, i) => {
        const seed = `${dataset}/${column}/${i}/${batch.index}`
        return shareBits(arena, n, bits, batch.layout, seed)[party - 1]!
      })
    },
    async field({ dataset, column }, batch, arena) {
      const stored = rowsOf(dataset, columnOf(dataset, column).values, batch)
      const values = stored.map((value) => BigInt(value ?? 0))
      return shareField(arena, n, values, `${dataset}/${column}/${batch.index}`)[party - 1]!
    },
  }
}

/** Executes and opens. */
export async function executeAll(
  { parties, network }: TestCommittee,
  plan: Plan,
  params: PlanParams,
  columns: Readonly<Record<string, PlainColumn>>,
  memberOfRow: Uint32Array,
  hooks: ExecuteHooks = {},
  joined?: PlainJoined,
  beside: PlainBeside = {},
): Promise<bigint[]> {
  const n = parties.length
  const outputs = await runAll(parties, network, (party) => {
    const source = plainSource(party.index, n, params, columns, memberOfRow, joined, beside)
    return execute(party, plan, params, source, hooks)
  })
  return withArena(async (arena) =>
    openField(
      arena,
      n,
      outputs.map((bytes) => placeShare(arena, bytes)),
    ),
  )
}

function placeShare(arena: Arena, bytes: Uint8Array): ShamirShare {
  const share = arena.elements(bytes.length / 8)
  viewFp(share).set(bytes)
  return asShamirShare(share)
}
