/**
 * One process of the import benchmark: a share-node, the coordinator or the repository, as the command
 * line starts them, but told by its parent what to do.
 */
import path from 'node:path'

import { HttpClient } from '../coordinator/client/http-client.ts'
import { startCoordinator } from '../coordinator/coordinator.ts'
import { ActorKey } from '../node/keys.ts'
import { silent } from '../node/log.ts'
import { createOverlay } from '../node/overlay.ts'
import type { Running } from '../node/process.ts'
import { importCsv } from '../node/repository.ts'
import { startShareNode } from '../node/share-node.ts'
import { parseTopology } from '../node/topology.ts'
import type { Topology } from '../node/topology.ts'
import { signRecord } from '../protocol/ledger/records.ts'

import { peopleSchema } from './import-data.ts'
import { serveParent } from './serve-parent.ts'

export interface ActorSetting {
  readonly skey: string
  readonly topology: object
  /** A directory of this actor's own. */
  readonly directory: string
}

/** Of one process over one import. */
export interface Usage {
  readonly cpuSeconds: number
  /** The largest so far. */
  readonly rssBytes: number
}

export interface ImportReport extends Usage {
  /** From the call to the version in the ledger. */
  readonly seconds: number
  /** Of these, until the first block had left: reading, checking, ordering, dialling. */
  readonly readSeconds: number
  /** From then on until the last block had left. */
  readonly sendSeconds: number
}

interface Actor {
  readonly key: ActorKey
  readonly topology: Topology
  readonly directory: string
}

let actor: Actor | undefined
let running: Running | undefined
let cpuBefore = process.cpuUsage()

function self(): Actor {
  if (actor === undefined) throw new Error('asked too early')
  return actor
}

function usage(): Usage {
  const { user, system } = process.cpuUsage(cpuBefore)
  cpuBefore = process.cpuUsage()
  return {
    cpuSeconds: (user + system) / 1e6,
    rssBytes: process.resourceUsage().maxRSS * 1024,
  }
}

const program = {
  async be({ skey, topology, directory }: ActorSetting): Promise<void> {
    actor = {
      key: new ActorKey(skey),
      topology: await parseTopology(topology, '/'),
      directory,
    }
  },

  async startShareNode(): Promise<void> {
    const { key, topology, directory } = self()
    running = await startShareNode({ key, topology, dataDirectory: directory, log: silent })
  },

  async startCoordinator(): Promise<void> {
    const { key, topology, directory } = self()
    const now = (): number => Date.now()
    running = await startCoordinator({
      key,
      topology,
      dataDirectory: directory,
      log: silent,
      now,
    })
  },

  /** Processor time since the last question. */
  usage,

  async import({ csvFile, dataset }: { csvFile: string; dataset: string }): Promise<ImportReport> {
    const { key, topology, directory } = self()
    const client = new HttpClient(topology.coordinator.http)
    const schema = peopleSchema(dataset)
    const body = { repositories: [key.name], schema }
    await client.submitSchema(signRecord(topology.origin, 'schema', body, [key.skey]))
    usage()
    const begun = performance.now()
    let first = begun
    let last = begun
    const overlay = await createOverlay({ key, topology, log: silent })
    try {
      await importCsv({
        overlay,
        key,
        registry: {
          newest: () => Promise.resolve(null),
          schemaNote: async (name) => (await client.schema(name)).schemaNote,
          submitVersion: (note, receipts) => client.submitVersion(note, receipts),
        },
        schema,
        csvFile,
        dataDirectory: path.join(directory, dataset),
        onProgress(share) {
          if (share === 0) return
          last = performance.now()
          if (first === begun) first = last
        },
      })
    } finally {
      await overlay.close()
    }
    const seconds = (performance.now() - begun) / 1000
    return {
      seconds,
      readSeconds: (first - begun) / 1000,
      sendSeconds: (last - first) / 1000,
      ...usage(),
    }
  },

  async close(): Promise<void> {
    await running?.close()
  },
}

export type ImportActor = typeof program

serveParent(program)
