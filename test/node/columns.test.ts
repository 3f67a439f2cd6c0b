/**
 * Columns on their way from share-nodes to MPC nodes: what arrives is what is stored; what all MPC nodes hold
 * of one sharing is used again, and nothing else is.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'

import type { JobRun } from '../../node/job-server.ts'
import type { Import } from '../coordinator/fixture.ts'

import { ColumnStage, type Table } from './column-stage.ts'

let stage: ColumnStage
let first: Import

beforeAll(async () => {
  stage = await ColumnStage.start()
  first = await stage.import()
})

afterAll(() => stage.close())

/** What the loads of the query say of a table. */
function expected({ seats, shared }: Table): Table {
  return {
    'bits/seats': seats!,
    'bits/shared': shared!.map((text) => (text === 'true' ? '1' : '0')),
    // A NULL is shared as 0.
    'field/seats': seats!.map((text) => text ?? '0'),
  }
}

test('a second job is served what the first one left, and it is the same', async () => {
  const cold = await stage.run()
  expect(cold).toEqual({ table: expected(stage.tableOf(first)), cold: true })
  const warm = await stage.run()
  expect(warm).toEqual({ table: cold.table, cold: false })
})

test('columns that share-nodes have not dealt yet are dealt beside warm ones', async () => {
  await stage.run()
  const { table, cold } = await stage.run({
    sql: 'SELECT SUM(seats), COUNT(*) FROM trips WHERE seats > 2',
  })
  expect(cold).toBe(false)
  expect(table['field/seats']).toEqual(expected(stage.tableOf(first))['field/seats'])
  const fresh = await ColumnStage.start()
  try {
    const version = await fresh.import()
    await fresh.run({ sql: 'SELECT COUNT(*) FROM trips WHERE seats > 2' })
    const before = fresh.reads
    expect(await fresh.run()).toEqual({ table: expected(fresh.tableOf(version)), cold: true })
    // Of bits of `shared` all share-nodes read 3 chunks, of field elements of `seats` 2 of 3 nodes each.
    expect(fresh.reads - before).toBe(3 * 3 + 2 * 3)
    expect((await fresh.run()).cold).toBe(false)
  } finally {
    await fresh.close()
  }
})

test('after one MPC node has begun anew, all fetch again, and then share again', async () => {
  await stage.run()
  await stage.restart(2)
  expect(await stage.run()).toEqual({ table: expected(stage.tableOf(first)), cold: true })
  expect((await stage.run()).cold).toBe(false)
})

test('nodes that hold different sharings get a fresh one', async () => {
  await stage.restart(1)
  const [one, other] = [await stage.begin(), await stage.begin()]
  await Promise.all([one.open(), other.open()])
  // Node 1 ends with the shares of the other job, nodes 2 and 3 with those of the one.
  await one.read([1])
  await other.read([1, 2, 3])
  await one.read([2, 3])
  await one.end()
  await other.end()
  expect(await stage.run()).toEqual({ table: expected(stage.tableOf(first)), cold: true })
  expect((await stage.run()).cold).toBe(false)
})

test('a job that is given up leaves nothing half kept', async () => {
  await stage.restart(3)
  const job = await stage.begin()
  await job.open()
  await job.end()
  expect(await stage.run()).toEqual({ table: expected(stage.tableOf(first)), cold: true })
})

test('no node uses what it holds if one share-node’s leave is forged', async () => {
  await stage.run()
  const signer = (name: string): string => (name === 'share-2' ? 'share-1' : name)
  await expect(stage.run({ signer })).rejects.toMatchObject({ code: 'SH_PROTOCOL_TICKET' })
  expect((await stage.run()).cold).toBe(false)
})

test('leave for another attempt is no leave', async () => {
  await stage.run()
  const edit = (run: JobRun): JobRun => (run.index === 3 ? { ...run, attempt: 2 } : run)
  await expect(stage.run({ edit })).rejects.toMatchObject({ code: 'SH_NET_TIMEOUT' })
})

test('a share-node that does not take part gives no leave', async () => {
  await stage.run()
  const edit = (run: JobRun): JobRun => {
    if (run.index === 2) throw new Error('refused')
    return run
  }
  await expect(stage.run({ edit })).rejects.toMatchObject({
    code: 'SH_NET_TIMEOUT',
    party: 'share-2',
  })
})

test('a newer version of the dataset drops what is held of the older one', async () => {
  expect((await stage.run()).cold).toBe(false)
  const second = await stage.import()
  expect(await stage.run()).toEqual({ table: expected(stage.tableOf(second)), cold: true })
  expect((await stage.run()).cold).toBe(false)
  expect(await stage.run({ version: first })).toEqual({
    table: expected(stage.tableOf(first)),
    cold: true,
  })
})

test('with no room nothing is kept, and all is dealt each time', async () => {
  const small = await ColumnStage.start(0)
  try {
    const version = await small.import()
    for (let k = 0; k < 2; k++) {
      expect(await small.run()).toEqual({ table: expected(small.tableOf(version)), cold: true })
    }
  } finally {
    await small.close()
  }
})
