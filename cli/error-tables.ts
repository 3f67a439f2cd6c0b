/** All tables of error codes, floor by floor: docs/errors.md is made from them. */
import { COORDINATOR_ERRORS } from '../coordinator/errors.ts'
import { NODE_ERRORS } from '../node/errors.ts'
import { PROTOCOL_ERRORS } from '../protocol/errors.ts'
import { LEDGER_ERRORS } from '../protocol/ledger/errors.ts'
import { ANSWER_ERRORS } from '../protocol/sql/answer-errors.ts'
import { SQL_ERRORS } from '../protocol/sql/errors.ts'
import { SHARES_ERRORS } from '../shares/errors.ts'
import type { ErrorTable } from '../shares/errors.ts'

import { CLI_ERRORS } from './errors.ts'

export const ERROR_TABLES: readonly { readonly title: string; readonly table: ErrorTable }[] = [
  { title: 'Shares, values and schemas', table: SHARES_ERRORS },
  { title: 'Queries: from SQL to the plan', table: SQL_ERRORS },
  { title: 'Answers: from opened values to rows', table: ANSWER_ERRORS },
  { title: 'The protocol and the admission of jobs', table: PROTOCOL_ERRORS },
  { title: 'Notes, the ledger and sealed outputs', table: LEDGER_ERRORS },
  { title: 'Nodes, network, keys, imports and the topology', table: NODE_ERRORS },
  { title: 'The coordinator', table: COORDINATOR_ERRORS },
  { title: 'The command line', table: CLI_ERRORS },
]
