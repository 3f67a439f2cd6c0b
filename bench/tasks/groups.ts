/** COUNT and SUM of 65,536 groups by sort, on re-shared columns; columns' shares are in memory when the clock starts. */
import { execute } from '../../protocol/execute.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import { compile } from '../../protocol/sql/compile.ts'
import type { Schema } from '../../shares/schema.ts'
import { publicWords } from '../public-data.ts'

import { ownSource } from './own-source.ts'
import { paramsFor, people } from './people.ts'
import type { People } from './people.ts'
import { openFieldEvidence } from './task.ts'
import type { Task } from './task.ts'

const DISTRICTS = 4096
const CITIES = 16

const SQL = 'SELECT district, city, COUNT(*), SUM(income) FROM people GROUP BY district, city'

const SCHEMA: Schema = {
  dataset: 'people',
  member: 'member',
  kMin: 3,
  purposes: ['benchmark'],
  columns: [
    { name: 'district', type: 'integer', nullable: false, min: 0, max: DISTRICTS - 1 },
    { name: 'city', type: 'integer', nullable: false, min: 0, max: CITIES - 1 },
    { name: 'income', type: 'integer', nullable: false, min: 0, max: 1_000_000 },
  ],
}

export const groups: Task = {
  name: 'groups',
  about: 'rows of a table: COUNT, SUM for each of 65,536 groups, kMin 3',
  size: 100_000,
  async prepare(setting) {
    const table = tableOf(setting.size)
    const params = paramsFor(setting.committee, table, setting.network)
    const { plan } = await compile(SQL, SCHEMA, params)
    const source = ownSource(setting, SCHEMA, table, params, plan)
    return {
      async run(party) {
        const shares = await execute(party, plan, params, source)
        return () => shares
      },
    }
  },
  async check(committee, size, evidence) {
    const table = tableOf(size)
    const { answer } = await compile(SQL, SCHEMA, paramsFor(committee, table))
    const { rows } = evaluateAnswer(answer, openFieldEvidence(committee, evidence))
    const expected = plainAnswer(table)
    rows.forEach((row, group) => {
      if (JSON.stringify(row) !== JSON.stringify(expected[group])) {
        throw new Error(`group ${group} is ${JSON.stringify(row)}`)
      }
    })
  },
}

function tableOf(rows: number): People {
  const { columns, memberOfRow } = people(rows)
  const district = publicWords('people/district', rows).map((word) => word % DISTRICTS)
  return { columns: { ...columns, district }, memberOfRow }
}

/** What PostgreSQL would print for each group, or that it is withheld. */
function plainAnswer({ columns, memberOfRow }: People): unknown[] {
  const { district, city, income } = columns
  const found = Array.from({ length: DISTRICTS * CITIES }, () => ({
    members: new Set<number>(),
    count: 0,
    sum: 0,
  }))
  memberOfRow.forEach((member, row) => {
    const group = found[district![row]! * CITIES + city![row]!]!
    group.members.add(member)
    group.count++
    group.sum += income![row]!
  })
  return found.map(({ members, count, sum }, group) => [
    { text: String(Math.floor(group / CITIES)) },
    { text: String(group % CITIES) },
    ...[count, sum].map((value) =>
      members.size >= SCHEMA.kMin ? { text: String(value) } : { suppressed: true },
    ),
  ])
}
