/** Every command, in the order of `--help` and docs/cli.md. */
import type { Command } from './command.ts'
import { audit } from './commands/audit.ts'
import { coordinator } from './commands/coordinator.ts'
import { datasets } from './commands/datasets.ts'
import { explain } from './commands/explain.ts'
import { keysNew } from './commands/keys.ts'
import { ledger, ledgerPull, ledgerShow } from './commands/ledger.ts'
import { mpcNode, shareNode } from './commands/nodes.ts'
import { query } from './commands/query.ts'
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
  datasets,
  query,
  explain,
  // check
  ledger,
  ledgerShow,
  ledgerPull,
  audit,
]
