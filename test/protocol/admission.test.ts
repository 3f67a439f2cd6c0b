/** What a node checks by itself: one good proposal, and everything that can be wrong with one. */
import { beforeAll, describe, expect, test } from 'vitest'

import { admissionKeys } from '../../node/job-server.ts'
import {
  admit,
  datasetParams,
  jobIdOf,
  openSchema,
  proposeParams,
} from '../../protocol/admission.ts'
import type { AdmissionKeys, JobProposal } from '../../protocol/admission.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import { addSignatures } from '../../protocol/ledger/note.ts'
import { noteHash, schemaHash, signRecord } from '../../protocol/ledger/records.ts'
import { arrangeDatasets } from '../../protocol/sql/arrange.ts'
import { compile } from '../../protocol/sql/compile.ts'
import type { Schema } from '../../shares/schema.ts'
import {
  SCHEMA,
  nextVersion,
  paperNetwork,
  requestNote,
  schemaNote,
  skey,
  type Import,
  type Paper,
  type RequestEdit,
} from '../coordinator/fixture.ts'
import { hash } from '../shares/noble.ts'

const SQL = 'SELECT COUNT(*) FROM trips'
const NOW = Math.floor(Date.now() / 1000)

let paper: Paper
let keys: AdmissionKeys
let version: Import

beforeAll(async () => {
  paper = await paperNetwork()
  keys = admissionKeys(paper.topology)
  version = nextVersion(paper, 'east')
})

/** A proposal that is good unless edited. */
async function proposal(
  edit: Partial<JobProposal> & { readonly request?: RequestEdit } = {},
): Promise<JobProposal> {
  const { request = {}, ...rest } = edit
  const params = proposeParams({ dataset: datasetParams(version.body) }, 3, paper.topology)
  const { planHash } = await compile(SQL, SCHEMA, params)
  const note = rest.requestNote ?? requestNote(paper, { versionNote: version.note, ...request })
  return {
    job: jobIdOf(note),
    requestNote: note,
    schemaNotes: [schemaNote(paper, ['east', 'west'])],
    versionNotes: [version.note],
    planParams: canonicalJson(params),
    planHash,
    ...rest,
  }
}

const admitted = async (given: Promise<JobProposal>): Promise<unknown> =>
  admit(await given, keys, NOW, hash)

test('a good proposal is admitted, as what was signed', async () => {
  const given = await proposal()
  const { job, querier, datasets } = await admit(given, keys, NOW, hash)
  expect(job).toBe(given.job)
  expect(datasets).toEqual([
    { schema: SCHEMA, version: version.body, note: noteHash(version.note) },
  ])
  expect(querier).toBe(paper.keys.get('ann')!.vkey)
})

describe('a join', () => {
  const PEOPLE: Schema = {
    dataset: 'people',
    member: 'person',
    kMin: 5,
    purposes: ['planning'],
    columns: [{ name: 'age', type: 'integer', nullable: false, min: 0, max: 120 }],
  }
  const JOIN = 'SELECT COUNT(*) FROM people JOIN trips ON person = driver'

  /** @param edit of what is named, good unless edited */
  async function joinProposal(
    edit: {
      readonly order?: readonly string[]
      readonly people?: Schema
      readonly sql?: string
      readonly notes?: number
    } = {},
  ): Promise<JobProposal> {
    const { people: schema = PEOPLE, sql = JOIN } = edit
    const several = nextVersion(paper, 'west', undefined, {
      edit: (body) => ({ ...body, rowsPerMember: [[2, 5]] }),
    })
    const people = nextVersion(paper, 'east', undefined, { schema })
    const all = new Map([
      ['trips', { schema: SCHEMA, version: several }],
      ['people', { schema, version: people }],
    ])
    const named = (edit.order ?? ['trips', 'people']).map((name) => all.get(name)!)
    const schemas = [SCHEMA, schema]
    const arranged = await arrangeDatasets(
      JOIN,
      schemas,
      [several, people].map(({ body }) => datasetParams(body)),
    )
    const params = proposeParams(arranged, 3, paper.topology)
    const { planHash } = await compile(JOIN, schemas, params)
    const body = {
      sql,
      purpose: 'planning',
      datasets: named.map(({ schema: of, version: { body: itsBody, note } }) => ({
        name: of.dataset,
        version: itsBody.version,
        schemaHash: schemaHash(of),
        versionNote: noteHash(note),
      })),
      resultKey: '0'.repeat(64),
      nonce: '1'.repeat(64),
      expiry: NOW + 600,
      grant: '',
    }
    const note = signRecord(paper.topology.origin, 'job-request', body, [skey(paper, 'ann')])
    return {
      job: jobIdOf(note),
      requestNote: note,
      schemaNotes: named
        .slice(0, edit.notes)
        .map(({ schema: of }) => schemaNote(paper, ['east', 'west'], of)),
      versionNotes: named.slice(0, edit.notes).map((one) => one.version.note),
      planParams: canonicalJson(params),
      planHash,
    }
  }

  test('of the datasets in the order of the plan is admitted', async () => {
    const { datasets, params, inputs } = await admit(await joinProposal(), keys, NOW, hash)
    expect(datasets.map(({ schema }) => schema.dataset)).toEqual(['trips', 'people'])
    expect(params.joined).toMatchObject([{ name: 'people', lanes: false }])
    expect(inputs.map(({ dataset }) => dataset)).toEqual(['trips', 'people'])
  })

  test.each([
    ['in another order', 'SH_AUTH_DATASET', { order: ['people', 'trips'] }],
    ['one of them twice', 'SH_AUTH_DATASET', { order: ['trips', 'trips'] }],
    ['with a note too few', 'SH_AUTH_DATASET', { notes: 1 }],
    ['without one of them', 'SH_AUTH_DATASET', { order: ['trips'] }],
    ['that the query does not name', 'SH_AUTH_DATASET', { sql: 'SELECT COUNT(*) FROM trips' }],
    [
      'of which one is not open to the purpose',
      'SH_AUTH_PURPOSE',
      { people: { ...PEOPLE, purposes: ['research'] } },
    ],
  ] as const)('%s is refused', async (_what, code, edit) => {
    await expect(admitted(joinProposal(edit))).rejects.toMatchObject({ code })
  })
})

describe('refuses', () => {
  const refusals: [string, string, () => Promise<JobProposal>][] = [
    [
      'a request by nobody of the topology',
      'SH_AUTH_SIGNATURE',
      () => proposal({ request: { signer: 'east' } }),
    ],
    [
      'a request by two queriers',
      'SH_AUTH_SIGNATURE',
      () => proposal({ requestNote: addSignatures(requestNote(paper), [skey(paper, 'bob')]) }),
    ],
    ['another job id', 'SH_AUTH_JOB', () => proposal({ job: '0'.repeat(32) })],
    ['an expired request', 'SH_AUTH_EXPIRED', () => proposal({ request: { expiry: NOW } })],
    [
      'a request for the year after next',
      'SH_AUTH_EXPIRY',
      () => proposal({ request: { expiry: NOW + 24 * 3600 + 1 } }),
    ],
    [
      'a purpose that nobody signed',
      'SH_AUTH_PURPOSE',
      () => proposal({ request: { purpose: 'advertising' } }),
    ],
    ['another version', 'SH_AUTH_DATASET', () => proposal({ request: { version: 2 } })],
    [
      'another schema',
      'SH_AUTH_DATASET',
      () => proposal({ request: { schema: { ...SCHEMA, kMin: 1 } } }),
    ],
    [
      'a schema that not all of its repositories have signed',
      'SH_NOTE_UNSIGNED',
      () => proposal({ schemaNotes: [schemaNote(paper, ['east'])] }),
    ],
    [
      'a weaker schema than that of the version, signed by all',
      'SH_AUTH_VERSION',
      () =>
        proposal({ schemaNotes: [schemaNote(paper, ['east', 'west'], { ...SCHEMA, kMin: 1 })] }),
    ],
    [
      'a version by a repository that the schema does not name',
      'SH_AUTH_VERSION',
      () => proposal({ schemaNotes: [schemaNote(paper, ['west'], SCHEMA, ['west'])] }),
    ],
    [
      'a version with a part of a repository that the schema does not name',
      'SH_AUTH_VERSION',
      () => {
        const foreign = nextVersion(paper, 'east', undefined, {
          edit: (body) => ({
            ...body,
            parts: body.parts.map((part) => ({ ...part, repository: 'north' })),
          }),
        })
        return proposal({ versionNotes: [foreign.note] })
      },
    ],
    [
      'another import of the same number, such as one that lost the race to the ledger',
      'SH_AUTH_DATASET',
      () => proposal({ versionNotes: [nextVersion(paper, 'west').note] }),
    ],
    ['another plan', 'SH_AUTH_PLAN', () => proposal({ planHash: '0'.repeat(64) })],
    [
      'planParams that do not follow from the version',
      'SH_AUTH_PARAMS',
      () => {
        const params = proposeParams({ dataset: datasetParams(version.body) }, 3, paper.topology)
        const dataset = { ...params.dataset, rowsPerMember: [[2, 5] as const] }
        return proposal({ planParams: canonicalJson({ ...params, dataset }) })
      },
    ],
    [
      'planParams that are not canonical',
      'SH_JSON_NOT_CANONICAL',
      async () => proposal({ planParams: `${(await proposal()).planParams} ` }),
    ],
  ]
  test.each(refusals)('%s', async (_what, code, given) => {
    await expect(admitted(given())).rejects.toMatchObject({ code })
  })

  // The planner relies on the rules of parseSchema, as that sums do not overflow.
  const broken: [string, Partial<Schema>][] = [
    [
      'two columns of one name',
      { columns: [SCHEMA.columns[0]!, { name: 'seats', type: 'boolean', nullable: false }] },
    ],
    [
      'an empty range',
      { columns: [{ name: 'seats', type: 'integer', nullable: false, min: 7, max: 0 }] },
    ],
    [
      'a range beyond the field',
      {
        columns: [
          {
            name: 'fare',
            type: 'decimal',
            nullable: false,
            precision: 30,
            scale: 0,
            min: '0',
            max: '999999999999999999999999',
          },
        ],
      },
    ],
    ['the pseudonym as a column', { member: 'seats' }],
  ]
  test.each(broken)('a schema with %s, though it is signed by all', (_what, edit) => {
    const note = schemaNote(paper, ['east', 'west'], { ...SCHEMA, ...edit })
    expect(() => openSchema(note, keys)).toThrow(
      expect.objectContaining({ code: 'SH_AUTH_SCHEMA' }) as Error,
    )
  })
})
