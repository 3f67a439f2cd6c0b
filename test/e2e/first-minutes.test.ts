/**
 * The first minutes of a newcomer who follows README.md, "Run it for real": keys, topology, the seven
 * processes one by one, signing, importing, asking, auditing, and being refused. Every line of the
 * README that has an effect is run here.
 */
import type { ChildProcess } from 'node:child_process'
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { parse as parseCsv } from 'csv-parse/sync'
import { beforeAll, afterAll, describe, expect, test } from 'vitest'

import { end, freePorts, launch, untilReady } from '../../cli/demo/network.ts'
import type { RunResult } from '../../cli/demo/network.ts'
import { readTrips, TRIPS_SCHEMA } from '../../cli/demo/trips.ts'
import { DatasetInfo } from '../../coordinator/api-types.ts'
import { rng } from '../../node/crypto.ts'
import { noteHash, signRecord } from '../../protocol/ledger/records.ts'
import type { JobRequestBody } from '../../protocol/ledger/records.ts'
import type { MeasuredRun } from '../../protocol/sql/explain-measured.ts'
import type { Explanation } from '../../protocol/sql/explain.ts'
import { hexOf } from '../../shares/hex.ts'

import { bind, plainEnvironment, usePlace } from './stage.ts'

const ROOT = path.join(import.meta.dirname, '..', '..')
const TOPOLOGY = 'topology.example.json'
const SCHEMA = 'cli/demo/trips.schema.yaml'
/** So many rides of each colour, of the real ones. */
const RIDES = 150
const NODES = ['share-1', 'share-2', 'share-3', 'mpc-1', 'mpc-2', 'mpc-3']
const QUESTION =
  'SELECT color, COUNT(*) AS rides, SUM(passengers) AS passengers FROM trips GROUP BY color ORDER BY color'
const PURPOSE = 'city-planning'

const place = usePlace(TOPOLOGY)
const { cli, ok, file } = place
const processes = new Map<string, ChildProcess>()
let http = ''

interface Row {
  readonly color: string
  readonly rides: number
  readonly passengers: number
}
const expected: Row[] = []

beforeAll(async () => {
  await mkdir(file('cli', 'demo'), { recursive: true })
  await mkdir(file('csv'))
  await cp(TRIPS_SCHEMA, file(SCHEMA))
  const topology = JSON.parse(await readFile(path.join(ROOT, TOPOLOGY), 'utf8')) as {
    coordinator: { http: string; address: string }
    shareNodes: { address: string }[]
    mpcNodes: { address: string }[]
  }
  const ports = await freePorts(8)
  http = `http://127.0.0.1:${ports[0]!}`
  topology.coordinator.http = http
  const listening = [topology.coordinator, ...topology.shareNodes, ...topology.mpcNodes]
  for (const [i, node] of listening.entries()) node.address = `/ip4/127.0.0.1/tcp/${ports[i + 1]!}`
  await writeFile(file(TOPOLOGY), JSON.stringify(topology))

  const { columns, rows } = await readTrips()
  const header = ['member', ...columns]
  for (const color of ['green', 'yellow']) {
    const rides = rows.filter((row) => row['color'] === color).slice(0, RIDES)
    const rowsOfFile = rides.map((row) => header.map((name) => `"${row[name]!}"`).join(','))
    await writeFile(
      file('csv', `${color}.csv`),
      `${[header.join(','), ...rowsOfFile].join('\n')}\n`,
    )
    const passengers = rides.reduce((sum, row) => sum + Number(row['passengers']), 0)
    expected.push({ color, rides: rides.length, passengers })
  }
})

afterAll(async () => {
  await Promise.all([...processes.values()].map(end))
})

/** The widest entry bundle of a small ledger's copy. */
const bundle = (directory: string): Promise<string> =>
  newestTile(directory, path.join('tile', 'entries'))

async function newestTile(directory: string, folder: string): Promise<string> {
  const files = await readdir(path.join(directory, folder), { recursive: true })
  const width = (name: string): number => Number(path.basename(name))
  const partial = files.filter((name) => name.includes('.p') && width(name) > 0)
  const widest = partial.toSorted((a, b) => width(b) - width(a))[0]!
  return path.join(directory, folder, widest)
}

const rowOf = (texts: Record<string, string | undefined>): Row => ({
  color: texts['color'] ?? '',
  rides: Number(texts['rides']),
  passengers: Number(texts['passengers']),
})

/** Lines that were run because the README says so. */
const lines = new Set<string>()

/** Arguments of a line that stands in the README: the last test compares. */
function line(command: string): string[] {
  lines.add(`npx sharehold ${command}`)
  return command.split(' ')
}

async function start(name: string, args: readonly string[]): Promise<void> {
  const log = file(`${name}.log`)
  const env = plainEnvironment({ SHAREHOLD_TOPOLOGY: TOPOLOGY })
  const child = bind(launch(args, log, { cwd: place.directory, env }))
  processes.set(name, child)
  await untilReady(child, log)
}

const query = (sql: string, ...more: string[]): Promise<RunResult> =>
  cli('query', sql, '--purpose', PURPOSE, ...more)

describe('before the network runs', () => {
  test('the topology is refused while its keys are missing', async () => {
    const { code, stdout, stderr } = await cli(...line(`topology check --topology ${TOPOLOGY}`))
    expect(code).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('SH_TOPOLOGY_UNREADABLE')
    expect(stderr).toContain('coordinator.vkey')
  })

  test('keys new makes the keys of all actors, readable by their owner only', async () => {
    const names =
      'coordinator share-1 share-2 share-3 mpc-1 mpc-2 mpc-3 yellow-cabs green-cabs analyst'
    const { stdout } = await ok(...line(`keys new ${names} --dir keys`))
    const vkeys = stdout.trimEnd().split('\n')
    expect(vkeys.map((vkey) => vkey.split('+')[0])).toEqual(names.split(' '))
    const { mode } = await stat(file('keys', 'analyst.skey'))
    expect(mode & 0o777).toBe(0o600)
  })

  test('a key is never overwritten', async () => {
    const before = await readFile(file('keys', 'analyst.skey'), 'utf8')
    const { code, stdout, stderr } = await cli('keys', 'new', 'analyst')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('SH_KEYS_EXISTS')
    expect(await readFile(file('keys', 'analyst.skey'), 'utf8')).toBe(before)
  })

  test('topology check lists everybody', async () => {
    const { stdout, stderr } = await ok(...line(`topology check --topology ${TOPOLOGY}`))
    for (const name of ['coordinator', ...NODES, 'yellow-cabs', 'green-cabs', 'analyst']) {
      expect(stdout).toContain(` ${name} `)
    }
    expect(stderr).toBe('')
  })

  test('exit codes are in the help', async () => {
    const { stdout } = await ok('--help')
    for (const code of [0, 1, 2, 3, 4, 5]) expect(stdout).toMatch(new RegExp(`^  ${code}  `, 'mu'))
  })

  test('an unknown command, option or format is bad input', async () => {
    for (const args of [
      ['qery'],
      ['datasets', '--fromat', 'csv'],
      ['datasets', '--format', 'xml'],
    ]) {
      const { code, stdout, stderr } = await cli(...args)
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' })
      expect(stderr).toContain('--help')
    }
  })

  test('without a coordinator every client command says so and ends with 4', async () => {
    const commands = [
      ['datasets'],
      ['query', QUESTION, '--purpose', PURPOSE],
      ['explain', QUESTION],
      ['ledger'],
      ['audit'],
    ]
    for (const { code, stdout, stderr } of await Promise.all(
      commands.map((args) => cli(...args)),
    )) {
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
      expect(stderr).toContain('SH_COORDINATOR_UNREACHABLE')
      expect(stderr).toContain(http)
      expect(stderr).toContain('hint: Is it running?')
    }
  })
})

describe('starting the processes by hand', () => {
  test('one by one', async () => {
    const coordinator = 'coordinator --key keys/coordinator.skey --data data/coordinator'
    await start('coordinator', line(coordinator))
    for (const name of NODES) {
      const role = name.startsWith('share') ? 'share-node' : 'mpc-node'
      const command = `${role} --key keys/${name}.skey --data data/${name}`
      await start(name, name.endsWith('1') ? line(command) : command.split(' '))
    }
  })

  test('a second process on the same data is refused', async () => {
    const args = ['share-node', '--key', 'keys/share-1.skey', '--data', 'data/share-1']
    const { code, stderr } = await cli(...args)
    expect(code).toBe(2)
    expect(stderr).toContain('SH_STORE_UNAVAILABLE')
    expect(stderr).toContain('Another process is using it')
  })

  test('a second process on the same port is refused', async () => {
    const args = ['mpc-node', '--key', 'keys/mpc-1.skey', '--data', 'data/elsewhere']
    const { code, stderr } = await cli(...args)
    expect(code).toBe(2)
    expect(stderr).toContain('SH_NET_LISTEN')
  })

  test('a node does not start with the key of another role', async () => {
    const wrong = [
      ['mpc-node', 'share-1'],
      ['share-node', 'coordinator'],
      ['coordinator', 'mpc-1'],
      ['share-node', 'analyst'],
    ].map(([role, name]) => [
      role!,
      '--key',
      `keys/${name}.skey`,
      '--data',
      `data/${name}-as-${role}`,
    ])
    for (const { code, stderr } of await Promise.all(wrong.map((args) => cli(...args)))) {
      expect(code).toBe(2)
      expect(stderr).toContain('SH_NET_STRANGER')
    }
  })
})

describe('bringing data in', () => {
  const importLine =
    'repository import csv/yellow.csv --schema cli/demo/trips.schema.yaml --key keys/yellow-cabs.skey --data yellow-cabs'
  const sign = (name: string): string =>
    `repository sign --schema cli/demo/trips.schema.yaml --key keys/${name}.skey`

  test('nothing can be imported before anybody has signed', async () => {
    const { code, stdout, stderr } = await cli(...line(importLine))
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('SH_IMPORT_SCHEMA')
    expect(stderr).toContain('sharehold repository sign')
  })

  test('nor before all have signed', async () => {
    const { stdout, stderr } = await ok(...line(sign('yellow-cabs')))
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/u)
    expect(stderr).toContain('Still to sign: green-cabs.')
    const refused = await cli(...line(importLine))
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('SH_IMPORT_SCHEMA')
    expect(refused.stderr).toContain('not signed yet by green-cabs')
    expect((await ok('datasets', '--format', 'json')).stdout).toBe('[]\n')
  })

  test('when all have signed, each imports its file', async () => {
    const { stderr } = await ok(...line(sign('green-cabs')))
    expect(stderr).toContain('signed by all: green-cabs, yellow-cabs')
    const yellow = await ok(...line(importLine))
    expect(JSON.parse(yellow.stdout)).toMatchObject({ dataset: 'trips', version: 1 })
    expect(yellow.stderr).toContain(`${RIDES} rows of`)
    const green = await ok(...importLine.replaceAll('yellow', 'green').split(' '))
    expect(JSON.parse(green.stdout)).toMatchObject({ dataset: 'trips', version: 2 })
  })

  test('repository list says what was imported', async () => {
    const args = ['repository', 'list', '--data', 'green-cabs', '--format', 'json']
    const list = JSON.parse((await ok(...args)).stdout) as { holders: string }[]
    expect(list).toMatchObject([{ dataset: 'trips', version: 2, rows: RIDES }])
    for (const name of ['share-1', 'share-2', 'share-3']) expect(list[0]!.holders).toContain(name)
  })
})

describe('asking', () => {
  test('datasets, in every format', async () => {
    const [table, json, csv] = await Promise.all([
      ok(...line('datasets')),
      ok('datasets', '--format', 'json'),
      ok('datasets', '--format', 'csv'),
    ])
    expect(table.stdout).toContain('trips')
    expect(JSON.parse(json.stdout)).toMatchObject([
      { dataset: 'trips', version: 2, rows: 2 * RIDES },
    ])
    expect(parseCsv(csv.stdout, { columns: true })).toMatchObject([
      { dataset: 'trips', version: '2' },
    ])
  })

  test('datasets trips lists the columns', async () => {
    const { stdout } = await ok('datasets', 'trips', '--format', 'json')
    expect(JSON.parse(stdout)).toContainEqual({
      column: 'passengers',
      type: 'integer',
      nullable: 'no',
      extremes: 'yes',
      range: '0 to 9',
    })
    expect(JSON.parse(stdout)[0]).toMatchObject({ column: 'member', type: 'member' })
  })

  test('the same question three times at once: as JSON, as CSV, as a table', async () => {
    const [json, csv, table] = await Promise.all([
      query(QUESTION, '--format', 'json'),
      query(QUESTION, '--format', 'csv'),
      query(QUESTION),
    ])
    const closing = /^job [0-9a-f]{32}: \d+ rounds, .* ledger entry \d+\n$/u
    for (const { stderr } of [json, csv, table]) expect(stderr).toMatch(closing)

    expect(JSON.parse(json.stdout)).toEqual(expected)
    const rows: Record<string, string>[] = parseCsv(csv.stdout, { columns: true })
    expect(rows.map(rowOf)).toEqual(expected)
    const cells = table.stdout
      .split('\n')
      .filter((text) => /│ (?:green|yellow)/u.test(text))
      .map((text) => text.split('│').map((cell) => cell.trim()))
    const shown = cells.map(([, color, rides, passengers]) => rowOf({ color, rides, passengers }))
    expect(shown).toEqual(expected)
    expect(table.stdout).toContain('(2 rows)')
  })

  test('a question about members: how many rides each of them took', async () => {
    const { rows } = await readTrips()
    const rides = new Map<string, number>()
    for (const color of ['green', 'yellow']) {
      const imported = rows.filter((row) => row['color'] === color).slice(0, RIDES)
      for (const { member } of imported.filter((row) => row['passengers'] === '1')) {
        rides.set(member!, (rides.get(member!) ?? 0) + 1)
      }
    }
    const often = [...rides.values()].filter((count) => count > 1)
    const sql =
      'SELECT COUNT(*) AS members, SUM(n) AS rides FROM (SELECT member, COUNT(*) AS n FROM trips WHERE passengers = 1 GROUP BY member) m WHERE n > 1'
    const { stdout } = await query(sql, '--format', 'json')
    expect(often.length).toBeGreaterThan(10)
    expect(JSON.parse(stdout)).toEqual([
      { members: often.length, rides: often.reduce((sum, count) => sum + count, 0) },
    ])
  })

  test('an aggregate of too few members is withheld', async () => {
    const sql = "SELECT COUNT(*) AS rides FROM trips WHERE pickup < '2019-02-28 23:00:00'"
    const { code, stdout } = await query(sql, '--format', 'csv')
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/[0-9]/u)
  })

  test('explain, as text and as JSON, asks nobody', async () => {
    const before = JSON.parse((await ok('ledger', '--format', 'json')).stdout) as unknown[]
    const [text, json] = await Promise.all([
      ok('explain', QUESTION),
      ok('explain', QUESTION, '--format', 'json'),
    ])
    expect(text.stdout).toMatch(/^\s*reveal/imu)
    expect(text.stderr).toBe('')
    expect(JSON.parse(json.stdout)).toMatchObject({ rows: 2 * RIDES })
    expect(JSON.parse(json.stdout)).toHaveProperty('leaks')
    // All but the estimate, for which the nodes may have measured their lines meanwhile.
    const exact = (stdout: string): object => {
      const { basis: _basis, networkSeconds: _seconds, ...rest } = JSON.parse(stdout) as Explanation
      return rest
    }
    const asSql = await query(`EXPLAIN (FORMAT JSON) ${QUESTION}`)
    expect(asSql.code).toBe(0)
    expect(exact(asSql.stdout)).toEqual(exact(json.stdout))
    expect((await query(`EXPLAIN ${QUESTION}`)).stdout.split('\n')).toEqual(
      text.stdout
        .split('\n')
        .map((said) =>
          said.includes('of network time')
            ? (expect.stringContaining('of network time') as string)
            : said,
        ),
    )
    const after = JSON.parse((await ok('ledger', '--format', 'json')).stdout) as unknown[]
    expect(after).toHaveLength(before.length)
  })
})

describe('asking again', () => {
  interface Analyzed extends Explanation {
    readonly measured: MeasuredRun
  }

  test('EXPLAIN ANALYZE: what was sent is what was said before, and columns are kept', async () => {
    const { code, stdout } = await query(`EXPLAIN (ANALYZE, FORMAT JSON) ${QUESTION}`)
    expect(code).toBe(0)
    const { measured, bytesSent, operators } = JSON.parse(stdout) as Analyzed
    expect(measured.differences).toEqual([])
    expect(measured.nodes.map(({ bytes }) => bytes)).toEqual(bytesSent)
    for (const { figures } of measured.nodes) {
      // The same question was asked before.
      expect(figures).toMatchObject({ dealtColumns: 0 })
      expect(figures!.warmColumns).toBeGreaterThan(0)
      expect(figures!.operatorMicros).toHaveLength(operators.length)
    }
  })

  test('with a kept result key the same answer comes without a job', async () => {
    const ask = (): Promise<RunResult> => query(QUESTION, '--result-key', 'private/analyst.rkey')
    const first = await ask()
    expect(first.code).toBe(0)
    const before = JSON.parse((await ok('ledger', '--format', 'json')).stdout) as unknown[]
    const second = await ask()
    expect(second).toMatchObject({ code: 0, stdout: first.stdout })
    expect(second.stderr).toContain('delivered again')
    const after = JSON.parse((await ok('ledger', '--format', 'json')).stdout) as unknown[]
    expect(after).toHaveLength(before.length)
    expect((await stat(file('private', 'analyst.rkey'))).mode & 0o777).toBe(0o600)
  })
})

describe('being refused', () => {
  test('a wrong column name: exit 2, with a caret below it', async () => {
    const sql = 'SELECT AVG(fair) FROM trips'
    for (const { code, stdout, stderr } of await Promise.all([query(sql), cli('explain', sql)])) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain('SH_SQL_UNKNOWN_COLUMN')
      const said = stderr.split('\n')
      const shown = said.findIndex((text) => text.includes(sql))
      expect(said[shown + 1]).toBe(' '.repeat(said[shown]!.indexOf('fair')) + '^^^^')
    }
  })

  test('EXPLAIN of it says why, where it stands, and as JSON', async () => {
    const sql = 'EXPLAIN (FORMAT JSON) SELECT AVG(fair) FROM trips'
    const { code, stdout, stderr } = await query(sql)
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({
      refused: { code: 'SH_SQL_UNKNOWN_COLUMN', position: { line: 1, column: 34, length: 4 } },
    })
    expect(stderr).toContain('^^^^')
    const unsigned = await cli('explain', QUESTION, '--purpose', 'marketing')
    expect(unsigned).toMatchObject({ code: 3, stdout: '' })
  })

  test('a question about single members: exit 3', async () => {
    const { code, stdout, stderr } = await query('SELECT fare FROM trips')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('SH_POLICY_')
  })

  test('a purpose that was not signed: exit 3', async () => {
    const { code, stdout, stderr } = await cli('query', QUESTION, '--purpose', 'marketing')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('SH_AUTH_PURPOSE')
    expect(stderr).toContain('fare-statistics, city-planning')
  })

  test('a key that is not registered: exit 3', async () => {
    await ok('keys', 'new', 'mallory', 'analyst', '--dir', 'strangers')
    // Nor does it help to have the querier's name, or to be in the topology as something else.
    const keys = ['strangers/mallory.skey', 'strangers/analyst.skey', 'keys/share-1.skey']
    const results = await Promise.all(keys.map((key) => query(QUESTION, '--key', key)))
    for (const { code, stdout, stderr } of results) {
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
      expect(stderr).toContain('SH_AUTH_SIGNATURE')
    }
  })

  test('and the coordinator knows it too, whatever the stranger’s topology says', async () => {
    const topology = await readFile(file(TOPOLOGY), 'utf8')
    await writeFile(file('forged.json'), topology.replace('keys/analyst', 'strangers/analyst'))
    const args = ['--topology', 'forged.json', '--key', 'strangers/analyst.skey']
    const { code, stderr } = await query(QUESTION, ...args)
    expect(code).toBe(3)
    expect(stderr).toContain('SH_AUTH_SIGNATURE')
  })
})

describe('requests that no client of ours would send', () => {
  let info: DatasetInfo
  let analyst = ''

  beforeAll(async () => {
    const response = await fetch(`${http}/v1/datasets/trips`)
    info = DatasetInfo.parse(await response.json())
    analyst = (await readFile(file('keys', 'analyst.skey'), 'utf8')).trim()
  })

  const request = (changes: Partial<JobRequestBody>): string => {
    const { dataset, version, schemaHash } = info
    const versionNote = noteHash(info.versionNote)
    const body: JobRequestBody = {
      sql: QUESTION,
      purpose: PURPOSE,
      datasets: [{ name: dataset, version, schemaHash, versionNote }],
      resultKey: hexOf(rng(32)),
      nonce: hexOf(rng(32)),
      expiry: Math.floor(Date.now() / 1000) + 600,
      grant: '',
      ...changes,
    }
    return signRecord('taxi-coop.example/ledger', 'job-request', body, [analyst])
  }

  const post = async (note: string): Promise<{ status: number; body: Record<string, unknown> }> => {
    const response = await fetch(`${http}/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ note }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('an expired one', async () => {
    const expiry = Math.floor(Date.now() / 1000) - 1
    expect(await post(request({ expiry }))).toMatchObject({
      status: 403,
      body: { code: 'SH_AUTH_EXPIRED' },
    })
  })

  test('one that is valid for longer than a day', async () => {
    const expiry = Math.floor(Date.now() / 1000) + 2 * 24 * 3600
    expect(await post(request({ expiry }))).toMatchObject({
      status: 403,
      body: { code: 'SH_AUTH_EXPIRY' },
    })
  })

  test('one with a grant', async () => {
    expect(await post(request({ grant: 'anything' }))).toMatchObject({
      status: 403,
      body: { code: 'SH_AUTH_UNSUPPORTED' },
    })
  })

  test('one for another purpose', async () => {
    expect(await post(request({ purpose: 'marketing' }))).toMatchObject({
      status: 403,
      body: { code: 'SH_AUTH_PURPOSE' },
    })
  })

  test('one for an older version of the dataset', async () => {
    const { schemaHash } = info
    const versionNote = noteHash(info.versionNote)
    const datasets = [{ name: 'trips', version: 1, schemaHash, versionNote }]
    expect(await post(request({ datasets }))).toMatchObject({
      status: 403,
      body: { code: 'SH_AUTH_DATASET' },
    })
  })

  test('one that was altered after it was signed', async () => {
    const note = request({}).replace('SUM(passengers)', 'MAX(passengers)')
    expect(await post(note)).toMatchObject({ status: 403, body: { code: 'SH_AUTH_SIGNATURE' } })
  })

  test('one that is no signed note at all', async () => {
    const { status, body } = await post('SELECT 1')
    expect(status).toBe(400)
    expect(body['code']).toBe('SH_NOTE_MALFORMED')
  })

  test('the same one twice, and another one with the same nonce', async () => {
    const nonce = hexOf(rng(32))
    const note = request({ nonce })
    const first = await post(note)
    expect(first.status).toBe(200)
    expect(await post(note)).toMatchObject({ status: 409, body: { code: 'SH_JOB_DUPLICATE' } })
    expect(await post(request({ nonce }))).toMatchObject({
      status: 403,
      body: { code: 'SH_AUTH_REPLAY' },
    })
  })
})

describe('auditing', () => {
  test('the ledger is listed in every format, and shown note by note', async () => {
    const list = JSON.parse((await ok('ledger', '--format', 'json')).stdout) as {
      entry: number
      kind: string
      summary: string
    }[]
    expect(list.map(({ entry }) => entry)).toEqual(list.map((_, i) => i))
    const kinds = new Set(list.map(({ kind }) => kind))
    expect([...kinds].toSorted()).toEqual(
      ['schema', 'receipt', 'version', 'job-start', 'report', 'completion'].toSorted(),
    )
    const [csv, table, { stdout, stderr }] = await Promise.all([
      ok('ledger', '--format', 'csv'),
      ok(...line('ledger')),
      ok('ledger', 'show', '0'),
    ])
    expect(parseCsv(csv.stdout, { columns: true })).toHaveLength(list.length)
    expect(table.stdout).toContain('trips version 2')
    expect(stdout).toMatch(/^taxi-coop\.example\/ledger\/schema\/v1\n/u)
    expect(stdout).toMatch(/\n\n(?:— (?:green|yellow)-cabs [A-Za-z0-9+/=]+\n){2}$/u)
    expect(stderr).toBe('')
  })

  test('there is no entry beyond the last', async () => {
    const wrong = ['100000', 'x'].map((entry) => cli('ledger', 'show', entry))
    for (const { code, stdout, stderr } of await Promise.all(wrong)) {
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toContain('SH_LEDGER_RANGE')
    }
  })

  test('all is well, and stays so in the light of an earlier checkpoint', async () => {
    const { stdout } = await ok(...line('audit --all --save-checkpoint seen.txt'))
    expect(stdout).toMatch(/All \d+ checks passed\.\n$/u)
    expect(stdout).not.toContain('✗')
    expect(stdout).toMatch(/^– Nothing was taken back/mu)

    expect((await query(QUESTION)).code).toBe(0)
    const later = await ok(...line('audit --all --since seen.txt'))
    expect(later.stdout).toMatch(/^✓ Nothing was taken back/mu)
    expect(later.stdout).toMatch(/All \d+ checks passed\.\n$/u)
  })

  test('a copy of the ledger can be audited without the network', async () => {
    await ok('ledger', 'pull', '--out', 'copy')
    const { stdout } = await ok('audit', '--all', '--ledger', 'copy', '--since', 'seen.txt')
    expect(stdout).toMatch(/All \d+ checks passed\.\n$/u)
  })

  const tampered: readonly [string, RegExp, (directory: string) => Promise<void>][] = [
    [
      'an entry was altered',
      /^SH_AUDIT_FAILED: The entries have the signed hashes: Entry 1 was changed\. \(entry 1\)/mu,
      async (directory) => {
        const entries = await bundle(directory)
        const bytes = await readFile(entries)
        // The first entry is the schema; this is in the body of the next one, a receipt.
        const at = bytes.indexOf('"importId":"')
        bytes[at + 14] = bytes[at + 14]! ^ 1
        await writeFile(entries, bytes)
      },
    ],
    [
      'entries are missing',
      /^SH_AUDIT_FAILED: The entries have the signed hashes: .*missing/mu,
      async (directory) => rm(await bundle(directory)),
    ],
    [
      'entries are cut off',
      /^SH_AUDIT_FAILED: The entries have the signed hashes: /mu,
      async (directory) => {
        const entries = await bundle(directory)
        const bytes = await readFile(entries)
        await writeFile(entries, bytes.subarray(0, bytes.length - 100))
      },
    ],
    [
      'a hash was altered',
      /^SH_AUDIT_FAILED: The tiles have the signed root: /mu,
      async (directory) => {
        const tile = await newestTile(directory, path.join('tile', '0'))
        const bytes = await readFile(tile)
        bytes[40] = bytes[40]! ^ 1
        await writeFile(tile, bytes)
      },
    ],
    [
      'the checkpoint promises another number of entries',
      /^SH_AUDIT_FAILED: The checkpoint is signed by the log: /mu,
      async (directory) => {
        const checkpoint = path.join(directory, 'checkpoint')
        const text = await readFile(checkpoint, 'utf8')
        await writeFile(
          checkpoint,
          text.replace(/\n(\d+)\n/u, (_all, size) => `\n${+size - 1}\n`),
        )
      },
    ],
    [
      'it is empty',
      /^SH_AUDIT_FAILED: The checkpoint is signed by the log: .*missing/mu,
      async (directory) => {
        await rm(directory, { recursive: true })
        await mkdir(directory)
      },
    ],
  ]

  test.concurrent.each(tampered)('%s: exit 5, and it says so', async (what, said, tamper) => {
    const directory = what.replaceAll(' ', '-')
    await cp(file('copy'), file(directory), { recursive: true })
    await tamper(file(directory))
    const { code, stdout, stderr } = await cli('audit', '--all', '--ledger', directory)
    expect(code).toBe(5)
    expect(stderr).toMatch(said)
    expect(stdout).toContain('✗')
    expect(stdout).toMatch(/checks? failed\.\n$/u)
  })

  test('a ledger that was wound back is found out with the earlier checkpoint', async () => {
    expect((await query(QUESTION)).code).toBe(0)
    await ok('audit', '--since', 'seen.txt', '--save-checkpoint', 'newer.txt')
    // The copy ends before `newer`.
    const { code, stderr } = await cli('audit', '--ledger', 'copy', '--since', 'newer.txt')
    expect(code).toBe(5)
    expect(stderr).toContain('Nothing was taken back')
  })

  test('a failed audit keeps no checkpoint', async () => {
    const args = ['--ledger', 'nowhere', '--save-checkpoint', 'not-kept.txt']
    expect((await cli('audit', ...args)).code).toBe(5)
    await expect(stat(file('not-kept.txt'))).rejects.toThrow('ENOENT')
  })
})

test('all processes end in order when they are told to', async () => {
  await Promise.all([...processes.values()].map(end))
  const codes = [...processes].map(([name, child]) => [name, child.exitCode, child.signalCode])
  expect(codes).toEqual(['coordinator', ...NODES].map((name) => [name, 0, null]))
})

test('all this is what the README says', async () => {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8')
  const plain = readme.replaceAll(/\s+/gu, ' ')
  expect([...lines].filter((one) => !plain.includes(one))).toEqual([])
  expect(lines.size).toBeGreaterThan(10)
})
