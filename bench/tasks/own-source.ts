/** A party's columns in memory: shares that it makes by itself of a table that all know. */
import type { ColumnSource } from '../../protocol/execute.ts'
import { batchesOf } from '../../protocol/layout.ts'
import type { Plan, PlanParams } from '../../protocol/plan.ts'
import { storedLoads, storedParams } from '../../protocol/sections.ts'
import { planesOf } from '../../shares/column-codec.ts'
import { newArena } from '../../shares/field/memory.ts'
import type { BitShare } from '../../shares/replicated.ts'
import type { Schema } from '../../shares/schema.ts'
import type { ShamirShare } from '../../shares/shamir.ts'
import { ownField, ownPlanes } from '../public-data.ts'

import type { People } from './people.ts'
import type { Setting } from './task.ts'

/** Shares of exactly the columns that the plan loads, in the layout of its batches. */
export function ownSource(
  { committee, index }: Setting,
  schema: Schema,
  table: People,
  params: PlanParams,
  plan: Plan,
): ColumnSource {
  const arena = newArena()
  const bits = new Map<string, readonly BitShare[]>()
  const field = new Map<string, ShamirShare>()
  for (const operator of storedLoads(plan)) {
    if (operator.kind === 'load-beside') continue
    const column = schema.columns.find(({ name }) => name === operator.column)!
    let first = 0
    for (const { index: batch, layout } of batchesOf(storedParams(plan, params))) {
      const values = table.columns[column.name]!.subarray(first, first + layout.lanes)
      const key = `${column.name}/${batch}`
      if (operator.kind === 'load-bits') {
        const planes = planesOf(column)
        bits.set(key, ownPlanes(arena, committee, index, values, planes, layout, key))
      } else {
        const elements = BigUint64Array.from(values, BigInt)
        field.set(key, ownField(arena, committee, index, elements, key))
      }
      first += layout.lanes
    }
  }
  return {
    memberOfRow: table.memberOfRow,
    bits: ({ column }, { index: batch }) => Promise.resolve(bits.get(`${column}/${batch}`)!),
    field: ({ column }, { index: batch }) => Promise.resolve(field.get(`${column}/${batch}`)!),
  }
}
