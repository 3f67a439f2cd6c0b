import { describe, expect, it } from 'vitest'

import { Catalogue } from '../../coordinator/catalogue.ts'
import { entriesOf } from '../../coordinator/ledger-entries.ts'
import { hash } from '../../node/crypto.ts'
import { memoryFiles } from '../../protocol/ledger/files.ts'
import { Log } from '../../protocol/ledger/log.ts'
import { parseNote, renameSignerKey } from '../../protocol/ledger/note.ts'
import { openRecordOfAll, schemaHash, signRecord } from '../../protocol/ledger/records.ts'
import type { VersionBody } from '../../protocol/ledger/records.ts'
import type { ShareholdError } from '../../shares/errors.ts'
import type { Schema } from '../../shares/schema.ts'

import { nextVersion, paperNetwork, schemaNote, SCHEMA, skey, type Paper } from './fixture.ts'

interface Kept {
  readonly ledger: ReturnType<typeof memoryFiles>
  readonly state: ReturnType<typeof memoryFiles>
}

/** Starts a catalogue as a coordinator does. */
async function start(paper: Paper, kept: Kept): Promise<{ catalogue: Catalogue; log: Log }> {
  const { topology } = paper
  const name = topology.origin
  const log = await Log.open({
    files: kept.ledger,
    skey: renameSignerKey(skey(paper, 'coordinator'), name),
    hash,
  })
  const catalogue = await Catalogue.open({ log, topology, files: kept.state })
  for await (const entry of entriesOf(log)) catalogue.enter(entry)
  return { catalogue, log }
}

async function setUp(): Promise<{ paper: Paper; kept: Kept } & Awaited<ReturnType<typeof start>>> {
  const paper = await paperNetwork()
  const kept = { ledger: memoryFiles(), state: memoryFiles() }
  return { paper, kept, ...(await start(paper, kept)) }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing',
    (error: ShareholdError) => error.code,
  )

describe('schemas', () => {
  it('are entered when all repositories have signed, with all signatures', async () => {
    const { paper, catalogue, log } = await setUp()
    const first = await catalogue.submitSchema(schemaNote(paper, ['west']))
    expect(first.missing).toEqual(['east'])
    expect(log.size).toBe(0)
    const second = await catalogue.submitSchema(schemaNote(paper, ['east']))
    expect(second).toMatchObject({ missing: [], schemaHash: schemaHash(SCHEMA) })
    expect(log.size).toBe(1)
    const vkeys = paper.topology.repositories.map(({ vkey }) => vkey)
    const { note } = await log.read(0)
    expect(openRecordOfAll(note, log.origin, 'schema', vkeys).schema).toEqual(SCHEMA)
    expect(second.schemaNote).toBe(note)
  })

  it('are not entered twice, however often they are posted', async () => {
    const { paper, catalogue, log } = await setUp()
    const both = schemaNote(paper, ['east', 'west'])
    await Promise.all([catalogue.submitSchema(both), catalogue.submitSchema(both)])
    expect(await catalogue.submitSchema(schemaNote(paper, ['east']))).toMatchObject({ missing: [] })
    expect(log.size).toBe(1)
  })

  it('wait for signatures through a restart', async () => {
    const { paper, kept, catalogue } = await setUp()
    await catalogue.submitSchema(schemaNote(paper, ['east']))
    const again = await start(paper, kept)
    expect(again.catalogue.schema('trips').missing).toEqual(['west'])
    await again.catalogue.submitSchema(schemaNote(paper, ['west']))
    expect(again.log.size).toBe(1)
    // Nothing is left over: one signature on another schema does not complete it.
    const other = { ...SCHEMA, kMin: 9 }
    const third = await start(paper, kept)
    const info = await third.catalogue.submitSchema(schemaNote(paper, ['east'], other))
    expect(info.missing).toEqual(['west'])
  })

  it('take only one schema of a dataset from each repository: the last', async () => {
    const { paper, catalogue, log } = await setUp()
    const other = { ...SCHEMA, kMin: 9 }
    await catalogue.submitSchema(schemaNote(paper, ['east']))
    await catalogue.submitSchema(schemaNote(paper, ['east'], other))
    const info = await catalogue.submitSchema(schemaNote(paper, ['west']))
    expect(info.missing).toEqual(['east'])
    expect(log.size).toBe(0)
    expect((await catalogue.submitSchema(schemaNote(paper, ['west'], other))).missing).toEqual([])
    expect(catalogue.schema('trips').schemaHash).toBe(schemaHash(other))
  })

  it.each<[string, string, (paper: Paper) => string]>([
    [
      'a repository that is not in the topology',
      'SH_AUTH_SCHEMA',
      (paper) => schemaNote(paper, ['east'], SCHEMA, ['east', 'north']),
    ],
    [
      'a signature of somebody it does not name',
      'SH_NOTE_UNKNOWN_SIGNER',
      (paper) => schemaNote(paper, ['east', 'west'], SCHEMA, ['east']),
    ],
    ['a querier’s signature', 'SH_NOTE_UNKNOWN_SIGNER', (paper) => schemaNote(paper, ['ann'])],
    [
      'a text that was changed after signing',
      'SH_NOTE_SIGNATURE',
      (paper) => schemaNote(paper, ['east']).replace('"kMin":2', '"kMin":1'),
    ],
    ['a record of another kind', 'SH_AUTH_SCHEMA', (paper) => nextVersion(paper, 'east').note],
    [
      'another network’s record',
      'SH_LEDGER_RECORD',
      (paper) =>
        signRecord('other.example/ledger', 'schema', { repositories: ['east'], schema: SCHEMA }, [
          skey(paper, 'east'),
        ]),
    ],
    ['no note at all', 'SH_NOTE_MALFORMED', () => 'schema'],
  ])('refuse %s', async (_, code, make) => {
    const { paper, catalogue, log } = await setUp()
    expect(await codeOf(catalogue.submitSchema(make(paper)))).toBe(code)
    expect(log.size).toBe(0)
  })

  it('can be replaced until there is a version, and not after', async () => {
    const { paper, catalogue } = await setUp()
    const other = { ...SCHEMA, kMin: 9 }
    const both = ['east', 'west']
    await catalogue.submitSchema(schemaNote(paper, both))
    await catalogue.submitSchema(schemaNote(paper, both, other))
    expect(catalogue.schema('trips').schemaHash).toBe(schemaHash(other))
    const { note, receipts } = nextVersion(paper, 'east', undefined, { schema: other })
    await catalogue.submitVersion(note, receipts)
    expect(await codeOf(catalogue.submitSchema(schemaNote(paper, both)))).toBe(
      'SH_CATALOGUE_SCHEMA',
    )
    expect((await catalogue.submitSchema(schemaNote(paper, both, other))).missing).toEqual([])
  })
})

describe('versions', () => {
  async function withSchema(): Promise<Awaited<ReturnType<typeof setUp>>> {
    const all = await setUp()
    await all.catalogue.submitSchema(schemaNote(all.paper, ['east', 'west']))
    return all
  }

  it('enter with the receipts of their new part, and survive a restart', async () => {
    const { paper, kept, catalogue, log } = await withSchema()
    const one = nextVersion(paper, 'east')
    expect(await catalogue.submitVersion(one.note, one.receipts)).toEqual({ entry: 4 })
    const two = nextVersion(paper, 'west', one.body, { rows: 5 })
    expect(await catalogue.submitVersion(two.note, two.receipts)).toEqual({ entry: 8 })
    expect((await log.read(8)).note).toBe(two.note)
    expect((await log.read(5)).note).toBe(two.receipts[0])
    const again = await start(paper, kept)
    for (const each of [catalogue, again.catalogue]) {
      expect(each.datasets()).toEqual([
        {
          dataset: 'trips',
          version: 2,
          rows: 15,
          members: 15,
          columns: ['seats', 'shared'],
          purposes: ['planning'],
        },
      ])
      expect(each.dataset('trips')).toMatchObject({ version: 2, versionNote: two.note })
      expect(each.dataset('trips').params).toMatchObject({
        committee: { n: 3, t: 1 },
        dataset: { name: 'trips', version: 2, chunks: [10, 5], rowsPerMember: [[1, 15]] },
      })
    }
  })

  it('of two imports on the same version one enters, and the other is told', async () => {
    const { paper, catalogue } = await withSchema()
    const east = nextVersion(paper, 'east')
    const west = nextVersion(paper, 'west')
    const outcomes = await Promise.all([
      codeOf(catalogue.submitVersion(east.note, east.receipts)),
      codeOf(catalogue.submitVersion(west.note, west.receipts)),
    ])
    expect(outcomes).toEqual(['nothing', 'SH_CATALOGUE_CONFLICT'])
    const joined = nextVersion(paper, 'west', east.body)
    expect(await codeOf(catalogue.submitVersion(joined.note, joined.receipts))).toBe('nothing')
  })

  it('cannot be entered before the schema is signed by all', async () => {
    const { paper, catalogue } = await setUp()
    await catalogue.submitSchema(schemaNote(paper, ['east']))
    const one = nextVersion(paper, 'east')
    const code = await codeOf(catalogue.submitVersion(one.note, one.receipts))
    expect(code).toBe('SH_CATALOGUE_UNSIGNED')
    expect(() => catalogue.dataset('trips')).toThrow(/no dataset "trips"/)
  })

  it.each<[string, string, Parameters<typeof nextVersion>[3]]>([
    [
      'a version that leaves one out',
      'SH_CATALOGUE_CONFLICT',
      {
        edit: (body) => ({ ...body, version: 3 }),
      },
    ],
    ['the version again', 'SH_CATALOGUE_CONFLICT', { edit: (body) => ({ ...body, version: 1 }) }],
    [
      'a version without the part of another',
      'SH_CATALOGUE_VERSION',
      {
        edit: (body) => ({ ...body, parts: body.parts.slice(1), rowsPerMember: [[1, 10]] }),
      },
    ],
    [
      'a version that changes the part of another',
      'SH_CATALOGUE_VERSION',
      {
        edit: (body) => ({
          ...body,
          parts: body.parts.map((part, i) => (i === 0 ? { ...part, roots: part.receipts } : part)),
        }),
      },
    ],
    [
      'a part that counts twice',
      'SH_CATALOGUE_VERSION',
      {
        edit: (body) => ({
          ...body,
          parts: [...body.parts, body.parts[1]!],
          rowsPerMember: [[1, 30]],
        }),
      },
    ],
    [
      'nothing new',
      'SH_CATALOGUE_VERSION',
      {
        edit: (body) => ({ ...body, parts: body.parts.slice(0, 1), rowsPerMember: [[1, 10]] }),
      },
    ],
    ['an import that was there before', 'SH_CATALOGUE_VERSION', { importId: 'import-known' }],
    [
      'member rows that do not add up',
      'SH_CATALOGUE_VERSION',
      {
        edit: (body) => ({ ...body, rowsPerMember: [[1, 19]] }),
      },
    ],
    [
      'a part in another’s name',
      'SH_CATALOGUE_VERSION',
      {
        edit: (body) => ({
          ...body,
          parts: body.parts.map((part) => ({ ...part, repository: 'east' })),
        }),
      },
    ],
    ['another schema', 'SH_AUTH_VERSION', { schema: { ...SCHEMA, kMin: 1 } }],
    [
      'a receipt signed by another share-node',
      'SH_CATALOGUE_RECEIPT',
      {
        receipt: (node) => (node === 2 ? { signer: 'share-1' } : {}),
      },
    ],
    [
      'a receipt signed by the repository itself',
      'SH_CATALOGUE_RECEIPT',
      {
        receipt: () => ({ signer: 'west' }),
      },
    ],
    [
      'a receipt for another root',
      'SH_CATALOGUE_RECEIPT',
      {
        receipt: (node) => (node === 3 ? { root: 'ab'.repeat(32) } : {}),
      },
    ],
  ])('refuse %s', async (_, code, options) => {
    const { paper, catalogue, log } = await withSchema()
    const one = nextVersion(paper, 'east', undefined, { importId: 'import-known' })
    await catalogue.submitVersion(one.note, one.receipts)
    const { size } = log
    const two = nextVersion(paper, 'west', one.body, options)
    expect(await codeOf(catalogue.submitVersion(two.note, two.receipts))).toBe(code)
    expect(log.size).toBe(size)
    expect(catalogue.dataset('trips').version).toBe(1)
  })

  it('refuse receipts that are missing, in another order or from another import', async () => {
    const { paper, catalogue, log } = await withSchema()
    const { note, receipts } = nextVersion(paper, 'east')
    const other = nextVersion(paper, 'east')
    const [first, second, third] = receipts as [string, string, string]
    const wrong = [
      [],
      [first, second],
      [second, first, third],
      [first, second, other.receipts[2]!],
      [first, second, third, third],
    ]
    for (const list of wrong) {
      expect(await codeOf(catalogue.submitVersion(note, list))).toBe('SH_CATALOGUE_RECEIPT')
    }
    expect(log.size).toBe(1)
  })

  it('refuse a version that is not signed by its importer', async () => {
    const { paper, catalogue } = await withSchema()
    const { note, receipts, body } = nextVersion(paper, 'east')
    const forged = signRecord(paper.topology.origin, 'version', body, [skey(paper, 'west')])
    expect(await codeOf(catalogue.submitVersion(forged, receipts))).toBe('SH_NOTE_UNKNOWN_SIGNER')
    const unsigned = `${parseNote(note).text}\n`
    expect(await codeOf(catalogue.submitVersion(unsigned, receipts))).toBe('SH_NOTE_MALFORMED')
  })
})

describe('a dataset with a unique column', () => {
  const keyed: Schema = {
    ...SCHEMA,
    columns: SCHEMA.columns.map((column, k) => (k === 0 ? { ...column, unique: true } : column)),
  }

  it('has one repository', async () => {
    const { paper, catalogue, log } = await setUp()
    const both = schemaNote(paper, ['east', 'west'], keyed)
    expect(await codeOf(catalogue.submitSchema(both))).toBe('SH_AUTH_SCHEMA')
    expect(log.size).toBe(0)
    const { missing } = await catalogue.submitSchema(schemaNote(paper, ['east'], keyed, ['east']))
    expect(missing).toEqual([])
  })

  it('has versions of one import each: the newest replaces the others', async () => {
    const { paper, catalogue } = await setUp()
    await catalogue.submitSchema(schemaNote(paper, ['east'], keyed, ['east']))
    const one = nextVersion(paper, 'east', undefined, { schema: keyed })
    await catalogue.submitVersion(one.note, one.receipts)
    const added = nextVersion(paper, 'east', one.body, { schema: keyed })
    expect(await codeOf(catalogue.submitVersion(added.note, added.receipts))).toBe(
      'SH_AUTH_VERSION',
    )
    const edit = (body: VersionBody): VersionBody => ({
      ...body,
      parts: body.parts.slice(1),
      rowsPerMember: [[1, 10]],
    })
    const two = nextVersion(paper, 'east', one.body, { schema: keyed, edit })
    await catalogue.submitVersion(two.note, two.receipts)
    expect(catalogue.current('trips').version.parts).toEqual(two.body.parts)
  })
})
