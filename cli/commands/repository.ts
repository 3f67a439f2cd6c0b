import { readFile } from 'node:fs/promises'
import path from 'node:path'

import { parse as parseYaml } from 'yaml'

import { HttpClient } from '../../coordinator/client/http-client.ts'
import type { VersionRegistry } from '../../node/import-version.ts'
import { createOverlay } from '../../node/overlay.ts'
import { processLog } from '../../node/process.ts'
import { importCsv } from '../../node/repository.ts'
import { readCoordinates } from '../../node/share-coordinates.ts'
import { readTopology } from '../../node/topology.ts'
import { signRecord } from '../../protocol/ledger/records.ts'
import { derivationsOf } from '../../protocol/sql/derived.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { parseSchema } from '../../shares/parse-schema.ts'
import type { Schema } from '../../shares/schema.ts'
import { optionalText, text } from '../command.ts'
import type { Command, CommandOption } from '../command.ts'
import { FORMAT_OPTION, TOPOLOGY_OPTION, keyOption, readKey, topologyFile } from '../options.ts'
import { note, progressLine } from '../output.ts'
import { printRows } from '../rows.ts'

const SCHEMA_OPTION: CommandOption = {
  flags: '--schema <file>',
  help: 'the dataset’s schema (YAML or JSON)',
  required: true,
}

const DATA_OPTION: CommandOption = {
  flags: '--data <directory>',
  help: 'where the repository keeps its share coordinates',
  fallback: 'repository',
}

interface SchemaFile {
  readonly schema: Schema
  /** Who may import; all repositories of the topology unless the file says otherwise. */
  readonly repositories: readonly string[]
}

async function readSchemaFile(file: string, everybody: readonly string[]): Promise<SchemaFile> {
  let content: unknown
  try {
    content = parseYaml(await readFile(file, 'utf8'))
  } catch (cause) {
    const where = cause instanceof Error ? `: ${cause.message.split('\n')[0]}` : ''
    throw new ShareholdError('SH_SCHEMA_INVALID', `${file} cannot be read as YAML${where}`, {
      cause,
    })
  }
  const isObject = typeof content === 'object' && content !== null && !Array.isArray(content)
  if (!isObject) throw new ShareholdError('SH_SCHEMA_INVALID', `${file} does not hold a schema.`)
  const { repositories, ...rest } = content as Record<string, unknown>
  const named = repositories ?? everybody
  if (!Array.isArray(named) || named.length === 0 || named.some((one) => typeof one !== 'string')) {
    throw new ShareholdError('SH_SCHEMA_INVALID', '`repositories` is not a list of names.')
  }
  const schema = parseSchema(rest)
  // Said before anybody signs it.
  await derivationsOf(schema)
  return { schema, repositories: [...(named as string[])].toSorted() }
}

export const repositorySign: Command = {
  path: ['repository', 'sign'],
  summary: 'Sign a dataset’s schema; it takes effect when all its repositories have signed',
  options: [TOPOLOGY_OPTION, keyOption(), SCHEMA_OPTION],
  example:
    'sharehold repository sign --schema trips.schema.yaml --topology topology.json --key keys/yellow-cabs.skey',
  async run(_args, options) {
    const topology = await readTopology(topologyFile(options))
    const key = await readKey(options)
    const everybody = topology.repositories.map((one) => one.name)
    const { schema, repositories } = await readSchemaFile(text(options, 'schema'), everybody)
    const signed = signRecord(topology.origin, 'schema', { repositories, schema }, [key.skey])
    const info = await new HttpClient(topology.coordinator.http).submitSchema(signed)
    process.stdout.write(`${info.schemaHash}\n`)
    note(
      info.missing.length === 0
        ? `The schema of "${schema.dataset}" is signed by all: ${repositories.join(', ')}.`
        : `Still to sign: ${info.missing.join(', ')}.`,
    )
  },
}

export const repositoryImport: Command = {
  path: ['repository', 'import'],
  summary: 'Split a CSV file into shares and make a new dataset version of it',
  arguments: [{ name: '<csv>', help: 'the file: a header with the declared columns, then rows' }],
  options: [TOPOLOGY_OPTION, keyOption(), SCHEMA_OPTION, DATA_OPTION],
  example:
    'sharehold repository import yellow.csv --schema trips.schema.yaml --key keys/yellow-cabs.skey --data yellow-cabs',
  async run(args, options) {
    const topology = await readTopology(topologyFile(options))
    const key = await readKey(options)
    const everybody = topology.repositories.map((one) => one.name)
    const { schema } = await readSchemaFile(text(options, 'schema'), everybody)
    const overlay = await createOverlay({ key, topology, log: processLog(key.name, 'warn') })
    const progress = progressLine()
    const begun = performance.now()
    try {
      const result = await importCsv({
        overlay,
        key,
        registry: registryOf(new HttpClient(topology.coordinator.http)),
        schema,
        csvFile: path.resolve(args[0]!),
        dataDirectory: text(options, 'data'),
        onProgress: (share, what) => progress.update(share, what),
      })
      progress.done()
      const seconds = ((performance.now() - begun) / 1000).toFixed(1)
      note(
        `${result.rows} rows of ${result.members} members are shared among ${topology.shareNodes.length} share-nodes (${seconds} s).`,
      )
      process.stdout.write(
        `${JSON.stringify({ dataset: schema.dataset, version: result.version, import: result.importId, entry: result.entry })}\n`,
      )
    } finally {
      progress.done()
      await overlay.close()
    }
  },
}

export const repositoryList: Command = {
  path: ['repository', 'list'],
  summary: 'List what this repository has imported, and who holds it',
  options: [DATA_OPTION, FORMAT_OPTION],
  example: 'sharehold repository list --data yellow-cabs',
  async run(_args, options) {
    const imports = await readCoordinates(text(options, 'data'))
    printRows(
      ['dataset', 'version', 'rows', 'chunks', 'import', 'holders'],
      imports.map((one) => [
        one.dataset,
        one.version,
        one.rows,
        one.chunks.length,
        one.importId,
        one.holders.map((holder) => `${holder.name}:${holder.root.slice(0, 8)}`).join(' '),
      ]),
      optionalText(options, 'format'),
    )
  },
}

function registryOf(client: HttpClient): VersionRegistry {
  return {
    newest: (dataset) => knownOrNull(client.dataset(dataset)),
    async schemaNote(dataset) {
      const info = await knownOrNull(client.schema(dataset))
      if (info?.missing.length === 0) return info.schemaNote
      const missing = info === null ? 'anybody' : info.missing.join(', ')
      throw new ShareholdError(
        'SH_IMPORT_SCHEMA',
        `The schema of "${dataset}" is not signed yet by ${missing}.`,
        { hint: 'Each repository signs it with `sharehold repository sign`.' },
      )
    },
    submitVersion: (versionNote, receipts) => client.submitVersion(versionNote, receipts),
  }
}

/** What the coordinator says of a dataset, null if it knows none of that name. */
async function knownOrNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    const none = error instanceof ShareholdError && error.code === 'SH_CATALOGUE_UNKNOWN_DATASET'
    if (none) return null
    throw error
  }
}
