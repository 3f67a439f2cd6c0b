import { startCoordinator } from '../../coordinator/coordinator.ts'
import { processLog, serve } from '../../node/process.ts'
import { readTopology } from '../../node/topology.ts'
import { text } from '../command.ts'
import type { Command } from '../command.ts'
import { TOPOLOGY_OPTION, keyOption, readKey, topologyFile } from '../options.ts'

export const coordinator: Command = {
  path: ['coordinator'],
  summary: 'Run the coordinator: catalogue, jobs and ledger',
  options: [
    TOPOLOGY_OPTION,
    keyOption(),
    {
      flags: '--data <directory>',
      help: 'where the coordinator keeps ledger and sealed results',
      required: true,
    },
  ],
  example:
    'sharehold coordinator --topology topology.json --key keys/coordinator.skey --data data/coordinator',
  async run(_args, options) {
    const topology = await readTopology(topologyFile(options))
    const key = await readKey(options)
    const log = processLog(key.name)
    const dataDirectory = text(options, 'data')
    const running = await startCoordinator({
      topology,
      key,
      dataDirectory,
      log,
      now: () => Date.now(),
    })
    await serve(running, log)
  },
}
