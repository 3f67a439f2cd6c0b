/** The compiler against PostgreSQL (oracle-property.ts): 2,000 random queries. The seed is printed; SEED=… repeats a run. */
import { afterAll, beforeAll, test, vi } from 'vitest'

import { printSeed, seed } from '../../seed.ts'

import { compareWithPostgres } from './oracle-property.ts'
import { startOracle } from './postgres-oracle.ts'
import type { Oracle } from './postgres-oracle.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 3_600_000, hookTimeout: 600_000 })

let oracle: Oracle

beforeAll(async () => {
  oracle = await startOracle()
})

afterAll(async () => {
  await oracle.database.close()
})

test('random queries give what PostgreSQL gives', async () => {
  printSeed('oracle')
  await compareWithPostgres(oracle, seed, 250, 8)
})
