/** A share-node's side of imports, against repositories that do not keep to the rules. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { rng } from '../../node/crypto.ts'
import type { FramedStream } from '../../node/framed-stream.ts'
import { IMPORT_PROTOCOL, blockBytes, blocksOf } from '../../node/import-blocks.ts'
import { type ImportServer, serveImports } from '../../node/import-server.ts'
import { ActorKey } from '../../node/keys.ts'
import { silent } from '../../node/log.ts'
import { receiveMessage, sendMessage } from '../../node/message-stream.ts'
import { createOverlay, type Overlay } from '../../node/overlay.ts'
import { parseTopology, type Topology } from '../../node/topology.ts'
import { generateKey } from '../../protocol/ledger/note.ts'
import { schemaHash, signRecord, type VersionBody } from '../../protocol/ledger/records.ts'
import { encodeMembers, type MemberRun } from '../../protocol/members.ts'
import { membersMessages } from '../../protocol/wire/members-pieces.ts'
import { blockLeaf, commitTo } from '../../shares/commit.ts'
import { committee } from '../../shares/committee.ts'
import { hexOf } from '../../shares/hex.ts'
import type { Schema } from '../../shares/schema.ts'
import { memoryStore, type ShareStore } from '../../shares/store.ts'
import { hash } from '../shares/noble.ts'

import { actors } from './network.ts'

const SCHEMA: Schema = {
  dataset: 'trips',
  member: 'driver',
  kMin: 2,
  purposes: ['planning'],
  columns: [{ name: 'seats', type: 'integer', nullable: false, min: 0, max: 7 }],
}
const WAIT = { timeoutMs: 10_000 }

const keys = new Map<string, ActorKey>()
let topology: Topology
let store: ShareStore
let server: ImportServer
const registered: string[] = []
const overlays = new Map<string, Overlay>()

beforeAll(async () => {
  const made = actors(3)
  for (const [name, key] of made.keys) keys.set(name, key)
  const repository = (name: string): object => {
    const key = new ActorKey(generateKey(name, rng).skey)
    keys.set(name, key)
    return { name, key: key.vkey }
  }
  const json = { ...made.json, repositories: [repository('east'), repository('west')] }
  topology = await parseTopology(json, '/')
  for (const name of ['share-1', 'east', 'west']) {
    const listen = name === 'share-1' ? ['/ip4/127.0.0.1/tcp/0'] : []
    const key = keys.get(name)!
    overlays.set(
      name,
      await createOverlay({ key, topology, listen, keepAlive: false, log: silent }),
    )
  }
  store = memoryStore()
  const overlay = overlays.get('share-1')!
  server = await serveImports({
    overlay,
    key: keys.get('share-1')!,
    store,
    async onRegistered(dataset, importId) {
      registered.push(`${dataset}/${importId}`)
    },
    log: silent,
  })
  for (const name of ['east', 'west']) {
    overlays.get(name)!.setAddress('share-1', overlay.addresses[0]!)
  }
})

afterAll(async () => {
  for (const overlay of overlays.values()) await overlay.close()
})

const skeyOf = (name: string): string => keys.get(name)!.skey

const schemaNote = (repositories: readonly string[], schema: Schema = SCHEMA): string =>
  signRecord(topology.origin, 'schema', { repositories, schema }, repositories.map(skeyOf))

interface Begun {
  readonly stream: FramedStream
  readonly importId: string
  readonly chunks: readonly number[]
  readonly members: Uint8Array
}

/** The conversation up to the member runs. */
async function begin(
  repository: string,
  note: string,
  runs: readonly MemberRun[],
  options: { importId?: string; chunks?: readonly number[] } = {},
): Promise<Begun> {
  const { importId = hexOf(rng(16)) } = options
  const chunks = options.chunks ?? [runs.reduce((sum, run) => sum + run.rows, 0)]
  const stream = await overlays.get(repository)!.open('share-1', IMPORT_PROTOCOL)
  const members = encodeMembers(runs, rng(32))
  await sendMessage(stream, 'importBegin', { importId, dataset: 'trips', schemaNote: note, chunks })
  for (const message of membersMessages(0, members)) await stream.send(message)
  return { stream, importId, chunks, members }
}

/** The rest, up to the receipt. @returns the root */
async function finish(
  { stream, importId, chunks }: Begun,
  edit: (bytes: Uint8Array, encoding: string) => void = () => {},
): Promise<string> {
  const leaves = []
  for (const place of blocksOf(SCHEMA, chunks)) {
    const { encoding, chunk } = place
    const column = place.column.name
    const bytes = new Uint8Array(blockBytes(place, committee(3)))
    edit(bytes, encoding)
    const salt = rng(32)
    leaves.push(
      blockLeaf({ dataset: 'trips', importId, column, encoding, chunk }, salt, bytes, hash),
    )
    await sendMessage(stream, 'block', { column, encoding, chunk, salt }, bytes)
  }
  const root = hexOf(commitTo(leaves, hash).root)
  await sendMessage(stream, 'importCommit', { root })
  await receiveMessage(stream, ['receipt'], WAIT)
  return root
}

const hers: MemberRun[] = [
  { member: 'alice', rows: 3 },
  { member: 'bob', rows: 1 },
]

/** What west says of east's import. */
function claim(east: Begun, root: string, edit: Partial<VersionBody['parts'][number]>): string {
  const body: VersionBody = {
    dataset: 'trips',
    version: 1,
    importer: 'west',
    schemaHash: schemaHash(SCHEMA),
    parts: [
      {
        repository: 'east',
        importId: east.importId,
        chunks: east.chunks,
        members: hexOf(hash.sha256(east.members)),
        roots: [root, root, root],
        receipts: [root, root, root],
        ...edit,
      },
    ],
    rowsPerMember: [
      [1, 1],
      [3, 1],
    ],
  }
  return signRecord(topology.origin, 'version', body, [skeyOf('west')])
}

describe('the union of members', () => {
  test('is told of parts as they are held', async () => {
    const both = schemaNote(['east', 'west'])
    const east = await begin('east', both, hers)
    const root = await finish(east)
    const west = await begin('west', both, [{ member: 'alice', rows: 10 }])
    await finish(west)
    const versionNote = claim(east, root, {})
    await sendMessage(west.stream, 'importUnion', { importId: west.importId, versionNote })
    const { header } = await receiveMessage(west.stream, ['union'], WAIT)
    expect(JSON.parse(header.rowsPerMember)).toEqual([
      [1, 1],
      [13, 1],
    ])
  })

  test('is not told to a repository that is not of the dataset', async () => {
    const east = await begin('east', schemaNote(['east']), hers)
    const root = await finish(east)
    // West alone signs a schema of the same name, and calls east's import its own.
    const west = await begin('west', schemaNote(['west']), [{ member: 'alice', rows: 10 }])
    await finish(west)
    const versionNote = claim(east, root, { repository: 'west' })
    await sendMessage(west.stream, 'importUnion', { importId: west.importId, versionNote })
    await expect(receiveMessage(west.stream, ['union'], WAIT)).rejects.toMatchObject({
      code: 'SH_AUTH_VERSION',
    })
  })
})

describe('that an import is in a version', () => {
  test('is remembered when its repository says so, and the conversation ends', async () => {
    const east = await begin('east', schemaNote(['east', 'west']), hers)
    const root = await finish(east)
    expect(server.isOpen(east.importId)).toBe(true)
    const versionNote = claim(east, root, {})
    await sendMessage(east.stream, 'importActivate', { versionNote })
    await receiveMessage(east.stream, ['acknowledged'], WAIT)
    expect(await east.stream.receive(WAIT)).toBeNull()
    expect(server.isOpen(east.importId)).toBe(false)
    expect(registered).toEqual([`trips/${east.importId}`])
  })

  test('is not, if it is another import that the version has', async () => {
    const [east, other] = [
      await begin('east', schemaNote(['east', 'west']), hers),
      await begin('east', schemaNote(['east', 'west']), hers),
    ]
    await finish(east)
    const versionNote = claim(other, await finish(other), {})
    registered.length = 0
    await sendMessage(east.stream, 'importActivate', { versionNote })
    await expect(receiveMessage(east.stream, ['acknowledged'], WAIT)).rejects.toMatchObject({
      code: 'SH_AUTH_VERSION',
    })
    expect(registered).toEqual([])
  })
})

describe('what is refused', () => {
  test('more blocks than a list of them may be long, before the list is made', async () => {
    const columns = Array.from({ length: 1000 }, (_, i) => ({
      name: `c${i}`,
      type: 'boolean' as const,
      nullable: false,
    }))
    const note = schemaNote(['west'], { ...SCHEMA, columns })
    const chunks = Array.from({ length: 4_000 }, () => 1)
    const { stream } = await begin('west', note, [{ member: 'alice', rows: 4_000 }], { chunks })
    await expect(receiveMessage(stream, ['receipt'], WAIT)).rejects.toMatchObject({
      code: 'SH_IMPORT_BLOCKS',
    })
  })

  test.each<[string, { importId?: string; chunks?: readonly number[] }]>([
    ['an import id that no record may have', { importId: 'a/b' }],
    ['more chunks than a record may have', { chunks: Array.from({ length: 4_097 }, () => 1) }],
  ])('%s, and nothing of it is kept', async (_what, options) => {
    const rows = options.chunks?.length ?? 1
    const begun = await begin('west', schemaNote(['west']), [{ member: 'alice', rows }], options)
    await expect(receiveMessage(begun.stream, ['receipt'], WAIT)).rejects.toMatchObject({
      code: 'SH_IMPORT_BLOCKS',
    })
    const { importId } = begun
    expect(await store.list({ dataset: 'trips', importId })).toEqual([])
  })

  test('a field block that holds something else than elements', async () => {
    const begun = await begin('west', schemaNote(['west']), [{ member: 'alice', rows: 2 }])
    // p itself, little endian.
    const p = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]
    const failed = finish(begun, (bytes, encoding) => {
      if (encoding === 'field') bytes.set(p, 8)
    })
    await expect(failed).rejects.toMatchObject({ code: 'SH_IMPORT_BLOCKS' })
  })
})
