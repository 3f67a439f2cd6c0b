/** The fuzz test of fuzz.test.ts at length: 100,000 mutated statements. */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { compile } from '../../../protocol/sql/compile.ts'
import { printSeed, seed } from '../../seed.ts'

import { outcomeOf } from './fuzz-property.ts'
import { mutatedStatement } from './mutated-statement.ts'
import { PARAMS, TRIPS } from './trips-schema.ts'

// Correct on a busy machine too.
vi.setConfig({ testTimeout: 3_600_000 })

const RUNS = 100_000

test('mutated statements compile or are refused with a place in the text', async () => {
  printSeed('fuzz')
  const codes = new Map<string, number>()
  const property = fc.asyncProperty(mutatedStatement, async (sql) => {
    const outcome = await outcomeOf(sql)
    codes.set(outcome, (codes.get(outcome) ?? 0) + 1)
  })
  await fc.assert(property, { numRuns: RUNS, seed })
  console.log('fuzz outcomes', JSON.stringify([...codes].toSorted((a, b) => b[1] - a[1])))
  expect(codes.get('ok')).toBeGreaterThan(RUNS / 100)
  // What came before has not broken the parser.
  expect((await compile('SELECT COUNT(*) FROM trips', TRIPS, PARAMS)).plan).toBeDefined()
})
