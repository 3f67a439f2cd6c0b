/**
 * Plans of these queries must not change by accident: nodes of different versions would refuse each other's
 * plans, sealed results could not be delivered again, and entries of the ledger not be audited. Who changes the
 * planner on purpose takes the new hashes over, and counts PLANNER_VERSION up if there was a release since it was.
 */
import { expect, test, vi } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'

import { PARAMS, TRIPS } from './trips-schema.ts'

vi.setConfig({ testTimeout: 120_000 })

test.each([
  [
    'SELECT COUNT(*) FROM trips',
    'd5756d326c4575237bfafd717a356df02cfc9f51e5a2abc380ebd4c39ce6c47f',
  ],
  [
    'SELECT borough, AVG(fare) FROM trips WHERE tip > 1 GROUP BY borough',
    'cc349f829cb69721e2c77ea1fdc2cc9607aef31683f383cd6a3a5e9a971f6e91',
  ],
  [
    "SELECT SUM(fare), COUNT(passengers) FROM trips WHERE borough IN ('Queens', 'Bronx')",
    '696ddc6a65369870b20dd9562c6e79137fbc3773e2ff8777d60f593eaeaebc5e',
  ],
  [
    'SELECT AVG(fare) FROM trips WHERE fare < tip OR shared IS NULL',
    '8bc040603768e1ef8de5e7cc46949b57576f8c16e9acbe9402127cd94afb170e',
  ],
])('%s', async (sql, planHash) => {
  expect((await compile(sql, TRIPS, PARAMS)).planHash).toBe(planHash)
})
