/**
 * A whole query on re-shared columns, as an MPC node runs it: compiled from SQL, every operator over the
 * overlay, ending with the shares that would be sealed to the querier. The columns' shares are in
 * memory when the clock starts.
 */
import { execute } from '../../protocol/execute.ts'
import { evaluateAnswer } from '../../protocol/sql/answer.ts'
import { compile } from '../../protocol/sql/compile.ts'

import { ownSource } from './own-source.ts'
import { paramsFor, people, SCHEMA } from './people.ts'
import type { People } from './people.ts'
import { openFieldEvidence } from './task.ts'
import type { Task } from './task.ts'

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
    const source = ownSource(setting, SCHEMA, table, params, plan)
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
