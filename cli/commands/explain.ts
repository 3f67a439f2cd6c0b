import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { readTopology } from '../../node/topology.ts'
import { explainStatement } from '../../protocol/sql/explain-statement.ts'
import type { Link } from '../../protocol/sql/network-model.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { optionalText } from '../command.ts'
import type { Command, CommandOption } from '../command.ts'
import { printExplanation } from '../explaining.ts'
import { TOPOLOGY_OPTION, keyOption, topologyFile } from '../options.ts'
import { AS_OPTION, askingAs } from '../querier.ts'
import { withSql } from '../sql-errors.ts'

const EXPLAIN_FORMAT: CommandOption = {
  flags: '--format <format>',
  help: 'how the plan is printed on stdout, if the SQL does not say it; `json` has the whole plan',
  fallback: 'text',
  choices: ['text', 'json'],
}

const LINK: CommandOption = {
  flags: '--link <ms/mbit>',
  help: 'predict for this round trip and uplink of the nodes, such as 20/100, not for what they have measured',
}

/** @throws ShareholdError SH_CLI_OPTION */
function linkOf(given: string | undefined): Link | undefined {
  if (given === undefined) return undefined
  const [roundTripMs = 0, megabits = 0, ...more] = given.split('/').map(Number)
  if (!(roundTripMs >= 0 && megabits > 0) || more.length > 0) {
    throw new ShareholdError('SH_CLI_OPTION', `"${given}" is no link.`, {
      hint: 'Milliseconds and Mbit/s, such as --link 20/100.',
    })
  }
  return { roundTripMs, megabits }
}

/** @throws ShareholdError SH_CLI_OPTION */
function neededPurpose(purpose: string | undefined): string {
  if (purpose !== undefined) return purpose
  throw new ShareholdError('SH_CLI_OPTION', 'EXPLAIN ANALYZE asks the query: what for?', {
    hint: 'Give --purpose <purpose>, one of the dataset’s.',
  })
}

export const explain: Command = {
  path: ['explain'],
  summary: 'Say what a query would cost and reveal, without asking it unless the SQL has ANALYZE',
  arguments: [
    {
      name: '<sql>',
      help: 'one SELECT of aggregates over one dataset or several, with EXPLAIN before it or not',
    },
  ],
  options: [
    TOPOLOGY_OPTION,
    EXPLAIN_FORMAT,
    LINK,
    {
      flags: '--purpose <purpose>',
      help: 'say, too, if the query may not be asked for this; EXPLAIN ANALYZE asks it for this',
    },
    AS_OPTION,
    keyOption('<querier>'),
  ],
  example: 'sharehold explain "SELECT COUNT(*) FROM trips WHERE fare > 20"',
  run(args, options) {
    const sql = args[0]!
    const link = linkOf(optionalText(options, 'link'))
    return withSql(sql, async () => {
      const statement = await explainStatement(sql)
      const topology = await readTopology(topologyFile(options))
      const client = new HttpClient(topology.coordinator.http)
      const purpose = optionalText(options, 'purpose')
      await printExplanation({
        options: {
          client,
          keys: networkKeys(topology),
          sql,
          ...(purpose === undefined ? {} : { purpose }),
        },
        statement,
        format: optionalText(options, 'format') === 'json' ? 'json' : 'text',
        ...(link === undefined ? {} : { basis: { from: 'option', link } }),
        asking: () => askingAs(options, topology, neededPurpose(purpose)),
      })
    })
  },
}
