/** Keys and record bodies that the ledger's tests share: one of each kind, all consistent. */
import { keyFromSeed, type KeyPair } from '../../../protocol/ledger/note.ts'
import type { Plan, PlanParams } from '../../../protocol/plan.ts'
import type { Schema } from '../../../shares/schema.ts'

export const ORIGIN = 'coop.example/ledger'
export const JOB = 'job-1'

/** A 32-byte value in hex that says where it comes from only to its test. */
export const value = (n: number): string => (n % 256).toString(16).padStart(2, '0').repeat(32)

const key = (name: string, n: number): KeyPair => keyFromSeed(name, new Uint8Array(32).fill(n))

export const KEYS = {
  log: key(ORIGIN, 1),
  coordinator: key('coordinator', 1),
  repositories: [key('east', 10), key('west', 11)],
  shareNodes: [key('share-1', 20), key('share-2', 21), key('share-3', 22)],
  mpcNodes: [key('mpc-1', 30), key('mpc-2', 31), key('mpc-3', 32)],
  querier: key('ann', 40),
}

export const SCHEMA: Schema = {
  dataset: 'trips',
  member: 'driver',
  kMin: 3,
  purposes: ['planning'],
  columns: [
    {
      name: 'fare',
      type: 'decimal',
      nullable: false,
      precision: 6,
      scale: 2,
      min: '0',
      max: '999',
    },
    { name: 'seats', type: 'integer', nullable: true, min: 1, max: 8 },
    { name: 'borough', type: 'text', nullable: false, dictionary: ['Bronx', 'Queens'] },
    { name: 'shared', type: 'boolean', nullable: false },
    { name: 'day', type: 'date', nullable: false, min: '2019-01-01', max: '2019-12-31' },
    {
      name: 'pickup',
      type: 'timestamp',
      nullable: false,
      resolutionSeconds: 60,
      min: '2019-01-01 00:00:00',
      max: '2019-12-31 23:59:00',
    },
  ],
}

export const PLAN: Plan = {
  version: 1,
  operators: [{ kind: 'output', inputs: [] }],
}

export const PARAMS: PlanParams = {
  committee: { n: 3, t: 1 },
  security: 'passive',
  dataset: {
    name: 'trips',
    version: 2,
    chunks: [100, 50],
    rowsPerMember: [
      [1, 50],
      [2, 50],
    ],
  },
  chunksInFlight: 16,
  network: 'lan',
}

/** What the cost model of these tests predicts between every ordered pair. */
export const TRAFFIC = { messages: 4, bytes: 320 }
