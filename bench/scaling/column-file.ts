/**
 * One party's shares of the columns that a plan loads, in a file, batch by batch in the plan's layout:
 * what takes memory while a plan runs is then the engine's, as when columns stream in from share-nodes.
 * Reading (from the page cache, a copy into kernel memory) counts as the engine's time; it is little.
 */
import { mkdtempSync, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ColumnSource } from '../../protocol/execute.ts'
import { batchesOf } from '../../protocol/layout.ts'
import type { Operator, Plan, PlanParams } from '../../protocol/plan.ts'
import { storedParams } from '../../protocol/sections.ts'
import { planesOf } from '../../shares/column-codec.ts'
import type { Committee } from '../../shares/committee.ts'
import { newArena, view, viewFp } from '../../shares/field/memory.ts'
import { newBitShare, wholeBlock } from '../../shares/replicated.ts'
import { asShamirShare } from '../../shares/shamir.ts'
import { Child } from '../child-process.ts'
import { ownField, ownPlanes } from '../public-data.ts'

import type { ColumnMaker } from './column-maker.ts'
import { codesOf, SURVEY } from './survey.ts'

/** Whose shares of what. */
export interface ColumnsWanted {
  readonly committee: Committee
  readonly index: number
  readonly plan: Plan
  readonly params: PlanParams
}

type Load = Extract<Operator, { kind: 'load-bits' | 'load-field' }>

interface Segment {
  readonly kind: Load['kind']
  readonly column: string
  readonly batch: number
  /** Of the file. */
  readonly offset: number
  readonly bytes: number
}

/** The file's content, in order. */
function segmentsOf({ committee, index, plan, params }: ColumnsWanted): Segment[] {
  const loads = new Map<string, Load>()
  for (const operator of plan.operators) {
    if (operator.kind !== 'load-bits' && operator.kind !== 'load-field') continue
    loads.set(`${operator.kind}/${operator.column}`, operator)
  }
  const components = committee.held[index - 1]!.length
  let offset = 0
  return batchesOf(storedParams(plan, params)).flatMap(({ index: batch, layout }) =>
    [...loads.values()].map((load) => {
      const { kind, column } = load
      const bytes =
        kind === 'load-bits' ? load.planes * components * layout.planeBytes : 8 * layout.lanes
      const segment = { kind, column, batch, offset, bytes }
      offset += bytes
      return segment
    }),
  )
}

/** Writes the file. Runs in a process of its own, since memory that it took stays with the process. */
export function writeColumns(path: string, wanted: ColumnsWanted): void {
  const { committee, index, plan, params } = wanted
  const file = openSync(path, 'wx', 0o600)
  const batches = batchesOf(storedParams(plan, params))
  const firstRows = batches.map((_, k) =>
    batches.slice(0, k).reduce((rows, { layout }) => rows + layout.lanes, 0),
  )
  for (const { kind, column: name, batch, offset } of segmentsOf(wanted)) {
    const arena = newArena()
    const { layout } = batches[batch]!
    const codes = codesOf(name, firstRows[batch]!, layout.lanes)
    const label = `${name}/${batch}`
    let at = offset
    const write = (bytes: Uint8Array): void => {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(file, bytes, done, bytes.length - done, at + done)
      }
      at += bytes.length
    }
    if (kind === 'load-bits') {
      const planes = planesOf(SURVEY.columns.find((column) => column.name === name)!)
      const shares = ownPlanes(arena, committee, index, codes, planes, layout, label)
      for (const share of shares) write(view(wholeBlock(share)))
    } else {
      const elements = BigUint64Array.from(codes, BigInt)
      write(viewFp(ownField(arena, committee, index, elements, label)))
    }
    arena.release()
  }
}

/** Lies beside the bundle that this runs in: fleet.ts has put it there. */
const MAKER = join(import.meta.dirname, 'bench-scaling-column-maker.mjs')

/** Makes the columns and opens them. The file has no name any more: it goes with the process. */
export async function openColumns(
  wanted: ColumnsWanted,
  members: Uint32Array,
): Promise<ColumnSource> {
  const folder = mkdtempSync(join(tmpdir(), 'sharehold-bench-'))
  const maker = new Child<ColumnMaker>('column maker', MAKER)
  let file: number
  try {
    const path = join(folder, 'columns')
    await maker.ask('make', { path, wanted })
    file = openSync(path, 'r')
    unlinkSync(path)
  } finally {
    await maker.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return sourceOf(file, wanted, members)
}

function sourceOf(file: number, wanted: ColumnsWanted, members: Uint32Array): ColumnSource {
  const key = (kind: Load['kind'], column: string, batch: number): string =>
    `${kind}/${column}/${batch}`
  const segments = new Map(
    segmentsOf(wanted).map((one) => [key(one.kind, one.column, one.batch), one]),
  )
  const read = (out: Uint8Array, offset: number): void => {
    for (let done = 0; done < out.length;) {
      const bytes = readSync(file, out, done, out.length - done, offset + done)
      if (bytes === 0) throw new Error('the column file is too short')
      done += bytes
    }
  }
  return {
    memberOfRow: members,
    async bits({ column, planes }, { index, layout }, arena) {
      const { offset } = segments.get(key('load-bits', column, index))!
      return Array.from({ length: planes }, (_, k) => {
        const share = newBitShare(arena, wanted.committee, layout.planeBytes)
        const block = wholeBlock(share)
        read(view(block), offset + k * block.bytes)
        return share
      })
    },
    async field({ column }, { index, layout }, arena) {
      const share = arena.elements(layout.lanes)
      read(viewFp(share), segments.get(key('load-field', column, index))!.offset)
      return asShamirShare(share)
    },
  }
}
