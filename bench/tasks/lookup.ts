/**
 * A join on a secret key: rows look for their district among 1,000, and what is found groups and is summed up; on re-shared
 * columns, whose shares are in memory when the clock starts.
 */
import { execute } from '../../protocol/execute.ts'
import { flatLayout } from '../../protocol/layout.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { planesOf } from '../../shares/column-codec.ts'
import type { Committee } from '../../shares/committee.ts'
import { newArena } from '../../shares/field/memory.ts'
import type { Schema } from '../../shares/schema.ts'
import { ownPlanes, publicWords } from '../public-data.ts'

import { ownSource } from './own-source.ts'
import { chunksOf, paramsFor, people } from './people.ts'
import type { People } from './people.ts'
import { openFieldEvidence } from './task.ts'
import type { NetworkClass, Task } from './task.ts'

/** That people may live in, and those of them that are known: every fourth row or so finds nothing. */
const DISTRICTS = 1300
const KNOWN = 1000
const REGIONS = 8

const SQL =
  'SELECT region, COUNT(*), SUM(income), SUM(rate) FROM people JOIN districts ON district = id GROUP BY region'

const PEOPLE: Schema = {
  dataset: 'people',
  member: 'member',
  kMin: 3,
  purposes: ['benchmark'],
  columns: [
    { name: 'district', type: 'integer', nullable: false, min: 0, max: DISTRICTS - 1 },
    { name: 'income', type: 'integer', nullable: false, min: 0, max: 1_000_000 },
  ],
}
const DISTRICT: Schema = {
  dataset: 'districts',
  member: 'office',
  kMin: 1,
  purposes: ['benchmark'],
  columns: [
    { name: 'id', type: 'integer', nullable: false, min: 0, max: DISTRICTS - 1, unique: true },
    { name: 'region', type: 'integer', nullable: false, min: 0, max: REGIONS - 1 },
    { name: 'rate', type: 'integer', nullable: false, min: 0, max: 99 },
  ],
}
const SCHEMAS = [PEOPLE, DISTRICT]

export const lookup: Task = {
  name: 'lookup',
  about: `rows of a table: COUNT, SUM by what each finds by key among ${KNOWN} others, kMin 3`,
  size: 100_000,
  async prepare(setting) {
    const table = tableOf(setting.size)
    const params = lookupParams(setting.committee, table, setting.network)
    const { plan } = await compile(SQL, SCHEMAS, params)
    const own = ownSource(setting, PEOPLE, table, params, plan)
    const arena = newArena()
    const beside = new Map(
      DISTRICT.columns.map((column) => {
        const values = districts()[column.name]!
        const label = `districts/${column.name}`
        const layout = flatLayout(KNOWN)
        const { committee, index } = setting
        const planes = planesOf(column)
        return [column.name, ownPlanes(arena, committee, index, values, planes, layout, label)]
      }),
    )
    const source: typeof own = {
      ...own,
      bits: (load, batch, into) =>
        load.dataset === DISTRICT.dataset
          ? Promise.resolve(beside.get(load.column)!)
          : own.bits(load, batch, into),
    }
    return {
      async run(party) {
        const shares = await execute(party, plan, params, source)
        return () => shares
      },
    }
  },
  async check(committee, size, evidence) {
    const table = tableOf(size)
    const { answer } = await compile(SQL, SCHEMAS, lookupParams(committee, table))
    const { rows } = evaluateAnswer(answer, openFieldEvidence(committee, evidence))
    const expected = JSON.stringify(plainAnswer(table))
    if (JSON.stringify(rows) !== expected) {
      throw new Error(`the answer is ${JSON.stringify(rows)}, not ${expected}`)
    }
  },
}

function lookupParams(committee: Committee, table: People, network?: NetworkClass) {
  const beside = {
    name: DISTRICT.dataset,
    version: 1,
    chunks: chunksOf(KNOWN),
    rowsPerMember: [[KNOWN, 1]] as const,
  }
  return { ...paramsFor(committee, table, network), beside: [beside] }
}

function tableOf(rows: number): People {
  const { columns, memberOfRow } = people(rows)
  const district = publicWords('people/district', rows).map((word) => word % DISTRICTS)
  return { columns: { ...columns, district }, memberOfRow }
}

/** In no order. */
function districts(): Readonly<Record<string, Uint32Array>> {
  const id = Uint32Array.from({ length: KNOWN }, (_, row) => (row * 7) % DISTRICTS)
  return {
    id,
    region: id.map((one) => one % REGIONS),
    rate: publicWords('districts/rate', KNOWN).map((word) => word % 100),
  }
}

/** What PostgreSQL would print for each region, all of which have members enough. */
function plainAnswer({ columns }: People): unknown[] {
  const { id, region, rate } = districts()
  const places = new Map([...id!].map((one, row) => [one, row]))
  const regions = Array.from({ length: REGIONS }, () => ({ count: 0, income: 0, rate: 0 }))
  columns['district']!.forEach((district, row) => {
    const place = places.get(district)
    if (place === undefined) return
    const found = regions[region![place]!]!
    found.count++
    found.income += columns['income']![row]!
    found.rate += rate![place]!
  })
  return regions.map((found, number) =>
    [number, found.count, found.income, found.rate].map((value) => ({ text: String(value) })),
  )
}
