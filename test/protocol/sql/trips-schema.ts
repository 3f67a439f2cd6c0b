/** The schema of the tests that are written by hand, and sizes to plan with. */
import type { PlanParams } from '../../../protocol/plan.ts'
import type { Schema } from '../../../shares/schema.ts'

export const TRIPS: Schema = {
  dataset: 'trips',
  member: 'rider',
  kMin: 3,
  purposes: ['test'],
  columns: [
    {
      name: 'fare',
      type: 'decimal',
      nullable: true,
      precision: 8,
      scale: 2,
      min: '0',
      max: '500',
      reveal: 'extremes',
    },
    { name: 'tip', type: 'decimal', nullable: false, precision: 6, scale: 2, min: '0', max: '100' },
    { name: 'passengers', type: 'integer', nullable: false, min: 0, max: 9, reveal: 'extremes' },
    { name: 'odometer', type: 'integer', nullable: true, min: 0, max: 2 ** 45 },
    {
      name: 'borough',
      type: 'text',
      nullable: true,
      dictionary: ['Bronx', 'Brooklyn', 'Manhattan', 'Queens', 'Staten Island'],
      reveal: 'extremes',
    },
    { name: 'payment', type: 'text', nullable: false, dictionary: ['cash', 'credit card'] },
    { name: 'Mixed', type: 'text', nullable: false, dictionary: ['p', 'q'] },
    { name: 'shared', type: 'boolean', nullable: true, reveal: 'extremes' },
    {
      name: 'pickup',
      type: 'timestamp',
      nullable: false,
      resolutionSeconds: 60,
      min: '2019-01-01 00:00:00',
      max: '2019-12-31 23:59:00',
    },
    {
      name: 'day',
      type: 'date',
      nullable: true,
      min: '2019-01-01',
      max: '2019-12-31',
      reveal: 'extremes',
    },
    {
      name: 'zone',
      type: 'text',
      nullable: false,
      dictionary: Array.from({ length: 5000 }, (_, i) => `zone ${i}`),
      reveal: 'extremes',
    },
    {
      name: 'other_zone',
      type: 'text',
      nullable: false,
      dictionary: Array.from({ length: 5001 }, (_, i) => `zone ${i}`),
    },
  ],
}

export const PARAMS: PlanParams = {
  committee: { n: 3, t: 1 },
  security: 'passive',
  dataset: { name: 'trips', version: 1, chunks: [65_536, 34_464], rowsPerMember: [[2, 50_000]] },
  chunksInFlight: 16,
  network: 'lan',
}
