import { startMpcNode } from '../../node/mpc-node.ts'
import { processLog, serve } from '../../node/process.ts'
import { startShareNode } from '../../node/share-node.ts'
import { readTopology } from '../../node/topology.ts'
import { text } from '../command.ts'
import type { Command, CommandOption, CommandValues } from '../command.ts'
import { TOPOLOGY_OPTION, keyOption, readKey, topologyFile } from '../options.ts'

const DATA_OPTION: CommandOption = {
  flags: '--data <directory>',
  help: 'where the node keeps its stores',
  required: true,
}

async function start(options: CommandValues, startNode: typeof startShareNode): Promise<void> {
  const topology = await readTopology(topologyFile(options))
  const key = await readKey(options)
  const log = processLog(key.name)
  const dataDirectory = text(options, 'data')
  await serve(await startNode({ topology, key, dataDirectory, log }), log)
}

export const shareNode: Command = {
  path: ['share-node'],
  summary: 'Run a share-node: keeps one share of every value',
  options: [TOPOLOGY_OPTION, keyOption(), DATA_OPTION],
  example:
    'sharehold share-node --topology topology.json --key keys/share-1.skey --data data/share-1',
  run: (_args, options) => start(options, startShareNode),
}

export const mpcNode: Command = {
  path: ['mpc-node'],
  summary: 'Run an MPC node: computes on shares',
  options: [TOPOLOGY_OPTION, keyOption(), DATA_OPTION],
  example: 'sharehold mpc-node --topology topology.json --key keys/mpc-1.skey --data data/mpc-1',
  run: (_args, options) => start(options, startMpcNode),
}
