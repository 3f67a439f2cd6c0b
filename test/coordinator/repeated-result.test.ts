/** Sealed results that are delivered again: when, when not, and what a coordinator cannot make of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { JobResult } from '../../coordinator/api-types.ts'
import { HttpClient } from '../../coordinator/client/http-client.ts'
import type { Asked, AskOptions } from '../../coordinator/client/querier.ts'
import { rng } from '../../node/crypto.ts'
import { openRecordOfAll } from '../../protocol/ledger/records.ts'
import { generateResultKey } from '../../protocol/seal.ts'
import type { ResultKey } from '../../protocol/seal.ts'
import { hexOf } from '../../shares/hex.ts'

import { abortWith } from './fake-nodes.ts'
import { nextVersion, skey } from './fixture.ts'
import { openStage, type Stage } from './stage.ts'

const SQL = 'SELECT COUNT(*) AS rides FROM trips WHERE shared'

let stage: Stage
beforeAll(async () => {
  stage = await openStage(60_000)
})
afterAll(() => stage.close())

const entries = async (): Promise<number> => {
  const checkpoint = await stage.client.ledgerFile('checkpoint')
  return Number(new TextDecoder().decode(checkpoint).split('\n')[1])
}

const askWith = (resultKey: ResultKey, sql = SQL, more: Partial<AskOptions> = {}): Promise<Asked> =>
  stage.ask(sql, {}, { resultKey, ...more })

describe('with a kept result key', () => {
  it('the same answer is delivered again: no job, no entry, also after a restart', async () => {
    const key = generateResultKey(rng)
    const first = await askWith(key)
    expect(first.repeated).toBe(false)
    const size = await entries()
    const again = await askWith(key)
    expect(again).toMatchObject({ repeated: true, job: first.job, entry: first.entry })
    expect(again.answer).toEqual(first.answer)
    await stage.restart()
    expect(await askWith(key)).toMatchObject({ repeated: true, job: first.job })
    expect(await entries()).toBe(size)
  })

  it('so is one whose text differs and whose plan does not', async () => {
    const key = generateResultKey(rng)
    const { job } = await askWith(key)
    const other = await askWith(key, 'select  count(*)  as "n" from trips where shared = true')
    expect(other).toMatchObject({ repeated: true, job })
    expect(other.answer.columns[0]!.name).toBe('n')
  })

  it('another question, key or querier is a new job', async () => {
    const key = generateResultKey(rng)
    const { job } = await askWith(key)
    const bob = { skey: skey(stage.paper, 'bob') }
    const others = [
      await askWith(key, 'SELECT COUNT(*) FROM trips WHERE NOT shared'),
      await askWith(generateResultKey(rng)),
      await askWith(key, SQL, bob),
      await stage.ask(SQL),
    ]
    for (const other of others) {
      expect(other.repeated).toBe(false)
      expect(other.job).not.toBe(job)
    }
    // Bob has used Ann's key: that does not come between her and her result.
    expect(await askWith(key)).toMatchObject({ repeated: true, job })
  })

  it('an abort is no result', async () => {
    const key = generateResultKey(rng)
    const down = abortWith({ code: 'SH_JOB_FAILED', reason: 'down' })
    const script = { at: { 'mpc-1': { done: down } } }
    await expect(stage.ask(SQL, script, { resultKey: key })).rejects.toThrow(/down/u)
    expect((await askWith(key)).repeated).toBe(false)
  })

  it('a new version of the dataset makes a new job', async () => {
    const key = generateResultKey(rng)
    const { job } = await askWith(key)
    const { versionNote } = await stage.client.dataset('trips')
    const before = openRecordOfAll(versionNote, stage.paper.topology.origin, 'version', [
      stage.paper.keys.get('east')!.vkey,
    ])
    const next = nextVersion(stage.paper, 'west', before)
    await stage.client.submitVersion(next.note, next.receipts)
    const asked = await askWith(key)
    expect(asked.repeated).toBe(false)
    expect(asked.job).not.toBe(job)
  })
})

describe('a coordinator that delivers', () => {
  /** The client of a coordinator that finds this for whatever it is asked. */
  class Finding extends HttpClient {
    readonly #found: JobResult
    constructor(found: JobResult) {
      super(stage.coordinator.http)
      this.#found = found
    }
    override findResult(): Promise<JobResult> {
      return Promise.resolve(this.#found)
    }
  }

  it('another result to the same key, or somebody else’s, is found out', async () => {
    const key = generateResultKey(rng)
    const other = await askWith(key, 'SELECT COUNT(*) FROM trips WHERE NOT shared')
    const bobs = await askWith(key, SQL, { skey: skey(stage.paper, 'bob') })
    const foreign = await askWith(generateResultKey(rng))
    const reasons = [
      [other, 'another plan'],
      [bobs, 'not signed'],
      [foreign, 'another request'],
    ] as const
    for (const [asked, reason] of reasons) {
      const client = new Finding(await stage.client.result(asked.job))
      await expect(askWith(key, SQL, { client })).rejects.toMatchObject({
        code: 'SH_RESULT_INVALID',
        message: expect.stringContaining(reason) as string,
      })
    }
  })

  it('an altered one is found out like any other', async () => {
    const key = generateResultKey(rng)
    const { job } = await askWith(key)
    const result = await stage.client.result(job)
    const client = new Finding({ ...result, sealed: result.sealed.toReversed() })
    await expect(askWith(key, SQL, { client })).rejects.toMatchObject({ code: 'SH_RESULT_INVALID' })
  })
})

it('a name that nobody has is found by nobody', async () => {
  expect(await stage.client.findResult(hexOf(rng(32)))).toBeUndefined()
})
