/**
 * Processes that die or hang in the middle of a job: the job ends in time and says whose fault it is,
 * the ledger keeps the reason, and after a restart everything goes on without repair by hand.
 *
 * A process is stopped (SIGSTOP) before it is killed, so that the job cannot be done in between: no
 * test depends on how fast a machine is.
 */
import { writeFile } from 'node:fs/promises'

import { beforeAll, describe, expect, test } from 'vitest'

import type { RunResult } from '../../cli/demo/network.ts'
import type { JobStatus } from '../../coordinator/api-types.ts'
import { HttpClient } from '../../coordinator/client/http-client.ts'
import { readTopology } from '../../node/topology.ts'

import { until, useStage } from './stage.ts'

const ROUND_TIMEOUT_MS = 6_000
/** What a loaded machine may take on top. */
const SLACK_MS = 30_000
const REGIONS = ['east', 'north', 'south', 'west']
const ROWS = 80_000
const MEMBERS = 4_000
const SCHEMA = `
dataset: stays
member: member
kMin: 5
purposes: [research]
columns:
  - { name: region, type: text, dictionary: [${REGIONS.join(', ')}] }
  - { name: nights, type: integer, min: 0, max: 100 }
  - { name: cost, type: integer, min: 0, max: 9999 }
`
const QUESTION =
  'SELECT region, COUNT(*) AS stays, SUM(cost) AS cost FROM stays WHERE nights > 20 GROUP BY region ORDER BY region'

const stage = useStage({
  repositories: ['hotels'],
  queriers: ['analyst'],
  roundTimeoutMs: ROUND_TIMEOUT_MS,
  // Every chunk is a batch of its own: more rounds, a longer job.
  chunksInFlight: 1,
})
const { ok, cli, file } = stage
let client: HttpClient

interface Stay {
  readonly member: string
  readonly region: string
  readonly nights: number
  readonly cost: number
}

const stays: readonly Stay[] = Array.from({ length: ROWS }, (_, i) => ({
  member: `M${i % MEMBERS}`,
  region: REGIONS[(i * 7 + (i >> 5)) % 4]!,
  nights: (i * 13) % 101,
  cost: (i * 7919) % 10_000,
}))

const expected = REGIONS.map((region) => {
  const mine = stays.filter((stay) => stay.region === region && stay.nights > 20)
  return { region, stays: mine.length, cost: mine.reduce((sum, stay) => sum + stay.cost, 0) }
})

beforeAll(async () => {
  client = new HttpClient((await readTopology(stage.network.topologyFile)).coordinator.http)
  const lines = stays.map((stay) => Object.values(stay).join(','))
  await writeFile(file('stays.csv'), `member,region,nights,cost\n${lines.join('\n')}\n`)
  await writeFile(file('stays.yaml'), SCHEMA)
  const common = ['--schema', 'stays.yaml', '--key', 'keys/hotels.skey']
  await ok('repository', 'sign', ...common)
  await ok('repository', 'import', 'stays.csv', ...common)
})

const query = (sql: string): Promise<RunResult> =>
  cli('query', sql, '--purpose', 'research', '--format', 'json')

async function answer(sql: string): Promise<unknown> {
  const { code, stdout, stderr } = await query(sql)
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout)
}

interface Asked {
  readonly job: string
  readonly result: Promise<RunResult>
}

/** Ids of the jobs that the coordinator has begun. */
async function jobs(): Promise<string[]> {
  const log = await stage.log('coordinator')
  return [...log.matchAll(/"job":"([0-9a-f]{32})"[^\n]*"job begins"/gu)].map((match) => match[1]!)
}

/**
 * Asks, and waits until the nodes are at it.
 *
 * @param share of the job that must be done, 0..1: at 0 columns are on their way, later rounds
 */
async function running(share = 0): Promise<Asked> {
  const before = new Set(await jobs())
  const result = query(QUESTION)
  const job = await until('a job', async () => (await jobs()).find((id) => !before.has(id)))
  await until('running', async () => {
    const { state, progress } = await client.status(job)
    if (state !== 'preparing') expect(state).toBe('running')
    return (state === 'running' && progress >= share) || undefined
  })
  return { job, result }
}

function stop(name: string): void {
  stage.network.process(name).kill('SIGSTOP')
}

async function kill(name: string): Promise<void> {
  stop(name)
  await stage.network.kill(name)
}

/** The job must end soon, and blame the node: at the querier and in the coordinator's records. */
async function endsBlaming(name: string, { job, result }: Asked): Promise<JobStatus> {
  const since = performance.now()
  const { code, stdout, stderr } = await result
  expect(performance.now() - since).toBeLessThan(ROUND_TIMEOUT_MS + SLACK_MS)
  expect({ code, stdout, stderr }).toMatchObject({ code: 4, stdout: '' })
  expect(stderr).toContain(name)
  const status = await client.status(job)
  expect(status).toMatchObject({ state: 'aborted', error: { party: name } })
  return status
}

describe.each([
  ['mpc-2', 'rounds', 0.1],
  ['share-3', 'its columns', 0],
] as const)('%s', (name, what, share) => {
  test(`killed in the middle of ${what}: the job ends with its name`, async () => {
    const asked = await running(share)
    await kill(name)
    await endsBlaming(name, asked)
  })

  test('after its restart the next job succeeds', async () => {
    await stage.restart(name)
    expect(await answer(QUESTION)).toEqual(expected)
  })
})

describe('mpc-3', () => {
  test.each([
    ['columns', 0],
    ['rounds', 0.1],
  ])(
    'hung in the middle of %s: the job ends within the round timeout, with its name',
    async (_what, share) => {
      const asked = await running(share)
      stop('mpc-3')
      try {
        await endsBlaming('mpc-3', asked)
      } finally {
        stage.network.process('mpc-3').kill('SIGCONT')
      }
    },
  )

  test('when it wakes up the next job succeeds', async () => {
    expect(await answer(QUESTION)).toEqual(expected)
  })

  test('while it is away a job is refused with its name', async () => {
    await kill('mpc-3')
    const { code, stdout, stderr } = await query(QUESTION)
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('SH_JOB_NODE_MISSING')
    expect(stderr).toContain('mpc-3')
    expect(stderr).toContain('hint:')
    await stage.restart('mpc-3')
  })
})

describe('the coordinator', () => {
  test('killed in the middle of a job: the querier is told, and no node hangs', async () => {
    await ok('audit', '--save-checkpoint', 'before.txt')
    const { job, result } = await running()
    await kill('coordinator')
    const { code, stdout, stderr } = await result
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('SH_COORDINATOR_UNREACHABLE')
    for (const node of stage.network.names.filter((one) => one !== 'coordinator')) {
      await until(`${node} gives the job up`, async () => {
        const lines = (await stage.log(node)).split('\n').filter((line) => line.includes(job))
        return lines.some((line) => line.includes('"job aborted"')) || undefined
      })
    }
  })

  test('after its restart catalogue and ledger are as before, and the job is entered as aborted', async () => {
    const [job] = (await jobs()).slice(-1)
    await stage.restart('coordinator')
    const datasets: unknown = JSON.parse((await ok('datasets', '--format', 'json')).stdout)
    expect(datasets).toMatchObject([{ dataset: 'stays', version: 1, rows: ROWS, members: MEMBERS }])
    expect(await client.status(job!)).toMatchObject({
      state: 'aborted',
      error: { code: 'SH_JOB_CLOSED' },
    })
    const { stdout } = await ok('audit', '--since', 'before.txt')
    expect(stdout).toMatch(/^✓ Nothing was taken back/mu)
  })

  test('and the next job succeeds', async () => {
    expect(await answer(QUESTION)).toEqual(expected)
  })
})

test('jobs at the same time do not disturb each other', async () => {
  const total = { stays: ROWS, cost: stays.reduce((sum, stay) => sum + stay.cost, 0) }
  const long = stays.filter((stay) => stay.nights >= 90)
  const [byRegion, all, few, refused] = await Promise.all([
    answer(QUESTION),
    answer('SELECT COUNT(*) AS stays, SUM(cost) AS cost FROM stays'),
    answer('SELECT COUNT(*) AS stays, SUM(nights) AS nights FROM stays WHERE nights >= 90'),
    query('SELECT cost FROM stays'),
  ])
  expect(byRegion).toEqual(expected)
  expect(all).toEqual([total])
  expect(few).toEqual([
    { stays: long.length, nights: long.reduce((sum, stay) => sum + stay.nights, 0) },
  ])
  expect(refused.code).toBe(3)
})

describe('afterwards', () => {
  test('the ledger has every abort with its reason', async () => {
    const list = JSON.parse((await ok('ledger', '--format', 'json')).stdout) as {
      kind: string
      summary: string
    }[]
    const aborts = list.filter(({ kind }) => kind === 'abort').map(({ summary }) => summary)
    const blamed = ['mpc-2', 'share-3', 'mpc-3', 'mpc-3', 'mpc-3']
    expect(aborts).toHaveLength(blamed.length + 1)
    for (const [at, name] of blamed.entries()) {
      expect(aborts[at]).toMatch(new RegExp(`aborted: SH_[A-Z_]+, ${name}$`, 'u'))
    }
    expect(aborts.at(-1)).toContain('SH_JOB_CLOSED')
  })

  test('the audit passes', async () => {
    const { stdout } = await ok('audit', '--all')
    expect(stdout).toMatch(/All \d+ checks passed\.\n$/u)
    expect(stdout.match(/attempt 1: aborted/gu)).toHaveLength(6)
    expect(stdout.match(/attempt 1: completed/gu)).toHaveLength(7)
  })
})
