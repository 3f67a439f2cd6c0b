/**
 * A whole query on re-shared columns, as an MPC node runs it: compiled from SQL, every operator over the
 * overlay, ending with the shares that would be sealed to the querier. The columns' shares are in
 * memory when the clock starts.
 */
import { type ColumnSource, execute } from '../../protocol/execute.ts'
import { batchesOf } from '../../protocol/layout.ts'
import type { PlanParams } from '../../protocol/plan.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import { compile, type CompiledQuery } from '../../protocol/sql/compile.ts'
import { planesOf } from '../../shares/column-codec.ts'
import { newArena } from '../../shares/field/memory.ts'
import type { BitShare } from '../../shares/replicated.ts'
import type { ShamirShare } from '../../shares/shamir.ts'
import { ownField, ownPlanes } from '../public-data.ts'

import { paramsFor, people, SCHEMA } from './people.ts'
import type { People } from './people.ts'
import { openFieldEvidence } from './task.ts'
import type { Setting, Task } from './task.ts'

export const SQL =
  'SELECT SUM(income), COUNT(*) FROM people WHERE city = 3 AND age >= 30 AND age < 50'

export const query: Task = {
  name: 'query',
  about: 'rows of a table: SUM, COUNT with a filter on two columns, kMin 10',
  size: 1_000_000,
  async prepare(setting) {
    const table = people(setting.size)
    const params = paramsFor(setting.committee, table, setting.network)
    const { plan } = await compile(SQL, SCHEMA, params)
    const source = ownSource(setting, table, params, plan)
    return {
      async run(party) {
        const shares = await execute(party, plan, params, source)
        return () => shares
      },
    }
  },
  async check(committee, size, evidence) {
    const table = people(size)
    const { answer } = await compile(SQL, SCHEMA, paramsFor(committee, table))
    const { rows } = evaluateAnswer(answer, openFieldEvidence(committee, evidence))
    const expected = JSON.stringify([plainAnswer(table)])
    if (JSON.stringify(rows) !== expected) {
      throw new Error(`the answer is ${JSON.stringify(rows)}, not ${expected}`)
    }
  },
}

/** Shares of exactly the columns that the plan loads, in the layout of its batches. */
export function ownSource(
  { committee, index }: Setting,
  table: People,
  params: PlanParams,
  plan: CompiledQuery['plan'],
): ColumnSource {
  const arena = newArena()
  const bits = new Map<string, readonly BitShare[]>()
  const field = new Map<string, ShamirShare>()
  for (const operator of plan.operators) {
    if (operator.kind !== 'load-bits' && operator.kind !== 'load-field') continue
    const column = SCHEMA.columns.find(({ name }) => name === operator.column)!
    let first = 0
    for (const { index: batch, layout } of batchesOf(params)) {
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

/** What PostgreSQL would print, or that it is withheld. */
function plainAnswer({ columns, memberOfRow }: People): unknown {
  const { city, age, income } = columns
  const members = new Set<number>()
  let sum = 0
  let count = 0
  memberOfRow.forEach((member, row) => {
    if (city![row] !== 3 || age![row]! < 30 || age![row]! >= 50) return
    members.add(member)
    sum += income![row]!
    count++
  })
  const shown = members.size >= SCHEMA.kMin
  return [sum, count].map((value) => (shown ? { text: String(value) } : { suppressed: true }))
}
