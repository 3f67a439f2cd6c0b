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
    '1c844e89d06b7741e504ee7172d764d963db52407a0f117e1de46f05514e47a8',
  ],
  [
    'SELECT borough, AVG(fare) FROM trips WHERE tip > 1 GROUP BY borough',
    '435a69b16899e8f0584302ed4715973326f0e289cee2bc82253a514e4bf8c51b',
  ],
  [
    "SELECT SUM(fare), COUNT(passengers) FROM trips WHERE borough IN ('Queens', 'Bronx')",
    '08c02cc6e4405eb591c7d4f18ceab272d8b0964129f3883eaee26422e45c4728',
  ],
  [
    'SELECT AVG(fare) FROM trips WHERE fare < tip OR shared IS NULL',
    '785f6cc856b2f72ac389f35891aa2418a4764685f7c82b7073daf0fb029094e2',
  ],
])('%s', async (sql, planHash) => {
  expect((await compile(sql, TRIPS, PARAMS)).planHash).toBe(planHash)
})
