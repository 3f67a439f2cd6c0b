/** Lanes of joins: whose rows they are, how many, and where they are too many. */
import { describe, expect, test } from 'vitest'

import { countLanes, laneBlocks, streamedDataset } from '../../../protocol/join-lanes.ts'
import type { DatasetParams } from '../../../protocol/plan.ts'
import { arrangeDatasets } from '../../../protocol/sql/arrange.ts'
import { ShareholdError } from '../../../shares/errors.ts'
import type { Schema } from '../../../shares/schema.ts'

const schemaOf = (dataset: string): Schema => ({
  dataset,
  member: 'patient',
  kMin: 1,
  purposes: ['test'],
  columns: [{ name: 'day', type: 'integer', nullable: false, min: 0, max: 9 }],
})

/** One row of most, several of some. */
const sizesOf = (
  name: string,
  rowsPerMember: readonly (readonly [number, number])[],
): DatasetParams => ({
  name,
  version: 1,
  chunks: [rowsPerMember.reduce((sum, [rows, members]) => sum + rows * members, 0)],
  rowsPerMember,
})

const PATIENTS = sizesOf('patients', [[1, 100]])
const STAYS = sizesOf('stays', [
  [1, 70],
  [4, 10],
])
const DRUGS = sizesOf('drugs', [
  [1, 50],
  [3, 5],
])
const VISITS = sizesOf('visits', [
  [1, 20],
  [1000, 20],
])

const arrange = (from: string, datasets: readonly DatasetParams[]) =>
  arrangeDatasets(
    `SELECT COUNT(*) FROM ${from}`,
    datasets.map(({ name }) => schemaOf(name)),
    datasets,
  )

describe('the lanes are', () => {
  test.each([
    [
      'rows of the one with several',
      'patients JOIN stays USING (patient)',
      [PATIENTS, STAYS],
      ['stays'],
      110,
    ],
    // 65 rows times 4 rather than 110 times 3.
    [
      'those of fewer, times the most of the other',
      'stays JOIN drugs USING (patient)',
      [STAYS, DRUGS],
      ['drugs'],
      260,
    ],
    [
      'and rows without a partner',
      'stays LEFT JOIN drugs USING (patient)',
      [STAYS, DRUGS],
      ['stays'],
      330,
    ],
    [
      'and rows of both',
      'stays FULL JOIN drugs USING (patient)',
      [STAYS, DRUGS],
      ['drugs', 'stays'],
      260 + 110,
    ],
    ['squares', 'stays a JOIN stays b USING (patient)', [STAYS], ['stays'], 70 + 10 * 16],
    [
      'cubes',
      'stays a JOIN stays b USING (patient) LEFT JOIN stays c USING (patient)',
      [STAYS],
      ['stays'],
      70 + 10 * 64,
    ],
    [
      'of one row each',
      'patients a JOIN patients b USING (patient)',
      [PATIENTS],
      ['patients'],
      100,
    ],
    [
      'of few rows, however many another has',
      'patients JOIN visits USING (patient)',
      [PATIENTS, VISITS],
      ['visits'],
      20_020,
    ],
  ] as const)('%s: %s', async (_what, from, datasets, owners, lanes) => {
    const arranged = await arrange(from, datasets)
    const blocks = laneBlocks(arranged)
    const all = [arranged.dataset, ...(arranged.joined ?? [])]
    expect(blocks.map(({ owner }) => all[owner]!.name)).toEqual(owners)
    expect(countLanes(blocks)).toBe(lanes)
  })
})

test('columns are streamed if rows are lanes, and looked up in no others', async () => {
  const streamed = async (from: string, datasets: readonly DatasetParams[]) =>
    streamedDataset(await arrange(from, datasets))?.name
  expect(await streamed('patients JOIN stays USING (patient)', [PATIENTS, STAYS])).toBe('stays')
  expect(await streamed('stays JOIN drugs USING (patient)', [STAYS, DRUGS])).toBeUndefined()
  expect(await streamed('patients a JOIN patients b USING (patient)', [PATIENTS])).toBeUndefined()
})

describe('too many lanes', () => {
  test('are refused with the numbers they come from', async () => {
    const error: unknown = await arrange('visits a JOIN visits b USING (patient)', [VISITS]).catch(
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(ShareholdError)
    const { code, message, hint, position } = error as ShareholdError
    expect(code).toBe('SH_PLAN_LANES')
    expect(message).toContain('20,020 rows of "visits" (up to 1,000 a member)')
    // 20 * 1 + 20 * 1,000^2
    expect(message).toContain('20,000,020 lanes')
    expect(message).toContain('16,777,216')
    expect(position).toMatchObject({ line: 1, column: 36 })
    expect(hint).toBeDefined()
  })

  test('are no matter where no row is there twice', async () => {
    const many = sizesOf('many', [[2, 10_000_000]])
    const chunks = [...Array.from({ length: 305 }, () => 65_536), 11_520]
    const arranged = await arrange('patients JOIN many USING (patient)', [
      PATIENTS,
      { ...many, chunks },
    ])
    expect(countLanes(laneBlocks(arranged))).toBe(200)
    const left = await arrange('many LEFT JOIN patients USING (patient)', [
      PATIENTS,
      { ...many, chunks },
    ])
    expect(countLanes(laneBlocks(left))).toBe(20_000_000)
  })
})
