import { describe, expect, it } from 'vitest'

import { commandsFor } from '../../cli/commands.ts'
import { summarize } from '../../cli/entry-summary.ts'
import { grouped, humanBytes } from '../../cli/units.ts'
import { signRecord } from '../../protocol/ledger/records.ts'
import { nextVersion, paperNetwork, requestNote, schemaNote, skey } from '../coordinator/fixture.ts'

const COMMANDS = await commandsFor()

describe('commands', () => {
  it.each(COMMANDS.map((command) => [command.path.join(' '), command] as const))(
    '%s has an example that calls it',
    (path, command) => {
      expect(command.example.startsWith(`sharehold ${path}`)).toBe(true)
      expect(command.summary).toMatch(/^[A-Z].*[^.]$/u)
    },
  )

  it('have each path once, groups after the command of the same name', () => {
    const paths = COMMANDS.map(({ path }) => path.join(' '))
    expect(new Set(paths).size).toBe(paths.length)
    for (const [at, path] of paths.entries()) {
      const parent = paths.indexOf(path.split(' ').slice(0, -1).join(' '))
      expect(parent).toBeLessThan(at)
    }
  })

  it('are all there for help and typing errors, and those of a word alone for that word', async () => {
    for (const word of ['--help', 'help', 'qery', 'constructor']) {
      expect(await commandsFor(word)).toEqual(COMMANDS)
    }
    for (const word of new Set(COMMANDS.map(({ path }) => path[0]!))) {
      expect(await commandsFor(word)).toEqual(COMMANDS.filter(({ path }) => path[0] === word))
    }
  })
})

describe('ledger entries in a list', () => {
  it('say who has signed what', async () => {
    const paper = await paperNetwork()
    const { origin } = paper.topology
    const one = nextVersion(paper, 'east', undefined, { rows: 1234 })
    expect(summarize(schemaNote(paper, ['east', 'west']), origin)).toEqual({
      kind: 'schema',
      authors: ['east', 'west'],
      summary: 'trips: 2 columns',
    })
    expect(summarize(one.note, origin)).toEqual({
      kind: 'version',
      authors: ['east'],
      summary: 'trips version 1: 1,234 rows of 1,234 members',
    })
    expect(summarize(one.receipts[1]!, origin)).toMatchObject({
      kind: 'receipt',
      authors: ['share-2'],
    })
    const abort = { job: 'j', attempt: 2, code: 'SH_JOB_TIMEOUT', reason: '', report: '' }
    const body = { ...abort, blamed: 'mpc-2' }
    expect(
      summarize(signRecord(origin, 'abort', body, [skey(paper, 'coordinator')]), origin),
    ).toEqual({
      kind: 'abort',
      authors: ['coordinator'],
      summary: 'job j (attempt 2) aborted: SH_JOB_TIMEOUT, mpc-2',
    })
  })

  it('cannot steer a terminal', async () => {
    const paper = await paperNetwork()
    const sql = `SELECT '\u001B[2J\u009B1m'\n\tFROM trips ${'x'.repeat(100)}`
    const { summary } = summarize(requestNote(paper, { sql }), paper.topology.origin)
    expect(summary).not.toMatch(/\p{Cc}/u)
    expect(summary).toContain("' FROM trips xxx")
    expect(Array.from(summary).at(-1)).toBe('…')
  })
})

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_250_000, '1.3 MB'],
    [5e15, '5000.0 TB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text)
  })

  it.each([
    [7, '7'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
  ])('%i is %s', (count, text) => {
    expect(grouped(count)).toBe(text)
  })
})
