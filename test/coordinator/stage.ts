/** A whole coordinator on free ports, with scripted nodes and one imported dataset. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { ask, type Asked, type AskOptions } from '../../coordinator/client/querier.ts'
import { startCoordinator, type Coordinator } from '../../coordinator/coordinator.ts'
import { hash, rng } from '../../node/crypto.ts'
import { admissionKeys } from '../../node/job-server.ts'
import { silent } from '../../node/log.ts'
import { admit } from '../../protocol/admission.ts'

import { FakeNetwork, type Script } from './fake-nodes.ts'
import { nextVersion, paperNetwork, schemaNote, skey, type Paper } from './fixture.ts'

export interface Stage {
  readonly paper: Paper
  readonly directory: string
  coordinator: Coordinator
  client: HttpClient
  nodes: FakeNetwork
  /** As `ann`. */
  ask(sql: string, script?: Script, more?: Partial<AskOptions>): Promise<Asked>
  /** Ends the coordinator and starts it again on the same data. */
  restart(): Promise<void>
  close(): Promise<void>
}

const clientOf = ({ http }: Coordinator): HttpClient => new HttpClient(http)

/** @param roundTimeoutMs long for tests in which nobody is silent: then they are right on a busy machine too */
export async function openStage(roundTimeoutMs = 3_000): Promise<Stage> {
  const paper = await paperNetwork(3, { roundTimeoutMs })
  const directory = await mkdtemp(path.join(tmpdir(), 'sharehold-coordinator-'))
  const keys = admissionKeys(paper.topology)
  const start = async (): Promise<{ coordinator: Coordinator; nodes: FakeNetwork }> => {
    const coordinator = await startCoordinator({
      topology: paper.topology,
      key: paper.keys.get('coordinator')!,
      dataDirectory: directory,
      log: silent,
      now: () => Date.now(),
      listen: { http: { host: '127.0.0.1', port: 0 }, overlay: ['/ip4/127.0.0.1/tcp/0'] },
    })
    const nodes = await FakeNetwork.start(paper, {
      coordinator: coordinator.overlay,
      admit: (header) => admit(header, keys, Math.floor(Date.now() / 1000), hash),
    })
    return { coordinator, nodes }
  }
  const { coordinator, nodes } = await start()
  const stage: Stage = {
    paper,
    directory,
    coordinator,
    nodes,
    client: clientOf(coordinator),
    ask(sql, script = {}, more = {}) {
      stage.nodes.script = script
      return ask({
        client: stage.client,
        keys: networkKeys(paper.topology),
        skey: skey(paper, 'ann'),
        sql,
        purpose: 'planning',
        rng,
        now: () => Date.now(),
        ...more,
      })
    },
    async restart() {
      await stage.nodes.close()
      await stage.coordinator.close()
      Object.assign(stage, await start())
      stage.client = clientOf(stage.coordinator)
    },
    async close() {
      await stage.nodes.close()
      await stage.coordinator.close()
      await rm(directory, { recursive: true })
    },
  }
  await stage.client.submitSchema(schemaNote(paper, ['east']))
  await stage.client.submitSchema(schemaNote(paper, ['west']))
  const { note, receipts } = nextVersion(paper, 'east')
  await stage.client.submitVersion(note, receipts)
  return stage
}
