/**
 * Plans of these queries must not change by accident: nodes of different versions would refuse each other's
 * plans, and sealed results could not be delivered again. Who changes the planner on purpose takes the new
 * hashes over.
 */
import { expect, test, vi } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

vi.setConfig({ testTimeout: 120_000 })

test.each([
  [
    'SELECT COUNT(*) FROM trips',
    '9716235e67b5023218cfd95f47c8f824ecfb0fd8d70657190b89bcf62d39f23a',
  ],
  [
    'SELECT borough, AVG(fare) FROM trips WHERE tip > 1 GROUP BY borough',
    'c4685f11d21fb9e47f2de7de21dbbc43d2440790a0962c4536cd010b78408f57',
  ],
  [
    "SELECT SUM(fare), COUNT(passengers) FROM trips WHERE borough IN ('Queens', 'Bronx')",
    'dc340efcbba7375270aecf8055c933a4175be6855a9e76fc023f0c7cb04fda23',
  ],
  [
    'SELECT AVG(fare) FROM trips WHERE fare < tip OR shared IS NULL',
    '5aa4f66d53d94d93607ae3466fb0402bbf7928f4f547c2f24f35ff08b0185fae',
  ],
])('%s', async (sql, planHash) => {
  expect((await compile(sql, TRIPS, PARAMS)).planHash).toBe(planHash)
})
