/**
 * Which groups are empty for everybody to see, and that what is suppressed does not depend on the way that the
 * planner takes to the groups.
 */
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'

import { answerGroups } from '../../../protocol/sql/answer-groups.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import { bindSelect } from '../../../protocol/sql/bind.ts'
import { emptyGroups } from '../../../protocol/sql/empty-groups.ts'
import { loadParser, parseSelect } from '../../../protocol/sql/parse.ts'
import { planQuery } from '../../../protocol/sql/plan.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import { printSeed, seed } from '../../seed.ts'
import { idealExecute } from '../ideal.ts'

import { HOMES, RIDERS } from './joined-tables.ts'
import { plainColumns, randomTable } from './random-table.ts'
import { sortableQuery } from './sortable-query.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'

vi.setConfig({ testTimeout: 240_000 })

beforeAll(async () => {
  await loadParser()
})

/** The keys of the groups that are empty, aggregate by aggregate. */
function emptyOf(sql: string): string[] {
  const query = bindSelect(parseSelect(sql), [TRIPS], PARAMS)
  const groups = answerGroups(query)
  return emptyGroups(query, groups).map((rows) =>
    groups
      .filter((_, row) => rows[row])
      .map(({ keys }) => keys.map((key) => key ?? 'NULL').join('/'))
      .join(' '),
  )
}

describe('empty for everybody to see', () => {
  test.each([
    // What WHERE and FILTER say about a key.
    ['COUNT(*) FROM trips GROUP BY shared', ['']],
    ['COUNT(*) FROM trips WHERE shared GROUP BY shared', ['f NULL']],
    ['COUNT(*), COUNT(*) FILTER (WHERE NOT shared) FROM trips GROUP BY shared', ['', 't NULL']],
    ["COUNT(*) FROM trips WHERE payment <> 'cash' AND fare > 3 GROUP BY payment", ['cash']],
    ["COUNT(*) FROM trips WHERE payment = 'cash' OR fare > 3 GROUP BY payment", ['']],
    ['COUNT(*) FROM trips WHERE (shared = (fare > 3)) IS TRUE GROUP BY shared', ['NULL']],
    ['COUNT(*) FROM trips WHERE shared IS NULL AND shared GROUP BY payment', ['cash credit card']],
    // An argument that is NULL.
    ['SUM(fare) FROM trips WHERE fare IS NULL GROUP BY payment', ['cash credit card']],
    ['COUNT(shared), COUNT(*) FROM trips GROUP BY shared', ['NULL', '']],
    ['BOOL_OR(shared) FROM trips GROUP BY shared', ['NULL']],
    ['COUNT(passengers + CASE WHEN shared THEN 1 END) FROM trips GROUP BY shared', ['f NULL']],
    // Always false or unknown, and never true: unknown where `shared` is true. Seed 662473167.
    ['EVERY(pickup < NULL AND FALSE <> shared) FROM trips GROUP BY shared', ['t NULL']],
    // Keys that are computed from one column.
    [
      'COUNT(*) FROM trips WHERE passengers > 6 GROUP BY passengers / 4, passengers > 3',
      ['0/f 0/t 1/f 2/f'],
    ],
    [
      "COUNT(*) FROM trips WHERE day < '2019-03-01' GROUP BY EXTRACT(quarter FROM day)",
      ['2 3 4 NULL'],
    ],
    // Groups of coarser groupings know less.
    [
      'COUNT(*) FROM trips WHERE shared GROUP BY ROLLUP (shared, payment)',
      ['f/cash f/credit card NULL/cash NULL/credit card f/NULL NULL/NULL'],
    ],
  ])('SELECT %s', (sql, empty) => {
    expect(emptyOf(`SELECT ${sql}`)).toEqual(empty)
  })
})

test('where a join leaves a column NULL that never is, all columns of its dataset are', async () => {
  const sql =
    'SELECT COUNT(*), COUNT(rooms), COUNT(born), COUNT(homes.borough) ' +
    'FROM riders LEFT JOIN homes USING (rider) GROUP BY homes.borough'
  const sizes = [RIDERS, HOMES].map(({ dataset }) => ({
    name: dataset,
    version: 1,
    chunks: [50],
    rowsPerMember: [[1, 50]] as const,
  }))
  const arranged = await arrangeDatasets(sql, [RIDERS, HOMES], sizes)
  const query = bindSelect(parseSelect(sql), [RIDERS, HOMES], { ...PARAMS, ...arranged })
  const groups = answerGroups(query)
  const ofNull = groups.findIndex(({ keys }) => keys[0] === null)
  expect(emptyGroups(query, groups).map((rows) => rows[ofNull])).toEqual([false, true, false, true])
  expect(emptyGroups(query, groups).flatMap((rows) => rows.slice(0, ofNull))).not.toContain(true)
})

test('planes and sort suppress the same', () => {
  printSeed('empty groups')
  let suppressed = 0
  const property = fc.property(fc.gen(), (g) => {
    const made = randomTable(g)
    const table = { ...made, schema: { ...made.schema, kMin: g(fc.constantFrom, 2, 3) } }
    const { schema, params, memberOfRow } = table
    for (let i = 0; i < 3; i++) {
      const { query, bound } = sortableQuery(g, schema, params)
      const [planes, sort] = (['one-hot', 'sort'] as const).map((way) => {
        const { plan, answer } = planQuery(bound, params, [way])
        try {
          return evaluateAnswer(
            answer,
            idealExecute(plan, params, plainColumns(table), memberOfRow),
          )
        } catch (error) {
          if (error instanceof ShareholdError) return error.code
          throw error
        }
      })
      expect(sort, query.sql).toEqual(planes)
      if (typeof sort === 'object') {
        suppressed += sort.rows.flat().filter((cell) => 'suppressed' in cell).length
      }
    }
  })
  fc.assert(property, { numRuns: 40, seed, endOnFailure: true })
  expect(suppressed).toBeGreaterThan(30)
})
