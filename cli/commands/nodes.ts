import { MOST_THREADS, nodesBeside, threadsFor } from '../../node/kernel-threads.ts'
import { startMpcNode } from '../../node/mpc-node.ts'
import type { NodeOptions } from '../../node/mpc-node.ts'
import { processLog, serve } from '../../node/process.ts'
import { startShareNode } from '../../node/share-node.ts'
import { readTopology } from '../../node/topology.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { text } from '../command.ts'
import type { Command, CommandOption, CommandValues } from '../command.ts'
import { ledgerSource } from '../ledger-source.ts'
import { TOPOLOGY_OPTION, keyOption, readKey, topologyFile } from '../options.ts'

const DATA_OPTION: CommandOption = {
  flags: '--data <directory>',
  help: 'where the node keeps its stores',
  required: true,
}

const KEEP_OPTION: CommandOption = {
  flags: '--keep-unregistered <days>',
  help: 'erase an import so many days after it was found to be in no version; 0: never',
  fallback: '30',
}

const THREADS_OPTION: CommandOption = {
  flags: '--threads <count>',
  help:
    'threads that compute, 1 to 8; `auto`: the cores, divided by the nodes that the topology has at this ' +
    'address, and 1 on two cores (or set SHAREHOLD_THREADS)',
  fallback: process.env['SHAREHOLD_THREADS'] ?? 'auto',
}

const REHEARSE_OPTION: CommandOption = {
  flags: '--rehearse <ms>',
  help:
    'how long to answer made-up queries, in memory and for nobody, when the node is up: the first real ones are ' +
    'faster then. A job ends it; 0: not at all',
  fallback: '2000',
}

const DAY_MS = 24 * 3600 * 1000

async function nodeOptions(options: CommandValues): Promise<NodeOptions> {
  const topology = await readTopology(topologyFile(options))
  const key = await readKey(options)
  return { topology, key, dataDirectory: text(options, 'data'), log: processLog(key.name) }
}

/** @throws ShareholdError SH_CLI_OPTION */
function keepMs(options: CommandValues): number {
  const days = Number(text(options, 'keepUnregistered'))
  if (Number.isFinite(days) && days >= 0) return days * DAY_MS
  throw new ShareholdError('SH_CLI_OPTION', '--keep-unregistered is no number of days.')
}

/** @throws ShareholdError SH_CLI_OPTION */
function threadsOf(options: CommandValues, { topology, key }: NodeOptions): number {
  const given = text(options, 'threads')
  if (given === 'auto') return threadsFor(nodesBeside(topology, key.name))
  const threads = Number(given)
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads
  throw new ShareholdError('SH_CLI_OPTION', `--threads takes 1 to ${MOST_THREADS}, or auto.`)
}

/** @throws ShareholdError SH_CLI_OPTION */
function rehearsalMs(options: CommandValues): number {
  const ms = Number(text(options, 'rehearse'))
  if (Number.isFinite(ms) && ms >= 0) return ms
  throw new ShareholdError('SH_CLI_OPTION', '--rehearse is no number of milliseconds.')
}

export const shareNode: Command = {
  path: ['share-node'],
  summary: 'Run a share-node: keeps one share of every value',
  options: [TOPOLOGY_OPTION, keyOption(), DATA_OPTION, KEEP_OPTION],
  example:
    'sharehold share-node --topology topology.json --key keys/share-1.skey --data data/share-1',
  async run(_args, options) {
    const node = await nodeOptions(options)
    const keep = keepMs(options)
    const ledger = ledgerSource({}, node.topology)
    const unregistered = keep === 0 ? {} : { unregistered: { ledger, keepMs: keep } }
    await serve(await startShareNode({ ...node, ...unregistered }), node.log)
  },
}

export const mpcNode: Command = {
  path: ['mpc-node'],
  summary: 'Run an MPC node: computes on shares',
  options: [TOPOLOGY_OPTION, keyOption(), DATA_OPTION, THREADS_OPTION, REHEARSE_OPTION],
  example: 'sharehold mpc-node --topology topology.json --key keys/mpc-1.skey --data data/mpc-1',
  async run(_args, values) {
    const node = await nodeOptions(values)
    const threads = threadsOf(values, node)
    const options = { ...node, threads, rehearsalMs: rehearsalMs(values) }
    await serve(await startMpcNode(options), node.log)
  },
}
