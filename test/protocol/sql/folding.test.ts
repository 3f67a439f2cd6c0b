/** What need not be computed is not: constants fold, and what is the same is computed once. By AND counts. */
import { describe, expect, test, vi } from 'vitest'

import { bytesSent, schedule } from '../../../protocol/cost.ts'
import type { PlanParams } from '../../../protocol/plan.ts'
import { evaluateAnswer } from '../../../protocol/sql/answer.ts'
import { compile } from '../../../protocol/sql/compile.ts'
import { testCommittee } from '../parties.ts'
import { executeAll } from '../run-plan.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

vi.setConfig({ testTimeout: 120_000 })

async function costOf(sql: string, params = PARAMS) {
  const { plan } = await compile(sql, TRIPS, params)
  const cost = schedule(plan, params)
  const loads = plan.operators.flatMap((operator) =>
    operator.kind === 'load-bits' || operator.kind === 'load-field'
      ? [`${operator.kind} ${operator.column}`]
      : [],
  )
  return {
    ands: cost.andGates,
    rounds: cost.rounds.length,
    bytes: Math.max(0, ...bytesSent(cost)),
    loads,
    kinds: plan.operators.map(({ kind }) => kind),
  }
}

const FROM = 'SELECT COUNT(*), SUM(tip) FROM trips'

test('what only a HAVING reads that is true for everybody to see is not computed, nor opened', async () => {
  const { planHash } = await compile('SELECT COUNT(*) FROM trips', TRIPS, PARAMS)
  const having = `SELECT COUNT(*) FROM trips HAVING AVG(fare) FILTER (WHERE shared) > 3 OR TRUE`
  expect((await compile(having, TRIPS, PARAMS)).planHash).toBe(planHash)
})

describe('conditions that say the same cost the same', () => {
  test.each([
    ['tip > 3', 'NOT NOT tip > 3'],
    ['tip > 3', 'tip > 3 AND tip > 3'],
    ['tip > 3', 'tip > 3 OR NOT tip <= 3'],
    ['tip > 3', 'tip > 3 AND (tip > 3 OR shared)'],
    ['tip > 3', 'tip > 3 OR (tip > 3 AND fare < 5)'],
    ['tip > 3', 'tip > 3 AND tip >= 0'],
    ['tip > 3', 'tip > 3 AND (fare < tip OR fare >= tip OR fare IS NULL)'],
    ['tip > 3', '(tip > 3 AND passengers < 7) OR (tip > 3 AND NOT passengers < 7)'],
    ['fare < tip', 'fare < tip AND tip > fare'],
    ['fare < tip', 'fare < tip AND NOT fare >= tip'],
    ['fare < tip', "(payment = 'cash' AND fare < tip) OR (tip > fare AND payment <> 'cash')"],
    ["borough = 'Queens'", "borough = 'Queens' AND borough IN ('Queens', 'Bronx')"],
    ["borough = 'Queens'", "borough = 'Queens' OR borough = 'Queens'"],
    ['shared', 'shared AND passengers BETWEEN 0 AND 9'],
  ])('%s, and %s', async (plain, roundabout) => {
    const [one, other] = [
      await costOf(`${FROM} WHERE ${plain}`),
      await costOf(`${FROM} WHERE ${roundabout}`),
    ]
    expect(other.ands).toBe(one.ands)
    expect(other.bytes).toBe(one.bytes)
    expect(other.loads).toEqual(one.loads)
  })

  test('a second aggregate over the same rows, a second column of the same, cost nothing', async () => {
    const one = await costOf('SELECT AVG(tip) FROM trips WHERE fare < tip')
    const two = await costOf(
      'SELECT AVG(tip), SUM(tip), COUNT(*), COUNT(tip) FROM trips WHERE fare < tip',
    )
    expect(two).toEqual(one)
    const columns = await costOf('SELECT AVG(tip), AVG(passengers) FROM trips WHERE fare < tip')
    expect(columns.ands).toBe(one.ands)
  })
})

describe('conditions that are always true, or never', () => {
  const ALWAYS = ['tip >= 0', 'tip = tip', '1 = 1', 'shared OR NOT shared OR shared IS NULL']

  test.each(ALWAYS)('%s: nothing is computed but the sum', async (condition) => {
    const cost = await costOf(`${FROM} WHERE ${condition}`)
    expect(cost).toMatchObject({ ands: 0, rounds: 1, bytes: 8, loads: ['load-field tip'] })
    expect(cost).toEqual(await costOf(FROM))
  })

  test('the number of all rows is public: no column is read, nothing is sent', async () => {
    expect(await costOf('SELECT COUNT(*) FROM trips')).toEqual({
      ands: 0,
      rounds: 0,
      bytes: 0,
      loads: [],
      kinds: ['constant', 'constant', 'output'],
    })
  })

  test.each(['tip < 0', 'tip <> tip', 'shared AND NOT shared', 'fare IS NULL AND fare > 1'])(
    '%s: nothing is computed at all',
    async (condition) => {
      const cost = await costOf(`${FROM} WHERE ${condition}`)
      expect(cost).toMatchObject({ ands: 0, rounds: 0, loads: [] })
    },
  )

  test('a column that folds away is not loaded', async () => {
    const { loads } = await costOf(
      `${FROM} WHERE shared AND (fare < tip OR fare >= tip OR fare IS NULL)`,
    )
    expect(loads).toEqual(['load-bits shared', 'load-field tip'])
  })
})

describe('answers of what is folded', () => {
  const ROWS = 40
  const params = (members: number): PlanParams => ({
    ...PARAMS,
    dataset: { ...PARAMS.dataset, chunks: [ROWS], rowsPerMember: [[ROWS / members, members]] },
  })
  const columns = {
    tip: {
      codes: Array.from({ length: ROWS }, (_, row) => row * 10),
      values: Array.from({ length: ROWS }, (_, row) => row * 10),
    },
  }

  async function ask(sql: string, members: number): Promise<unknown> {
    const memberOfRow = Uint32Array.from({ length: ROWS }, (_, row) => row % members)
    const { plan, answer } = await compile(sql, TRIPS, params(members))
    const committee = await testCommittee(3)
    const lanes = await executeAll(committee, plan, params(members), columns, memberOfRow)
    return evaluateAnswer(answer, lanes).rows
  }

  test.each([
    // kMin is 3.
    [10, [[{ text: '40' }, { text: '78.00' }]]],
    [2, [[{ suppressed: true }, { suppressed: true }]]],
  ])('%i members', async (members, rows) => {
    expect(await ask('SELECT COUNT(*), SUM(tip) FROM trips', members)).toEqual(rows)
  })

  test('of nobody', async () => {
    const rows = [[{ suppressed: true }, { suppressed: true }]]
    expect(await ask('SELECT COUNT(*), SUM(tip) FROM trips WHERE tip < 0', 10)).toEqual(rows)
  })
})
