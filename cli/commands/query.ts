import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { ask } from '../../coordinator/client/querier.ts'
import type { Asked } from '../../coordinator/client/querier.ts'
import { rng } from '../../node/crypto.ts'
import { keptResultKey } from '../../node/result-key-file.ts'
import { readTopology } from '../../node/topology.ts'
import { explainStatement } from '../../protocol/sql/explain-statement.ts'
import { renderCsv, renderJson, renderTable } from '../../protocol/sql/render.ts'
import { optionalText, text } from '../command.ts'
import type { Command, CommandOption } from '../command.ts'
import { printExplanation } from '../explaining.ts'
import { TOPOLOGY_OPTION, keyOption, topologyFile } from '../options.ts'
import { note } from '../output.ts'
import { AS_OPTION, askingAs } from '../querier.ts'
import type { Asking } from '../querier.ts'
import { withSql } from '../sql-errors.ts'
import { grouped, humanBytes } from '../units.ts'

const ANSWER_FORMAT: CommandOption = {
  flags: '--format <format>',
  help: 'how the answer is printed on stdout; `cells` is JSON that tells NULL, suppressed and text apart',
  fallback: 'table',
  choices: ['table', 'json', 'csv', 'cells'],
}

export const query: Command = {
  path: ['query'],
  summary: 'Ask the network a question in SQL',
  arguments: [
    {
      name: '<sql>',
      help: 'one SELECT of aggregates over one dataset or several, or EXPLAIN and such a SELECT',
    },
  ],
  options: [
    TOPOLOGY_OPTION,
    {
      flags: '--purpose <purpose>',
      help: 'what the answer is for: one of the dataset’s purposes',
      required: true,
    },
    AS_OPTION,
    keyOption('<querier>'),
    ANSWER_FORMAT,
    {
      flags: '--result-key <file>',
      help: 'keep the key that answers are sealed to in this file (made if it is not there), and have the same answer delivered again while nothing it depends on has changed; whoever has the file can open all answers that were sealed to it',
    },
  ],
  example:
    'sharehold query "SELECT payment, AVG(tip) FROM trips GROUP BY payment" --purpose city-planning',
  run(args, options) {
    const sql = args[0]!
    return withSql(sql, async () => {
      const topology = await readTopology(topologyFile(options))
      const client = new HttpClient(topology.coordinator.http)
      const keys = networkKeys(topology)
      const purpose = text(options, 'purpose')
      const format = text(options, 'format')
      const question = { client, keys, sql, purpose }
      const asking = (): Promise<Asking> => askingAs(options, topology, purpose)
      const statement = await explainStatement(sql)
      if (statement !== undefined) {
        const shown = format === 'json' ? 'json' : 'text'
        await printExplanation({ options: question, statement, format: shown, asking })
        return
      }
      const as = await asking()
      const file = optionalText(options, 'resultKey')
      const kept = file === undefined ? {} : { resultKey: await keptResultKey(file, rng) }
      const asked = await ask({ ...question, ...as, ...kept }).finally(as.ended)
      process.stdout.write(render(asked, format))
      note(closingLine(asked))
    })
  },
}

function render(asked: Asked, format: string): string {
  const { answer, compiled } = asked
  if (format === 'json') return renderJson(answer)
  if (format === 'csv') return renderCsv(answer)
  const table = renderTable(answer, { kMin: compiled.explain.kMin })
  if (format === 'table') return table
  // Group keys that lead the output columns: what identifies a row.
  const cells = compiled.answer.cells
  const other = cells.findIndex((cell) => cell.kind !== 'key')
  const keys = other < 0 ? cells.length : other
  return `${JSON.stringify({ table, keys, columns: answer.columns, rows: answer.rows })}\n`
}

function closingLine({ job, rounds, bytesPerNode, seconds, entry, repeated }: Asked): string {
  if (repeated) return `job ${job}, ledger entry ${entry}: delivered again, nothing was computed`
  const figures = `${grouped(rounds)} rounds, ${humanBytes(bytesPerNode)} sent per node`
  return `job ${job}: ${figures}, ${seconds.toFixed(1)} s, ledger entry ${entry}`
}
