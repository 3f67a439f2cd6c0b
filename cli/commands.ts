/**
 * Every command, by the first word that the user types, in the order of `--help` and docs/cli.md. A command is loaded
 * with all that it needs when it is wanted: nobody who asks a query waits for a node's libraries.
 */
import type { Command } from './command.ts'

const COMMANDS_OF: Readonly<Record<string, () => Promise<readonly Command[]>>> = {
  // set up and run a network
  keys: async () => [(await import('./commands/keys.ts')).keysNew],
  topology: async () => [(await import('./commands/topology.ts')).topologyCheck],
  coordinator: async () => [(await import('./commands/coordinator.ts')).coordinator],
  'share-node': async () => [(await import('./commands/nodes.ts')).shareNode],
  'mpc-node': async () => [(await import('./commands/nodes.ts')).mpcNode],
  // bring data in
  repository: async () => {
    const { repositorySign, repositoryImport, repositoryList } =
      await import('./commands/repository.ts')
    return [repositorySign, repositoryImport, repositoryList]
  },
  // ask
  datasets: async () => [(await import('./commands/datasets.ts')).datasets],
  query: async () => [(await import('./commands/query.ts')).query],
  explain: async () => [(await import('./commands/explain.ts')).explain],
  // check
  ledger: async () => {
    const { ledger, ledgerShow, ledgerPull } = await import('./commands/ledger.ts')
    return [ledger, ledgerShow, ledgerPull]
  },
  audit: async () => [(await import('./commands/audit.ts')).audit],
}

/**
 * The commands that a command line may be about.
 * @param word its first one: all commands if it is none of theirs (`--help`, a typing error) or not given
 */
export async function commandsFor(word?: string): Promise<readonly Command[]> {
  if (word === '--version' || word === '-V') return []
  const known =
    word === undefined ? undefined : Object.entries(COMMANDS_OF).find(([name]) => name === word)
  if (known !== undefined) return known[1]()
  return (await Promise.all(Object.values(COMMANDS_OF).map((load) => load()))).flat()
}
