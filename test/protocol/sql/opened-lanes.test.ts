/**
 * What leaves the network, by the shape of the plan: the querier gets whole sharings, so whatever it opens
 * must come out of a fresh re-sharing; a value must be multiplied by the bit of the cohort that its
 * aggregate names; and nothing is opened that no shown expression reads.
 */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import type { Operator, Plan, Ref } from '../../../protocol/plan.ts'
import type { AnswerSpec } from '../../../protocol/sql/answer-spec.ts'
import { aggregatesOf } from '../../../protocol/sql/answer-tree.ts'
import { compile } from '../../../protocol/sql/compile.ts'

import { randomQuery } from './random-query.ts'
import { randomTable } from './random-table.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Operators whose shares are new polynomials, independent of those of their inputs. */
const FRESH: readonly Operator['kind'][] = ['bit-to-field', 'multiply', 'dot']

const operatorOf = (plan: Plan, { op }: Ref): Operator => plan.operators[op]!

/** The opened vectors: cohort bits, and values times bits. */
function opened(plan: Plan): { readonly cohorts: Ref; readonly masked: Ref } {
  const output = plan.operators.at(-1)!
  if (output.kind !== 'output') throw new TypeError('no output')
  const [cohorts, masked, ...more] = output.inputs
  expect(more).toEqual([])
  return { cohorts: cohorts!, masked: masked! }
}

/** For each value lane, the lane of the cohort bits that it is multiplied by. */
function maskOf(plan: Plan, masked: Ref, cohorts: Ref): number[] {
  const product = operatorOf(plan, masked)
  if (product.kind !== 'multiply') throw new TypeError('values are opened without suppression')
  const [, bits] = product.pairs[masked.part]!
  const gather = operatorOf(plan, bits)
  if (gather.kind !== 'gather') throw new TypeError('values are not multiplied by gathered bits')
  return gather.lanes.map(({ from, lane }) => {
    expect(from).toEqual(cohorts)
    return lane
  })
}

/** Every lane that an aggregate of the answer reads, and under which cohorts. */
function readers(answer: AnswerSpec): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>()
  for (const { cells, order } of answer.rows) {
    for (const spec of [...cells, ...order].flatMap(aggregatesOf)) {
      for (const lane of [spec.cohort, spec.count, spec.sum, spec.sumSquares]) {
        if (lane === undefined) continue
        found.set(lane, (found.get(lane) ?? new Set()).add(spec.cohort))
      }
    }
  }
  return found
}

test('every lane of a random query is fresh, masked by its own cohort, and read', async () => {
  let values = 0
  const property = fc.asyncProperty(fc.gen(), async (g) => {
    const { schema, params } = randomTable(g)
    const query = randomQuery(g, schema)
    const { plan, answer } = await compile(query.sql, schema, params)
    const { cohorts, masked } = opened(plan)
    for (const ref of [cohorts, masked]) {
      expect(FRESH, query.sql).toContain(operatorOf(plan, ref).kind)
    }
    const masks = maskOf(plan, masked, cohorts)
    const first = answer.lanes - masks.length
    const read = readers(answer)
    for (let lane = 0; lane < answer.lanes; lane++) {
      const own = lane < first ? lane : masks[lane - first]!
      expect([...(read.get(lane) ?? [])], `${query.sql}, lane ${lane}`).toEqual([own])
    }
    values += masks.length
  })
  await fc.assert(property, { numRuns: 150 })
  expect(values).toBeGreaterThan(300)
})
