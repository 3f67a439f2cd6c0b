/**
 * Imports through the command line: what is wrong with a file is said by row, column and rule, never
 * by value, and whatever goes wrong, a failed import leaves nothing behind on any share-node.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises'

import { beforeAll, describe, expect, test } from 'vitest'

import { sharehold } from '../../cli/demo/network.ts'
import type { RunResult } from '../../cli/demo/network.ts'
import { openDatabase } from '../../node/store/level-database.ts'
import { openLevelShareStore } from '../../node/store/level-share-store.ts'

import { plainEnvironment, until, useStage } from './stage.ts'

const SHARE_NODES = ['share-1', 'share-2', 'share-3']
const HEADER = 'patient,clinic,age,cost,day'
/** Row 2 of every file: the header is row 1. */
const GOOD_ROW = 'P-00,hill,41,120.50,2024-02-29'
const SCHEMA = `
dataset: visits
member: patient
kMin: 3
purposes: [research]
repositories: [north, south]
columns:
  - { name: clinic, type: text, dictionary: [hill, lake] }
  - { name: age, type: integer, nullable: true, min: 0, max: 120 }
  - { name: cost, type: decimal, precision: 8, scale: 2, min: '0', max: '10000' }
  - { name: day, type: date, min: '2024-01-01', max: '2024-12-31' }
`

const stage = useStage({ repositories: ['north', 'south', 'west'], queriers: ['analyst'] })
const { cli, ok, file } = stage

/** `rows` visits of `patients` patients, all of the same cost. */
function visits(rows: number, patients: number, cost: string): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const day = String(1 + (i % 28)).padStart(2, '0')
    const age = i % 5 === 0 ? '' : String(i % 121)
    return `P-${i % patients},${i % 3 === 0 ? 'hill' : 'lake'},${age},${cost},2024-05-${day}`
  })
  return `${HEADER}\n${lines.join('\n')}\n`
}

const importArgs = (repository: string, csv: string): string[] =>
  [
    'repository',
    'import',
    csv,
    '--schema',
    'visits.yaml',
    '--data',
    `repository-${repository}`,
  ].concat(['--key', `keys/${repository}.skey`])

const importFile = (repository: string, csv: string): Promise<RunResult> =>
  cli(...importArgs(repository, csv))

async function datasets(): Promise<unknown> {
  return JSON.parse((await ok('datasets', '--format', 'json')).stdout)
}

async function listed(repository: string): Promise<unknown[]> {
  const args = ['--data', `repository-${repository}`, '--format', 'json']
  return JSON.parse((await ok('repository', 'list', ...args)).stdout) as unknown[]
}

/** How often a share-node has begun an import. */
async function begun(name: string): Promise<number> {
  return (await stage.log(name)).split('"import begins"').length - 1
}

beforeAll(async () => {
  await writeFile(file('visits.yaml'), SCHEMA)
  await writeFile(file('good.csv'), visits(60, 20, '10.25'))
  await writeFile(file('other.csv'), visits(30, 25, '20'))
  await writeFile(file('third.csv'), visits(40, 10, '1.5'))
  await writeFile(file('big.csv'), visits(200_000, 5_000, '3'))
  for (const repository of ['north', 'south']) {
    await ok('repository', 'sign', '--schema', 'visits.yaml', '--key', `keys/${repository}.skey`)
  }
})

describe('a file that is not good', () => {
  const rows = (...lines: string[]): string => [HEADER, GOOD_ROW, ...lines, ''].join('\n')

  // All rules: test/node/csv-part.test.ts.
  const faults: readonly [string, string | Uint8Array, string, readonly RegExp[]][] = [
    [
      'a value outside its range',
      rows(GOOD_ROW, 'P-01,hill,7,10000.01,2024-01-01'),
      'SH_ENCODE_RANGE',
      [/row 4/iu, /cost/u, /10000/u],
    ],
    [
      'a text that is not in the dictionary',
      rows('P-01,secret-clinic,7,1,2024-01-01'),
      'SH_ENCODE_DICTIONARY',
      [/row 3/iu, /clinic/u, /dictionary/u],
    ],
    [
      'a text where a number must be',
      rows('P-01,hill,seven,1,2024-01-01'),
      'SH_ENCODE_TYPE',
      [/row 3/iu, /age/u, /integer/u],
    ],
    [
      'no value where one must be',
      rows('P-01,,7,1,2024-01-01'),
      'SH_ENCODE_NULL',
      [/row 3/iu, /clinic/u, /nullable/u],
    ],
    [
      'a row with a column too few',
      rows('P-01,hill,7,1'),
      'SH_IMPORT_CSV',
      [/line 3/iu, /another number of columns/u],
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from(rows('P-01,h\u00fcgel,7,1,2024-01-01'), 'latin1'),
      'SH_IMPORT_UTF8',
      [/row 3, column 2/iu, /UTF-8/u],
    ],
    [
      'a header without a declared column',
      `patient,clinic,age,day\nP-01,hill,7,2024-01-01\n`,
      'SH_IMPORT_COLUMNS',
      [/row 1/iu, /"cost"/u],
    ],
  ]

  test.concurrent.each(faults)('%s: exit 2', async (what, content, code, said) => {
    const csv = `${what.replaceAll(' ', '-')}.csv`
    await writeFile(file(csv), content)
    const result = await importFile('north', csv)
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(new RegExp(`^${code}`, 'u'))
    for (const pattern of said) expect(result.stderr).toMatch(pattern)
    // Values are secrets, also wrong ones.
    expect(result.stderr).not.toMatch(/10000\.01|secret|seven|P-01|gel/u)
  })

  test('a file that is not there: exit 2', async () => {
    const { code, stderr } = await importFile('north', 'nowhere.csv')
    expect(code).toBe(2)
    expect(stderr).toContain('SH_IMPORT_FILE')
    expect(stderr).toContain('nowhere.csv')
  })

  test('nothing of all that has reached a share-node', async () => {
    expect(await Promise.all(SHARE_NODES.map(begun))).toEqual([0, 0, 0])
    expect(await datasets()).toEqual([])
    expect(await listed('north')).toEqual([])
  })
})

describe('whoever may not import', () => {
  test('another schema than the signed one is refused', async () => {
    await writeFile(file('other.yaml'), SCHEMA.replace('max: 120', 'max: 130'))
    const args = importArgs('north', 'good.csv').map((arg) =>
      arg === 'visits.yaml' ? 'other.yaml' : arg,
    )
    const { code, stderr } = await cli(...args)
    expect(code).toBe(2)
    expect(stderr).toContain('SH_IMPORT_SCHEMA')
  })

  test('a repository that the schema does not name: exit 3', async () => {
    const { code, stdout, stderr } = await importFile('west', 'good.csv')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain('SH_IMPORT_DENIED')
  })

  test('a peer that is not in the nodes’ topology gets no connection', async () => {
    await ok('keys', 'new', 'mallory')
    const topology = JSON.parse(await readFile(stage.network.topologyFile, 'utf8')) as {
      repositories: unknown[]
      limits?: unknown
    }
    topology.repositories.push({ name: 'mallory', key: { file: 'keys/mallory.vkey' } })
    topology.limits = { dialTimeoutMs: 2_000 }
    await writeFile(file('mallory.json'), JSON.stringify(topology))
    const before = await Promise.all(SHARE_NODES.map(begun))
    const args = [...importArgs('mallory', 'good.csv'), '--topology', 'mallory.json']
    const { code, stdout, stderr } = await cli(...args)
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toMatch(/SH_NET_UNREACHABLE: share-\d could not be reached/u)
    expect(await Promise.all(SHARE_NODES.map(begun))).toEqual(before)
  })

  test('a key that is not in the topology at all does not get so far', async () => {
    const { code, stderr } = await importFile('mallory', 'good.csv')
    expect(code).toBe(2)
    expect(stderr).toContain('SH_NET_STRANGER')
  })
})

describe('a good file', () => {
  test('makes version 1, after all that failed', async () => {
    const { code, stdout } = await importFile('north', 'good.csv')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ dataset: 'visits', version: 1 })
    expect(await datasets()).toMatchObject([{ version: 1, rows: 60, members: 20 }])
  })

  test('is not imported twice, under another name neither', async () => {
    await writeFile(file('renamed.csv'), await readFile(file('good.csv')))
    for (const csv of ['good.csv', 'renamed.csv']) {
      const { code, stdout, stderr } = await importFile('north', csv)
      expect({ csv, code, stdout }).toEqual({ csv, code: 2, stdout: '' })
      expect(stderr).toContain('SH_IMPORT_DUPLICATE')
      expect(stderr).toContain('version 1')
    }
    expect(await datasets()).toMatchObject([{ version: 1 }])
  })

  test('and another one at the same time: both are in', async () => {
    const results = await Promise.all([
      importFile('south', 'other.csv'),
      importFile('north', 'third.csv'),
    ])
    expect(results.map(({ code, stderr }) => [code, code === 0 ? '' : stderr])).toEqual([
      [0, ''],
      [0, ''],
    ])
    const versions = results.map(
      ({ stdout }) => (JSON.parse(stdout) as { version: number }).version,
    )
    expect(versions.toSorted((a, b) => a - b)).toEqual([2, 3])
    // Patients of the three files are the same people.
    expect(await datasets()).toMatchObject([{ version: 3, rows: 130, members: 25 }])
  })
})

describe('an import that breaks off', () => {
  test('because a share-node is killed: exit 4, with its name; after its restart it works', async () => {
    const before = await begun('share-2')
    const importing = importFile('south', 'big.csv')
    await until('the import', async () => (await begun('share-2')) > before || undefined)
    stage.network.process('share-2').kill('SIGSTOP') // so that it cannot be done before the kill
    await stage.network.kill('share-2')
    const { code, stdout, stderr } = await importing
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' })
    expect(stderr).toContain('share-2')
    expect(await datasets()).toMatchObject([{ version: 3, rows: 130 }])

    await stage.restart('share-2')
    const again = await importFile('south', 'big.csv')
    expect(again.stderr).toContain('200000 rows of 5000 members')
    expect(JSON.parse(again.stdout)).toMatchObject({ version: 4 })
  })

  test('because the repository is: the next attempt works', async () => {
    await appendFile(file('big.csv'), `${GOOD_ROW}\n`)
    const before = await begun('share-3')
    const interrupt = new AbortController()
    const importing = sharehold(importArgs('south', 'big.csv'), {
      cwd: stage.directory,
      env: plainEnvironment({ SHAREHOLD_TOPOLOGY: 'topology.json' }),
      signal: interrupt.signal,
    })
    importing.catch(() => {})
    await until('the import', async () => (await begun('share-3')) > before || undefined)
    interrupt.abort()
    await expect(importing).rejects.toThrow('aborted')
    expect(await datasets()).toMatchObject([{ version: 4 }])

    const { stdout, stderr } = await importFile('north', 'big.csv')
    expect(stderr).toContain('200001 rows of 5001 members')
    expect(JSON.parse(stdout)).toMatchObject({ version: 5 })
  })

  test('what is in can be asked and audited', async () => {
    const sql = 'SELECT COUNT(*) AS visits, SUM(cost) AS cost FROM visits'
    const { stdout } = await ok('query', sql, '--purpose', 'research', '--format', 'json')
    const cost = 60 * 10.25 + 30 * 20 + 40 * 1.5 + 2 * 200_000 * 3 + 120.5
    expect(JSON.parse(stdout)).toMatchObject([{ visits: 400_131 }])
    expect(Number((JSON.parse(stdout) as { cost: unknown }[])[0]!.cost)).toBe(cost)
    expect((await ok('audit', '--all')).stdout).toMatch(/All \d+ checks passed\.\n$/u)
  })

  test('no share-node holds a byte of what has failed', async () => {
    const imports = [...(await listed('north')), ...(await listed('south'))] as { import: string }[]
    const expected = imports.map((one) => one.import).toSorted()
    expect(expected).toHaveLength(5)
    await stage.network.stop()
    for (const name of SHARE_NODES) {
      const folder = file('data', name, 'shares')
      const store = await openLevelShareStore(folder)
      const blocks = await store.list({ dataset: 'visits' })
      await store.close()
      expect([...new Set(blocks.map(({ importId }) => importId))].toSorted()).toEqual(expected)
      // As many blocks as names of blocks: nothing lies about without a name.
      const database = await openDatabase(folder)
      const keys = await database.keys().all()
      await database.close()
      expect(keys.length).toBe(2 * blocks.length)
    }
  })
})
