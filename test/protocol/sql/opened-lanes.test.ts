/**
 * What leaves the network, by the shape of the plan: the querier gets whole sharings, so whatever it opens
 * must come out of a fresh re-sharing or be public; a value must be multiplied by the bit of the cohort that
 * its aggregate names, be that a public 1; and nothing is opened that no shown expression reads.
 */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import type { Operator, Plan, PlanParams } from '../../../protocol/plan.ts'
import type { AnswerSpec } from '../../../protocol/sql/answer-spec.ts'
import { aggregatesOf } from '../../../protocol/sql/answer-tree.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { membersOf, rowsOf, validatePlan } from '../../../protocol/validate-plan.ts'
import { printSeed, seed } from '../../seed.ts'

import { publicNumber, sourceOf } from './lane-source.ts'
import type { LaneSource } from './lane-source.ts'
import { randomQuery } from './random-query.ts'
import { randomTable } from './random-table.ts'

vi.setConfig({ testTimeout: 600_000 })

/** Operators whose shares are new polynomials, independent of those of their inputs. */
const FRESH: readonly Operator['kind'][] = ['bit-to-field', 'multiply', 'dot']

/** The opened lanes: cohort bits, and values. */
function opened(plan: Plan, params: PlanParams) {
  const output = plan.operators.at(-1)!
  if (output.kind !== 'output') throw new TypeError('no output')
  const shapes = validatePlan(plan, params)
  const [cohorts, values, ...more] = output.inputs.map((ref) =>
    Array.from({ length: shapes[ref.op]!.lanes }, (_, lane) => sourceOf(plan, ref, lane)),
  )
  expect(more).toEqual([])
  return { cohorts: cohorts!, values: values ?? [] }
}

/** What a value is multiplied by. */
function factorOf(plan: Plan, { operator, ref, lane }: LaneSource): LaneSource {
  if (operator.kind !== 'multiply') throw new TypeError('a value is opened without suppression')
  return sourceOf(plan, operator.pairs[ref.part]![1], lane)
}

/** Every lane that an aggregate of the answer reads, and under which cohorts. */
function readers(answer: AnswerSpec): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>()
  const specs = [...answer.cells, ...answer.order].flatMap(aggregatesOf)
  for (const { lanes } of answer.rows) {
    for (const { cohort, places } of specs) {
      for (const place of [cohort, ...Object.values(places)]) {
        const lane = lanes[place]!
        found.set(lane, (found.get(lane) ?? new Set()).add(lanes[cohort]!))
      }
    }
  }
  return found
}

test('every lane of a random query is fresh, masked by its own cohort, and read', async () => {
  printSeed('opened lanes')
  let [masked, open] = [0, 0]
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const { schema, params } = randomTable(g)
    const query = randomQuery(g, schema)
    const { plan, answer } = await compile(query.sql, schema, params)
    const { cohorts, values } = opened(plan, params)
    expect(cohorts.length + values.length).toBe(answer.lanes)
    if (answer.rows.length === 0) {
      // HAVING rules out every group for everybody to see: what is opened is public.
      for (const lane of [...cohorts, ...values]) expect(publicNumber(lane)).toBe('0')
      return
    }
    const read = readers(answer)
    for (const [lane, cohort] of cohorts.entries()) {
      expect([...(read.get(lane) ?? [])], `${query.sql}, cohort ${lane}`).toEqual([lane])
      if (publicNumber(cohort) === undefined) expect(FRESH).toContain(cohort.operator.kind)
      else expect(publicNumber(cohort)).toBeOneOf(['0', '1'])
    }
    for (const [k, value] of values.entries()) {
      const [own, ...others] = read.get(cohorts.length + k) ?? []
      expect(others).toEqual([])
      const cohort = cohorts[own!]!
      const bit = publicNumber(cohort)
      if (publicNumber(value) !== undefined) {
        // Public is what a cohort of nobody masks, and the number of all rows, or members, if all are shown.
        const publicSizes = [String(rowsOf(params)), String(membersOf(params))]
        // Of a condition that is the same whatever the row, and of an argument that has one value only.
        if (/bool_|every|mode|distinct/iu.test(query.sql)) publicSizes.push('0', '1')
        expect(publicNumber(value), query.sql).toBeOneOf(bit === '1' ? publicSizes : ['0'])
        expect(bit).toBeDefined()
        open++
        continue
      }
      expect(FRESH).toContain(value.operator.kind)
      const factor = factorOf(plan, value)
      if (bit === undefined) expect(factor, query.sql).toEqual(cohort)
      else expect([bit, publicNumber(factor)], query.sql).toEqual(['1', '1'])
      masked++
    }
  })
  await fc.assert(property, { numRuns: 150, seed, endOnFailure: true })
  expect(masked).toBeGreaterThan(300)
  expect(open).toBeGreaterThan(0)
})
