/** The tuning of counts and selections is the best of all that are possible. */
import { describe, expect, test } from 'vitest'

import { schedule } from '../../../protocol/cost.ts'
import type { PlanParams } from '../../../protocol/plan.ts'
import { possibleAddingRounds, selectTuning } from '../../../protocol/sql/count-tuning.ts'
import { networkSeconds } from '../../../protocol/sql/network-model.ts'

import { PARAMS } from './trips-schema.ts'

const paramsOf = (rows: number, network: PlanParams['network']): PlanParams => ({
  ...PARAMS,
  network,
  dataset: {
    ...PARAMS.dataset,
    chunks: Array.from({ length: Math.ceil(rows / 50_000) }, () => Math.min(rows, 50_000)),
    rowsPerMember: [[2, rows / 2]],
  },
})

/** Seconds of a selection of the median with this tuning, in a plan that converts its digits afterwards. */
function secondsOf(params: PlanParams, digit: number, addingRounds: number): number {
  const planes = Array.from({ length: 12 }, (_, part) => ({ op: 0, part }))
  const cost = schedule(
    {
      version: 1,
      operators: [
        { kind: 'load-bits', dataset: 'trips', column: 'any', planes: 12, validity: true },
        {
          kind: 'select',
          choices: [{ planes, among: { op: 0, part: 12 }, times: 1, plus: 1, over: 2 }],
          digit,
          addingRounds,
        },
        { kind: 'bit-to-field', inputs: planes.map(({ part }) => ({ op: 1, part })) },
        { kind: 'output', inputs: planes.map(({ part }) => ({ op: 2, part })) },
      ],
    },
    params,
  )
  const own = cost.rounds.filter((round) => round.some(({ op }) => op === 1))
  return networkSeconds({ ...cost, rounds: own }, params.network)
}

describe.each(['loopback', 'lan', 'wan'] as const)('%s', (network) => {
  test.each([1000, 50_000, 1_000_000])('%i rows: no other tuning is better', (rows) => {
    const params = paramsOf(rows, network)
    const { value, choice } = selectTuning(params, 'rows', 1, 12)
    const best = secondsOf(params, value.digit, value.addingRounds)
    expect(choice!.chosen.seconds).toBe(best)
    for (const digit of [1, 2, 3, 4]) {
      for (const addingRounds of possibleAddingRounds(params, 'rows', 1)) {
        expect(secondsOf(params, digit, addingRounds)).toBeGreaterThanOrEqual(best)
      }
    }
  })
})

test('larger digits for few rows and dear rounds, more adders for many rows', () => {
  const few = selectTuning(paramsOf(1000, 'wan'), 'rows', 1, 32).value
  const many = selectTuning(paramsOf(10_000_000, 'lan'), 'rows', 1, 32).value
  expect(few).toEqual({ digit: 4, addingRounds: 0 })
  expect(many.digit).toBeLessThan(few.digit)
  expect(many.addingRounds).toBeGreaterThan(few.addingRounds + 3)
})

test('counts of members are of members', () => {
  const params = paramsOf(100_000, 'lan')
  expect(possibleAddingRounds(params, 'members', 1).length).toBeLessThan(
    possibleAddingRounds(params, 'rows', 1).length,
  )
  expect(selectTuning(params, 'members', 2, 8).value.digit).toBeGreaterThan(1)
})

test('what does not fit into memory is not possible', () => {
  const params = paramsOf(10_000_000, 'lan')
  expect(possibleAddingRounds(params, 'rows', 1)[0]).toBe(0)
  expect(possibleAddingRounds(params, 'rows', 100)[0]).toBeGreaterThan(5)
  expect(possibleAddingRounds(params, 'rows', 1e9)).toHaveLength(1)
})
