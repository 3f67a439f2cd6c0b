import { viewDataset } from '../../coordinator/client/dataset-view.ts'
import { HttpClient } from '../../coordinator/client/http-client.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { readTopology } from '../../node/topology.ts'
import type { Column } from '../../shares/schema.ts'
import { optionalText } from '../command.ts'
import type { Command } from '../command.ts'
import { FORMAT_OPTION, TOPOLOGY_OPTION, topologyFile } from '../options.ts'
import { note } from '../output.ts'
import { printRows } from '../rows.ts'

const SHOWN_ENTRIES = 8

export const datasets: Command = {
  path: ['datasets'],
  summary: 'List the datasets, or the columns of one',
  arguments: [{ name: '[dataset]', help: 'list this dataset’s columns' }],
  options: [TOPOLOGY_OPTION, FORMAT_OPTION],
  example: 'sharehold datasets trips',
  async run(args, options) {
    const topology = await readTopology(topologyFile(options))
    const client = new HttpClient(topology.coordinator.http)
    const format = optionalText(options, 'format')
    const [name] = args
    if (name === undefined) {
      const list = await client.datasets()
      printRows(
        ['dataset', 'version', 'rows', 'members', 'columns', 'purposes'],
        list.map((one) => [
          one.dataset,
          one.version,
          one.rows,
          one.members,
          one.columns.length,
          one.purposes.join(', '),
        ]),
        format,
      )
      return
    }
    const { schema, repositories, version } = await viewDataset(client, networkKeys(topology), name)
    printRows(
      ['column', 'type', 'nullable', 'extremes', 'range'],
      [
        [schema.member, 'member', 'no', 'no', 'pseudonyms, to join and count by, never shown'],
        ...schema.columns.map((column) => [
          column.name,
          typeOf(column),
          column.nullable ? 'yes' : 'no',
          column.reveal === 'extremes' ? 'yes' : 'no',
          rangeOf(column, format === undefined || format === 'table'),
        ]),
      ],
      format,
    )
    note(
      `${schema.dataset} version ${version.version}, signed by ${repositories.join(', ')}; for ${schema.purposes.join(', ')}; aggregates over fewer than ${schema.kMin} members are suppressed.`,
    )
  },
}

function typeOf(column: Column): string {
  if (column.type === 'decimal') return `decimal(${column.precision},${column.scale})`
  return column.type
}

/** @param short whether a long dictionary is cut */
function rangeOf(column: Column, short: boolean): string {
  if (column.type === 'boolean') return 'true, false'
  if (column.type !== 'text') return `${column.min} to ${column.max}`
  const { dictionary } = column
  if (!short || dictionary.length <= SHOWN_ENTRIES) return dictionary.join(', ')
  const rest = dictionary.length - SHOWN_ENTRIES
  return `${dictionary.slice(0, SHOWN_ENTRIES).join(', ')} and ${rest} more`
}
