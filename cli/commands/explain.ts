import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { explainQuery } from '../../coordinator/client/querier.ts'
import { readTopology } from '../../node/topology.ts'
import { explainQuery as explainPlan, explainText } from '../../protocol/sql/explain.ts'
import type { Link } from '../../protocol/sql/network-model.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { optionalText } from '../command.ts'
import type { Command, CommandOption } from '../command.ts'
import { TOPOLOGY_OPTION, topologyFile } from '../options.ts'
import { withSql } from '../sql-errors.ts'

const EXPLAIN_FORMAT: CommandOption = {
  flags: '--format <format>',
  help: 'how the plan is printed on stdout; `json` has the whole plan',
  fallback: 'text',
  choices: ['text', 'json'],
}

const LINK: CommandOption = {
  flags: '--link <ms/mbit>',
  help: 'predict for this round trip and uplink of the nodes, such as 20/100, not for their class',
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

export const explain: Command = {
  path: ['explain'],
  summary: 'Say what a query would cost and reveal, without asking it',
  arguments: [{ name: '<sql>', help: 'one SELECT of aggregates over one dataset' }],
  options: [TOPOLOGY_OPTION, EXPLAIN_FORMAT, LINK],
  example: 'sharehold explain "SELECT COUNT(*) FROM trips WHERE fare > 20"',
  run(args, options) {
    const sql = args[0]!
    const link = linkOf(optionalText(options, 'link'))
    return withSql(sql, async () => {
      const topology = await readTopology(topologyFile(options))
      const client = new HttpClient(topology.coordinator.http)
      const { compiled, dataset } = await explainQuery({ client, keys: networkKeys(topology), sql })
      if (optionalText(options, 'format') === 'text') {
        process.stdout.write(`${explainText(compiled, dataset.params, link)}\n`)
        return
      }
      const { planHash, plan, explain: facts } = compiled
      const { params } = dataset
      const costs = explainPlan(compiled, params, link)
      const { dataset: name, version, rows, members, kMin, groups } = facts
      const sizes = { dataset: name, version, rows, members, kMin, groups }
      process.stdout.write(
        `${JSON.stringify({ ...sizes, planHash, params, ...costs, plan }, null, 2)}\n`,
      )
    })
  },
}
