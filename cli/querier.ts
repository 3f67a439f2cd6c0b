/** Who asks: the querier's name and key from the options. */
import type { AskOptions } from '../coordinator/client/querier.ts'
import { rng } from '../node/crypto.ts'
import type { ActorKey } from '../node/keys.ts'
import { actorOf } from '../node/topology.ts'
import type { Topology } from '../node/topology.ts'
import { ShareholdError } from '../shares/errors.ts'

import { optionalText } from './command.ts'
import type { CommandOption, CommandValues } from './command.ts'
import { readKey } from './options.ts'
import { progressLine } from './output.ts'

export const AS_OPTION: CommandOption = {
  flags: '--as <querier>',
  help: 'the name of the querier in the topology (default: the only one)',
}

/** What it takes to ask, besides the question (coordinator/client/querier.ts). */
export interface Asking extends Pick<AskOptions, 'skey' | 'purpose' | 'rng' | 'now' | 'onStatus'> {
  /** To be called when it is over, whatever came of it. */
  readonly ended: () => void
}

/**
 * Asks as the querier of the options, with a progress line.
 * @throws ShareholdError as querierKey
 */
export async function askingAs(
  options: CommandValues,
  topology: Topology,
  purpose: string,
): Promise<Asking> {
  const key = await querierKey(options, topology)
  const progress = progressLine()
  return {
    skey: key.skey,
    purpose,
    rng,
    now: () => Date.now(),
    onStatus: (status) => progress.update(status.progress, status.state),
    ended: () => progress.done(),
  }
}

/**
 * The key of the querier who asks.
 * @throws ShareholdError SH_CLI_OPTION, SH_NET_STRANGER, SH_KEYS_*, SH_AUTH_SIGNATURE
 */
export async function querierKey(options: CommandValues, topology: Topology): Promise<ActorKey> {
  const named = optionalText(options, 'as')
  if (named !== undefined) actorOf(topology, named, 'querier')
  const key = await readKey(options, named ?? onlyQuerier(options, topology))
  const known = topology.queriers.some((one) => one.vkey === key.vkey)
  if (known && (named === undefined || key.name === named)) return key
  throw new ShareholdError('SH_AUTH_SIGNATURE', `The key of "${key.name}" may not ask.`, {
    hint: `Queriers of the topology: ${namesOf(topology)}; their keys must be those listed there.`,
  })
}

/** Whose key file to look for if neither --as nor --key says it. */
function onlyQuerier(options: CommandValues, topology: Topology): string {
  const [only, ...more] = topology.queriers
  if (only !== undefined && more.length === 0) return only.name
  if (optionalText(options, 'key') !== undefined) return ''
  throw new ShareholdError('SH_CLI_OPTION', 'Who asks? The topology has not exactly one querier.', {
    hint: `Give --as <querier>: ${namesOf(topology)}.`,
  })
}

const namesOf = (topology: Topology): string =>
  topology.queriers.map((one) => one.name).join(', ') || 'none'
