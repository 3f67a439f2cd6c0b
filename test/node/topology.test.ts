import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { rng } from '../../node/crypto.ts'
import { createKeyFiles, peerIdOfVkey } from '../../node/keys.ts'
import { actorOf, parseTopology, readTopology } from '../../node/topology.ts'
import { generateKey } from '../../protocol/ledger/note.ts'

import { actors } from './network.ts'

const EXAMPLE = fileURLToPath(new URL('../../topology.example.json', import.meta.url))

type Json = Record<string, unknown>
interface Entry {
  name: string
  key: unknown
  address: string
  http: string
  [more: string]: unknown
}
interface File extends Json {
  coordinator: Entry
  shareNodes: Entry[]
  mpcNodes: Entry[]
  repositories: Entry[]
  queriers: Entry[]
}

const vkeyOf = (name: string): string => generateKey(name, rng).vkey

describe('topology.example.json', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'sharehold-topology-'))
    await copyFile(EXAMPLE, path.join(directory, 'topology.json'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('works with keys made under keys/, and says what is missing until then', async () => {
    const file = path.join(directory, 'topology.json')
    await expect(readTopology(file)).rejects.toMatchObject({
      code: 'SH_TOPOLOGY_UNREADABLE',
      message: expect.stringMatching(/^coordinator\.key\.file: .*coordinator\.vkey/u) as string,
    })
    const shares = ['share-1', 'share-2', 'share-3']
    const mpcs = ['mpc-1', 'mpc-2', 'mpc-3']
    const others = ['coordinator', 'yellow-cabs', 'green-cabs', 'analyst']
    const vkeys = new Map<string, string>()
    for (const name of [...others, ...shares, ...mpcs]) {
      vkeys.set(name, (await createKeyFiles(path.join(directory, 'keys'), name)).vkey)
    }
    const topology = await readTopology(file)
    expect(topology.origin).toBe('taxi-coop.example/ledger')
    expect(topology.coordinator).toMatchObject({
      role: 'coordinator',
      http: 'http://127.0.0.1:7400',
    })
    expect(topology.shareNodes.map((one) => [one.name, one.index, one.role])).toEqual(
      shares.map((name, i) => [name, i + 1, 'share-node']),
    )
    expect(topology.mpcNodes.map((one) => one.name)).toEqual(mpcs)
    expect(topology.repositories.map((one) => one.name)).toEqual(['yellow-cabs', 'green-cabs'])
    expect(topology.queriers.map((one) => one.name)).toEqual(['analyst'])
    expect(topology.limits.maxFrameBytes).toBe(16 * 1024 * 1024)
    expect(topology.byName.size).toBe(10)
    for (const [name, vkey] of vkeys) {
      const actor = actorOf(topology, name)
      expect(actor.vkey).toBe(vkey)
      expect(actor.peerId).toBe(peerIdOfVkey(vkey).toString())
      expect(topology.byPeerId.get(actor.peerId)).toBe(actor)
    }
  })

  it('is refused when the file is no JSON or not there', async () => {
    const file = path.join(directory, 'topology.json')
    await writeFile(file, '{ "origin": ')
    await expect(readTopology(file)).rejects.toMatchObject({ code: 'SH_TOPOLOGY_INVALID' })
    await expect(readTopology(path.join(directory, 'none.json'))).rejects.toMatchObject({
      code: 'SH_TOPOLOGY_UNREADABLE',
    })
  })
})

describe('parseTopology', () => {
  it.each([3, 5, 7])('takes committees of %i, and limits', async (n) => {
    const topology = await parseTopology(actors(n, { limits: { parkedMs: 500 } }).json, '/')
    expect(topology.mpcNodes).toHaveLength(n)
    expect(topology.limits).toMatchObject({ parkedMs: 500, parkedStreams: 64 })
  })

  it('takes an address with the peer id of the key, and drops it', async () => {
    const { json } = actors()
    const file = structuredClone(json) as File
    const node = file.mpcNodes[0]!
    const plain = node.address
    node.address = `${plain}/p2p/${peerIdOfVkey(node.key as string).toString()}`
    expect((await parseTopology(file, '/')).mpcNodes[0]!.address).toBe(plain)
  })

  const faults: readonly (readonly [string, string, (file: File) => void])[] = [
    ['no origin', 'origin', (f) => void delete f['origin']],
    ['an origin with a space', 'origin', (f) => void (f['origin'] = 'a b')],
    ['an unknown field', 'topology', (f) => void (f['colour'] = 'red')],
    ['an unknown field inside', 'mpcNodes[1]', (f) => void (f.mpcNodes[1]!['port'] = 1)],
    ['no coordinator', 'coordinator', (f) => void delete (f as Json)['coordinator']],
    ['a bad URL', 'coordinator.http', (f) => void (f.coordinator.http = 'localhost:7400')],
    ['a URL of a file', 'coordinator.http', (f) => void (f.coordinator.http = 'file:///x')],
    ['a final slash', 'coordinator.http', (f) => void (f.coordinator.http = 'http://a/')],
    ['two nodes', 'mpcNodes', (f) => void f.mpcNodes.pop()],
    ['no nodes', 'shareNodes', (f) => void (f.shareNodes = [])],
    ['no repository', 'repositories', (f) => void (f.repositories = [])],
    [
      'a name twice',
      'mpcNodes[2].name',
      (f) =>
        void (f.mpcNodes[2] = {
          ...f.mpcNodes[0]!,
          key: vkeyOf('mpc-1'),
          address: '/ip4/1.2.3.4/tcp/1',
        }),
    ],
    ['an actor twice', 'queriers[0].name', (f) => void (f.queriers[0] = f.repositories[0]!)],
    [
      'the key of another name',
      'shareNodes[1].key',
      (f) => void (f.shareNodes[1]!.key = f.shareNodes[0]!.key),
    ],
    [
      'half a key',
      'shareNodes[1].key',
      (f) => void (f.shareNodes[1]!.key = 'share-2+00000000+AAAA'),
    ],
    [
      'a secret key',
      'shareNodes[1].key',
      (f) => void (f.shareNodes[1]!.key = generateKey('share-2', rng).skey),
    ],
    ['no key', 'shareNodes[1].key', (f) => void delete (f.shareNodes[1] as Json)['key']],
    ['a key that is a number', 'shareNodes[1].key', (f) => void (f.shareNodes[1]!.key = 7)],
    [
      'an address twice',
      'mpcNodes[0].address',
      (f) => void (f.mpcNodes[0]!.address = f.shareNodes[2]!.address),
    ],
    [
      'a host name as address',
      'mpcNodes[0].address',
      (f) => void (f.mpcNodes[0]!.address = 'localhost:7401'),
    ],
    [
      'an address without a port',
      'mpcNodes[0].address',
      (f) => void (f.mpcNodes[0]!.address = '/ip4/127.0.0.1'),
    ],
    [
      'port 0',
      'mpcNodes[0].address',
      (f) => void (f.mpcNodes[0]!.address = '/ip4/127.0.0.1/tcp/0'),
    ],
    ['UDP', 'mpcNodes[0].address', (f) => void (f.mpcNodes[0]!.address = '/ip4/127.0.0.1/udp/5')],
    [
      'a websocket',
      'mpcNodes[0].address',
      (f) => void (f.mpcNodes[0]!.address = '/ip4/127.0.0.1/tcp/5/ws'),
    ],
    [
      'another’s peer id',
      'mpcNodes[0].address',
      (f) => void (f.mpcNodes[0]!.address += `/p2p/${peerIdOfVkey(vkeyOf('x')).toString()}`),
    ],
    ['no chunks in flight', 'chunksInFlight', (f) => void (f['chunksInFlight'] = 0)],
    ['too many chunks in flight', 'chunksInFlight', (f) => void (f['chunksInFlight'] = 257)],
    ['an unknown network', 'network', (f) => void (f['network'] = 'moon')],
    ['no patience', 'roundTimeoutMs', (f) => void (f['roundTimeoutMs'] = 5)],
    ['half a millisecond', 'roundTimeoutMs', (f) => void (f['roundTimeoutMs'] = 1000.5)],
    ['an unknown limit', 'limits', (f) => void (f['limits'] = { frames: 1 })],
    ['a limit out of range', 'limits.parkedMs', (f) => void (f['limits'] = { parkedMs: 1 })],
  ]

  it.each(faults)('refuses %s, at %s', async (_what, at, spoil) => {
    const file = structuredClone(actors().json) as File
    spoil(file)
    const error: unknown = await parseTopology(file, '/').catch((one: unknown) => one)
    expect(error).toMatchObject({
      code: 'SH_TOPOLOGY_INVALID',
      hint: expect.stringContaining(at) as string,
    })
    expect((error as Error).message.startsWith(`${at}: `)).toBe(true)
    expect((error as Error).message).not.toContain('PRIVATE')
  })

  it('refuses one key under two names', async () => {
    // Two names with one public key: only a made-up vkey can do that, and its key id must fit.
    const { keyFromSeed } = await import('../../protocol/ledger/note.ts')
    const file = structuredClone(actors().json) as File
    const seed = rng(32)
    file.mpcNodes[0]!.key = keyFromSeed('mpc-1', seed).vkey
    file.queriers[0]!.key = keyFromSeed('analyst', seed).vkey
    await expect(parseTopology(file, '/')).rejects.toMatchObject({
      code: 'SH_TOPOLOGY_INVALID',
      message: 'queriers[0].key: mpc-1 has the same key',
    })
  })

  it.each([undefined, null, [], 'x', 7])('refuses %j', async (json) => {
    await expect(parseTopology(json, '/')).rejects.toMatchObject({ code: 'SH_TOPOLOGY_INVALID' })
  })
})

describe('actorOf', () => {
  it('finds by name and role, and says who there is', async () => {
    const topology = await parseTopology(actors().json, '/')
    expect(actorOf(topology, 'mpc-2', 'mpc-node').index).toBe(2)
    expect(() => actorOf(topology, 'mpc-2', 'share-node')).toThrow(
      expect.objectContaining({
        code: 'SH_NET_STRANGER',
        hint: 'It has: share-1, share-2, share-3.',
      }) as Error,
    )
    expect(() => actorOf(topology, 'toString')).toThrow('no actor')
  })
})
