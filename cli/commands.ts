/** Every command, in the order of `--help` and docs/cli.md. */
import type { Command } from './command.ts'
import { coordinator } from './commands/coordinator.ts'
import { keysNew } from './commands/keys.ts'
import { mpcNode, shareNode } from './commands/nodes.ts'
import { repositoryImport, repositoryList, repositorySign } from './commands/repository.ts'
import { topologyCheck } from './commands/topology.ts'

export const COMMANDS: readonly Command[] = [
  // set up and run a network
  keysNew,
  topologyCheck,
  coordinator,
  shareNode,
  mpcNode,
  // bring data in
  repositorySign,
  repositoryImport,
  repositoryList,
  // ask
  // check
]
