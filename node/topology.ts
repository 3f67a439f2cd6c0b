/**
 * topology.json: who belongs to the network, with which key, at which address. Every process reads its
 * own copy; keys are trusted because they stand there, and for no other reason. Whoever can change a
 * node's copy decides whom that node trusts.
 *
 * A key is an inline vkey or `{ "file": "keys/share-1.vkey" }`, relative to the topology file.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { isMultiaddr, multiaddr } from '@multiformats/multiaddr'
import { z } from 'zod'

import { isKeyName, parseVerifierKey } from '../protocol/ledger/note.ts'
import type { CommitteeSize } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'

import { peerIdOfVkey, readVkeyFile } from './keys.ts'

export type Role = 'coordinator' | 'share-node' | 'mpc-node' | 'repository' | 'querier'

export interface Actor {
  readonly role: Role
  /** Unique in the topology, and the name in the key. */
  readonly name: string
  /** 1..: place in the list of its role. For nodes it is the party index of the committee. */
  readonly index: number
  readonly vkey: string
  /** libp2p peer id, as text. */
  readonly peerId: string
  /** Multiaddr without /p2p; only the coordinator and the nodes have one. */
  readonly address?: string
}

/** An actor that others can dial. */
export interface NodeActor extends Actor {
  readonly address: string
}

/** Bounds on what a peer can make a process hold. */
export interface Limits {
  /** Longest frame on a framed stream. */
  readonly maxFrameBytes: number
  /** Longest message of a round. */
  readonly maxRoundBytes: number
  /** Round streams of one peer that may wait for a job which is not there yet. */
  readonly parkedStreams: number
  /** How long they may wait. */
  readonly parkedMs: number
  /** How long to try to reach a peer. */
  readonly dialTimeoutMs: number
  /** What an MPC node keeps of columns for further jobs; 0 keeps nothing. */
  readonly warmBytes: number
}

export interface Topology {
  /** Name of the ledger, as its checkpoints say it. */
  readonly origin: string
  readonly coordinator: NodeActor & {
    /** Base URL without a final slash. */
    readonly http: string
  }
  readonly shareNodes: readonly NodeActor[]
  readonly mpcNodes: readonly NodeActor[]
  readonly repositories: readonly Actor[]
  readonly queriers: readonly Actor[]
  /** Chunks whose messages share a round, 1..256. */
  readonly chunksInFlight: number
  readonly network: 'loopback' | 'lan' | 'wan'
  /** How long a party may be silent in a round. */
  readonly roundTimeoutMs: number
  readonly limits: Limits
  readonly byName: ReadonlyMap<string, Actor>
  readonly byPeerId: ReadonlyMap<string, Actor>
}

const MiB = 1024 * 1024

/** A block of 65,536 rows has at most 20 components of 64 planes of 8 KiB: 10 MiB. */
const DEFAULT_LIMITS: Limits = {
  maxFrameBytes: 16 * MiB,
  maxRoundBytes: 1024 * MiB,
  parkedStreams: 64,
  parkedMs: 60_000,
  dialTimeoutMs: 15_000,
  warmBytes: 256 * MiB,
}

const name = z
  .string()
  .max(128)
  .refine((text) => isKeyName(text), 'a name has no spaces and no plus sign')

const key = z.union(
  [z.string().min(1), z.strictObject({ file: z.string().min(1) })],
  'must be a vkey text or {"file": "<path to a .vkey file>"}',
)

const address = z.string().superRefine((text, context) => {
  const why = addressFault(text)
  if (why !== undefined) context.addIssue({ code: 'custom', message: why })
})

const http = z
  .url({ protocol: /^https?$/u, error: 'must be an http or https URL' })
  .refine((text) => !text.endsWith('/'), 'must not end with a slash')

const actor = z.strictObject({ name, key })
const node = z.strictObject({ name, key, address })
const committee = z
  .array(node)
  .refine((nodes) => [3, 5, 7].includes(nodes.length), 'a committee has 3, 5 or 7 nodes')

const count = (low: number, high: number): z.ZodNumber => z.int().min(low).max(high)

const file = z.strictObject({
  origin: name,
  coordinator: z.strictObject({ name, key, http, address }),
  shareNodes: committee,
  mpcNodes: committee,
  repositories: z.array(actor).min(1).max(1000),
  queriers: z.array(actor).max(10_000),
  chunksInFlight: count(1, 256),
  network: z.enum(['loopback', 'lan', 'wan']),
  roundTimeoutMs: count(100, 600_000),
  limits: z
    .strictObject({
      maxFrameBytes: count(MiB, 256 * MiB),
      maxRoundBytes: count(MiB, 4095 * MiB),
      parkedStreams: count(1, 10_000),
      parkedMs: count(100, 3_600_000),
      dialTimeoutMs: count(100, 600_000),
      warmBytes: count(0, 64 * 1024 * MiB),
    })
    .partial()
    .optional(),
})

type TopologyFile = z.infer<typeof file>
type KeyEntry = z.infer<typeof key>

/**
 * Reads a topology file and the key files that it names.
 *
 * @throws ShareholdError SH_TOPOLOGY_UNREADABLE; SH_TOPOLOGY_INVALID, whose message begins with the
 * place in the file (`shareNodes[1].key`)
 */
export async function readTopology(topologyFile: string): Promise<Topology> {
  let text: string
  try {
    text = await readFile(topologyFile, 'utf8')
  } catch (cause) {
    throw new ShareholdError('SH_TOPOLOGY_UNREADABLE', `${topologyFile} cannot be read.`, {
      hint: 'Give the path of topology.json; topology.example.json shows one.',
      cause,
    })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ShareholdError('SH_TOPOLOGY_INVALID', `${topologyFile} is not JSON: ${why}`, {
      cause,
    })
  }
  return parseTopology(json, path.dirname(topologyFile))
}

/**
 * Checks a topology and resolves its keys.
 *
 * @param json what stood in the file
 * @param directory what key files are relative to
 * @throws ShareholdError SH_TOPOLOGY_INVALID, SH_TOPOLOGY_UNREADABLE (a key file)
 */
export async function parseTopology(json: unknown, directory: string): Promise<Topology> {
  const parsed = file.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(jsonPath(issue?.path ?? []), issue?.message ?? 'unknown fault')
  }
  const raw = parsed.data
  const resolve = new Resolver(directory)
  const coordinator = {
    ...(await resolve.node('coordinator', raw.coordinator, 1, 'coordinator')),
    http: raw.coordinator.http,
  }
  const shareNodes = await resolve.nodes('share-node', raw.shareNodes, 'shareNodes')
  const mpcNodes = await resolve.nodes('mpc-node', raw.mpcNodes, 'mpcNodes')
  const repositories = await resolve.actors('repository', raw.repositories, 'repositories')
  const queriers = await resolve.actors('querier', raw.queriers, 'queriers')
  return {
    origin: raw.origin,
    coordinator,
    shareNodes,
    mpcNodes,
    repositories,
    queriers,
    chunksInFlight: raw.chunksInFlight,
    network: raw.network,
    roundTimeoutMs: raw.roundTimeoutMs,
    limits: withDefaults(raw.limits),
    byName: resolve.byName,
    byPeerId: resolve.byPeerId,
  }
}

/** How many nodes a committee of the topology has. */
export function committeeSize(nodes: readonly NodeActor[]): CommitteeSize {
  const n = nodes.length
  if (n !== 3 && n !== 5 && n !== 7) throw new RangeError('a committee has 3, 5 or 7 nodes')
  return n
}

/**
 * The actor with this name, in one of these roles.
 * @throws ShareholdError SH_NET_STRANGER
 */
export function actorOf(topology: Topology, actorName: string, ...roles: readonly Role[]): Actor {
  const found = topology.byName.get(actorName)
  if (found !== undefined && (roles.length === 0 || roles.includes(found.role))) return found
  const wanted = roles.length === 0 ? 'actor' : roles.join(' or ')
  const names = [...topology.byName.values()]
    .filter((one) => roles.length === 0 || roles.includes(one.role))
    .map((one) => one.name)
  throw new ShareholdError(
    'SH_NET_STRANGER',
    `The topology has no ${wanted} with the name "${actorName}".`,
    { hint: `It has: ${names.join(', ')}.` },
  )
}

/** Turns entries into actors, and refuses what two of them must not share. */
class Resolver {
  readonly byName = new Map<string, Actor>()
  readonly byPeerId = new Map<string, Actor>()
  readonly #byAddress = new Map<string, string>()
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async nodes(role: Role, entries: TopologyFile['shareNodes'], at: string): Promise<NodeActor[]> {
    const out: NodeActor[] = []
    for (const [i, entry] of entries.entries()) {
      out.push(await this.node(role, entry, i + 1, `${at}[${i}]`))
    }
    return out
  }

  async actors(role: Role, entries: TopologyFile['queriers'], at: string): Promise<Actor[]> {
    const out: Actor[] = []
    for (const [i, entry] of entries.entries()) {
      out.push(this.#admit(await this.#actor(role, entry, i + 1, `${at}[${i}]`), `${at}[${i}]`))
    }
    return out
  }

  async node(
    role: Role,
    entry: { name: string; key: KeyEntry; address: string },
    index: number,
    at: string,
  ): Promise<NodeActor> {
    const base = await this.#actor(role, entry, index, at)
    const [plain = '', peer] = entry.address.split('/p2p/')
    if (peer !== undefined && peer !== base.peerId) {
      throw invalid(`${at}.address`, `its /p2p part is not the peer id of the key, ${base.peerId}`)
    }
    const owner = this.#byAddress.get(plain)
    if (owner !== undefined) throw invalid(`${at}.address`, `${owner} has the same address`)
    this.#byAddress.set(plain, base.name)
    const whole = { ...base, address: plain }
    this.#admit(whole, at)
    return whole
  }

  async #actor(
    role: Role,
    entry: { name: string; key: KeyEntry },
    index: number,
    at: string,
  ): Promise<Actor> {
    const vkey = await this.#vkey(entry.key, at)
    const owner = parseVerifierKey(vkey).name
    if (owner !== entry.name) {
      throw invalid(`${at}.key`, `it is the key of "${owner}", not of "${entry.name}"`)
    }
    return { role, name: entry.name, index, vkey, peerId: peerIdOfVkey(vkey).toString() }
  }

  async #vkey(entry: KeyEntry, at: string): Promise<string> {
    if (typeof entry !== 'string') {
      try {
        return await readVkeyFile(path.resolve(this.#directory, entry.file))
      } catch (cause) {
        if (!(cause instanceof ShareholdError)) throw cause
        const unreadable = cause.code === 'SH_KEYS_UNREADABLE'
        throw new ShareholdError(
          unreadable ? 'SH_TOPOLOGY_UNREADABLE' : 'SH_TOPOLOGY_INVALID',
          `${at}.key.file: ${cause.message}`,
          { ...(cause.hint === undefined ? {} : { hint: cause.hint }), cause },
        )
      }
    }
    try {
      parseVerifierKey(entry)
    } catch (cause) {
      // Not quoted: somebody may have pasted a secret key.
      const why = cause instanceof Error ? cause.message : 'it is no vkey'
      throw invalid(`${at}.key`, why)
    }
    return entry
  }

  #admit(whole: Actor, at: string): Actor {
    if (this.byName.has(whole.name)) {
      throw invalid(`${at}.name`, `"${whole.name}" is already the name of another entry`)
    }
    const owner = this.byPeerId.get(whole.peerId)
    if (owner !== undefined) throw invalid(`${at}.key`, `${owner.name} has the same key`)
    this.byName.set(whole.name, whole)
    this.byPeerId.set(whole.peerId, whole)
    return whole
  }
}

function withDefaults(given: TopologyFile['limits']): Limits {
  const limits = { ...DEFAULT_LIMITS }
  if (given === undefined) return limits
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.assign(limits, Object.fromEntries(set))
}

/** Why a text is no address of a node; undefined if it is one. */
function addressFault(text: string): string | undefined {
  try {
    const parsed = multiaddr(text)
    if (!isMultiaddr(parsed)) return 'is not a multiaddr'
    const [host, tcp, p2p, more] = parsed.getComponents()
    if (!['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host?.name ?? '')) {
      return 'must begin with /ip4, /ip6, /dns, /dns4 or /dns6'
    }
    if (tcp?.name !== 'tcp' || tcp.value === '0') return 'must go on with /tcp/<port>'
    if ((p2p !== undefined && p2p.name !== 'p2p') || more !== undefined) {
      return 'must end after the port, or with /p2p/<peer id>'
    }
    return undefined
  } catch {
    return 'is not a multiaddr, such as /ip4/127.0.0.1/tcp/7401'
  }
}

/** `shareNodes[1].key` */
function jsonPath(parts: readonly PropertyKey[]): string {
  let out = ''
  for (const part of parts) {
    out += typeof part === 'number' ? `[${part}]` : `${out === '' ? '' : '.'}${String(part)}`
  }
  return out === '' ? 'topology' : out
}

function invalid(at: string, why: string): ShareholdError {
  return new ShareholdError('SH_TOPOLOGY_INVALID', `${at}: ${why}`, {
    hint: `Mend "${at}" in the topology file; topology.example.json shows a whole one.`,
  })
}
