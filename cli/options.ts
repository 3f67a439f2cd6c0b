/** Options that several commands have in common. */
import path from 'node:path'

import { keyFiles, readKeyFile } from '../node/keys.ts'
import type { ActorKey } from '../node/keys.ts'

import { text } from './command.ts'
import type { CommandOption, CommandValues } from './command.ts'

export const TOPOLOGY_OPTION: CommandOption = {
  flags: '--topology <file>',
  help: 'the topology file (or set SHAREHOLD_TOPOLOGY)',
  fallback: process.env['SHAREHOLD_TOPOLOGY'] ?? 'topology.json',
}

export const FORMAT_OPTION: CommandOption = {
  flags: '--format <format>',
  help: 'how the data is printed on stdout',
  fallback: 'table',
  choices: ['table', 'json', 'csv'],
}

export const topologyFile = (options: CommandValues): string => text(options, 'topology')

export const keyOption = (fallbackName?: string): CommandOption => ({
  flags: '--key <file>',
  help:
    fallbackName === undefined
      ? 'the secret key file (made by `sharehold keys new`)'
      : `the secret key file (default: keys/${fallbackName}.skey beside the topology)`,
  required: fallbackName === undefined,
})

/** The key given with --key, or that of `fallbackName` in the folder `keys` beside the topology. */
export async function readKey(options: CommandValues, fallbackName?: string): Promise<ActorKey> {
  const given = options['key']
  if (typeof given === 'string') return readKeyFile(given)
  const beside = path.join(path.dirname(topologyFile(options)), 'keys')
  return readKeyFile(keyFiles(beside, fallbackName ?? '').skeyFile, fallbackName)
}
