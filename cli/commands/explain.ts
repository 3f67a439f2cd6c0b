import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { explainQuery } from '../../coordinator/client/querier.ts'
import type { Explained } from '../../coordinator/client/querier.ts'
import { readTopology } from '../../node/topology.ts'
import { bytesSent } from '../../protocol/cost.ts'
import { optionalText } from '../command.ts'
import type { Command, CommandOption } from '../command.ts'
import { TOPOLOGY_OPTION, topologyFile } from '../options.ts'
import { withSql } from '../sql-errors.ts'
import { renderTable } from '../table.ts'
import { grouped, humanBytes } from '../units.ts'

const EXPLAIN_FORMAT: CommandOption = {
  flags: '--format <format>',
  help: 'how the plan is printed on stdout; `json` has the whole plan',
  fallback: 'table',
  choices: ['table', 'json'],
}

export const explain: Command = {
  path: ['explain'],
  summary: 'Say what a query would cost and reveal, without asking it',
  arguments: [{ name: '<sql>', help: 'one SELECT of aggregates over one dataset' }],
  options: [TOPOLOGY_OPTION, EXPLAIN_FORMAT],
  example: 'sharehold explain "SELECT COUNT(*) FROM trips WHERE fare > 20"',
  run(args, options) {
    const sql = args[0]!
    return withSql(sql, async () => {
      const topology = await readTopology(topologyFile(options))
      const client = new HttpClient(topology.coordinator.http)
      const explained = await explainQuery({ client, keys: networkKeys(topology), sql })
      const format = optionalText(options, 'format')
      process.stdout.write(format === 'json' ? asJson(explained) : asText(explained))
    })
  },
}

function asJson({ compiled, cost, dataset }: Explained): string {
  const { plan, planHash, leaks, explain: facts } = compiled
  const object = {
    planHash,
    params: dataset.params,
    ...facts,
    rounds: cost.rounds.length,
    bytesSent: bytesSent(cost),
    fieldMultiplications: cost.fieldMultiplications,
    andGates: cost.andGates,
    leaks,
    plan,
  }
  return `${JSON.stringify(object, null, 2)}\n`
}

function asText({ compiled, cost, dataset }: Explained): string {
  const { plan, planHash, leaks, explain: facts } = compiled
  const { committee, security } = dataset.params
  const operators = plan.operators.map((operator, op) => {
    const rounds = cost.rounds.filter((round) => round.op === op)
    const bytes = rounds.reduce((sum, round) => sum + committee.t * round.bytes, 0)
    const purpose = facts.purposes[op] ?? ''
    return [op, operator.kind, rounds.length, humanBytes(bytes), purpose]
  })
  const head = ['op', 'operator', 'rounds', 'bytes per node', 'purpose']
  const table = renderTable(head, operators, ['right', 'left', 'right', 'right', 'left'])
  const sent = bytesSent(cost).map((bytes, i) => `node ${i + 1} ${humanBytes(bytes)}`)
  return [
    `${facts.dataset} version ${facts.version}: ${grouped(facts.rows)} rows of ${grouped(facts.members)} members, ${grouped(facts.groups)} group(s)`,
    `committee of ${committee.n}, at most ${committee.t} corrupt (${security})`,
    '',
    table.trimEnd(),
    '',
    `rounds                  ${grouped(cost.rounds.length)}`,
    `sent                    ${sent.join(', ')}`,
    `field multiplications   ${grouped(cost.fieldMultiplications)}`,
    `AND gates               ${grouped(cost.andGates)}`,
    `plan                    ${planHash}`,
    '',
    'revealed:',
    ...leaks.map((leak) => `  - ${leak}`),
    '',
  ].join('\n')
}
