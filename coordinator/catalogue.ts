/**
 * The catalogue: schemas and dataset versions. The ledger is its only source; it is rebuilt from there
 * at every start. What is not in the ledger yet, schemas that wait for signatures, is kept in a file.
 *
 * Trusted with nothing: schemas and versions are signed by the repositories, and nodes and queriers
 * check those signatures by themselves. The checks here keep the ledger free of what an audit would
 * find fault with.
 */
import { admissionKeys } from '../node/job-server.ts'
import { serial } from '../node/store/serial.ts'
import { committeeSize } from '../node/topology.ts'
import type { Topology } from '../node/topology.ts'
import { datasetParams, openSchema, openVersion, proposeParams } from '../protocol/admission.ts'
import type { AdmissionKeys } from '../protocol/admission.ts'
import type { LedgerFiles } from '../protocol/ledger/files.ts'
import type { Log } from '../protocol/ledger/log.ts'
import { openRecord, peekRecord, schemaHash } from '../protocol/ledger/records.ts'
import type { SchemaBody, VersionBody } from '../protocol/ledger/records.ts'
import { repositoriesFault } from '../protocol/unique-columns.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { DatasetInfo, DatasetList, SchemaInfo } from './api-types.ts'
import type { LedgerEntry } from './ledger-entries.ts'
import { PendingSchemas } from './pending-schemas.ts'
import { checkVersion, membersOf, rowsOf } from './version-check.ts'

interface EnteredSchema {
  readonly note: string
  readonly hash: string
  readonly body: SchemaBody
}

interface EnteredVersion {
  readonly note: string
  readonly body: VersionBody
}

interface Dataset {
  schema: EnteredSchema
  /** The newest one. */
  version?: EnteredVersion
  /** Ids of all imports that were ever part of it. */
  readonly imports: Set<string>
}

export interface CatalogueOptions {
  readonly log: Log
  readonly topology: Topology
  /** Where pending schemas are kept. */
  readonly files: LedgerFiles
}

/** What a job on a dataset stands on. */
export interface CurrentVersion {
  readonly schemaNote: string
  readonly versionNote: string
  readonly schema: SchemaBody
  readonly version: VersionBody
}

export class Catalogue {
  readonly #log: Log
  readonly #topology: Topology
  readonly #keys: AdmissionKeys
  readonly #pending: PendingSchemas
  readonly #datasets = new Map<string, Dataset>()
  /** Submissions one after another: each is checked against what the one before has made. */
  readonly #serially = serial()

  private constructor(options: CatalogueOptions, pending: PendingSchemas) {
    this.#log = options.log
    this.#topology = options.topology
    this.#keys = admissionKeys(options.topology)
    this.#pending = pending
  }

  static async open(options: CatalogueOptions): Promise<Catalogue> {
    return new Catalogue(options, await PendingSchemas.open(options.files))
  }

  /** Takes note of an entry of the ledger, at the start or when it is made. */
  enter({ record, note }: Pick<LedgerEntry, 'record' | 'note'>): void {
    if (record.kind === 'schema') {
      const { schema } = record.body
      const entered = { note, hash: schemaHash(schema), body: record.body }
      const dataset = this.#datasets.get(schema.dataset)
      if (dataset === undefined) {
        this.#datasets.set(schema.dataset, { schema: entered, imports: new Set() })
      } else dataset.schema = entered
    }
    if (record.kind === 'version') {
      const dataset = this.#datasets.get(record.body.dataset)
      if (dataset === undefined) return // no schema before it: not made by this class
      dataset.version = { note, body: record.body }
      for (const part of record.body.parts) dataset.imports.add(part.importId)
    }
  }

  /** Datasets that can be asked, by name. */
  datasets(): DatasetList {
    const list: DatasetList = []
    for (const [name, { schema, version }] of this.#datasets) {
      if (version === undefined) continue
      list.push({
        dataset: name,
        version: version.body.version,
        rows: rowsOf(version.body),
        members: membersOf(version.body),
        columns: schema.body.schema.columns.map((column) => column.name),
        purposes: [...schema.body.schema.purposes],
      })
    }
    return list.toSorted((a, b) => (a.dataset < b.dataset ? -1 : 1))
  }

  /** @throws ShareholdError SH_CATALOGUE_UNKNOWN_DATASET */
  current(name: string): CurrentVersion {
    const dataset = this.#datasets.get(name)
    if (dataset?.version === undefined) throw this.#unknown(name)
    const { schema, version } = dataset
    return {
      schemaNote: schema.note,
      versionNote: version.note,
      schema: schema.body,
      version: version.body,
    }
  }

  /** @throws ShareholdError SH_CATALOGUE_UNKNOWN_DATASET */
  dataset(name: string): DatasetInfo {
    const { schemaNote, versionNote, version } = this.current(name)
    return {
      dataset: name,
      version: version.version,
      schemaHash: version.schemaHash,
      schemaNote,
      versionNote,
      params: proposeParams(
        { dataset: datasetParams(version) },
        committeeSize(this.#topology.mpcNodes),
        this.#topology,
      ),
    }
  }

  /**
   * The schema of a dataset, also before its first version: the entered one, or the one that waits
   * with the most signatures.
   * @throws ShareholdError SH_CATALOGUE_UNKNOWN_DATASET
   */
  schema(name: string): SchemaInfo {
    const entered = this.#datasets.get(name)?.schema
    if (entered !== undefined) {
      return { schemaHash: entered.hash, schemaNote: entered.note, missing: [] }
    }
    const [first] = this.#pending.of(name).toSorted((a, b) => b.signers.length - a.signers.length)
    if (first === undefined) throw this.#unknown(name)
    return this.#infoOf(first)
  }

  /**
   * Takes a schema note with the signature of at least one of its repositories. When all have signed, it
   * is entered in the ledger.
   *
   * @throws ShareholdError SH_AUTH_SCHEMA, SH_CATALOGUE_SCHEMA, SH_NOTE_*, SH_LEDGER_*
   */
  submitSchema(note: string): Promise<SchemaInfo> {
    return this.#serially(async () => {
      const body = this.#openPartly(note)
      const { dataset } = body.schema
      const hash = schemaHash(body.schema)
      const known = this.#datasets.get(dataset)
      if (known !== undefined) {
        const { schema } = known
        const same =
          schema.hash === hash && schema.body.repositories.join() === body.repositories.join()
        if (same) return { schemaHash: hash, schemaNote: schema.note, missing: [] }
        if (known.version !== undefined) throw otherSchema(dataset)
      }
      const pending = await this.#pending.add(dataset, note)
      const info = this.#infoOf(pending)
      if (info.missing.length > 0) return info
      openSchema(pending.note, this.#keys)
      await this.#log.append([pending.note])
      this.enter({ record: { kind: 'schema', body }, note: pending.note })
      await this.#pending.settle(dataset)
      return info
    })
  }

  /**
   * Enters a version and the receipts of its new part in the ledger.
   *
   * @returns ledger number of the version note
   * @throws ShareholdError SH_CATALOGUE_UNSIGNED, SH_CATALOGUE_CONFLICT, SH_CATALOGUE_VERSION,
   * SH_CATALOGUE_RECEIPT, SH_AUTH_VERSION, SH_NOTE_*, SH_LEDGER_*
   */
  submitVersion(note: string, receipts: readonly string[]): Promise<{ entry: number }> {
    return this.#serially(async () => {
      const peeked = peekRecord(note, this.#keys.origin)
      if (peeked.kind !== 'version') {
        throw new ShareholdError('SH_AUTH_VERSION', 'The version note is of another kind.')
      }
      const dataset = this.#datasets.get(peeked.body.dataset)
      if (dataset === undefined) {
        throw new ShareholdError(
          'SH_CATALOGUE_UNSIGNED',
          `The schema of "${peeked.body.dataset}" is not signed by all of its repositories yet.`,
          { hint: 'Every repository that the schema names has to sign the same schema file.' },
        )
      }
      const body = openVersion(note, this.#keys, dataset.schema.body)
      checkVersion(body, receipts, {
        origin: this.#keys.origin,
        shareNodes: this.#topology.shareNodes.map((node) => node.vkey),
        previous: dataset.version?.body,
        isKnownImport: (importId) => dataset.imports.has(importId),
      })
      const { seq } = await this.#log.append([...receipts, note])
      this.enter({ record: { kind: 'version', body }, note })
      return { entry: seq + receipts.length }
    })
  }

  /** A schema note that at least one of its repositories has signed, and nobody else. */
  #openPartly(note: string): SchemaBody {
    const { origin, repositories } = this.#keys
    const peeked = peekRecord(note, origin)
    if (peeked.kind !== 'schema') {
      throw new ShareholdError('SH_AUTH_SCHEMA', 'The schema note is of another kind.')
    }
    const vkeys = peeked.body.repositories.map((name) => {
      const vkey = repositories.get(name)
      if (vkey !== undefined) return vkey
      throw new ShareholdError(
        'SH_AUTH_SCHEMA',
        `The schema names a repository "${name}" that is not in the topology.`,
        { hint: `The topology has: ${[...repositories.keys()].join(', ')}.` },
      )
    })
    const { body } = openRecord(note, origin, 'schema', vkeys)
    const fault = repositoriesFault(body.schema, body.repositories)
    if (fault === undefined) return body
    throw new ShareholdError('SH_AUTH_SCHEMA', fault, {
      hint: 'Name it in the schema file, as in `repositories: [health-office]`, or leave `unique` out.',
    })
  }

  #infoOf({ note, signers }: { note: string; signers: readonly string[] }): SchemaInfo {
    const peeked = peekRecord(note, this.#keys.origin)
    const body = peeked.kind === 'schema' ? peeked.body : undefined
    return {
      schemaHash: body === undefined ? '' : schemaHash(body.schema),
      schemaNote: note,
      missing: body?.repositories.filter((name) => !signers.includes(name)) ?? [],
    }
  }

  #unknown(name: string): ShareholdError {
    const names = this.datasets().map(({ dataset }) => dataset)
    return new ShareholdError(
      'SH_CATALOGUE_UNKNOWN_DATASET',
      `There is no dataset "${name.slice(0, 256)}" with a version.`,
      {
        hint:
          names.length === 0 ? 'Nothing has been imported yet.' : `There are: ${names.join(', ')}.`,
      },
    )
  }
}

function otherSchema(dataset: string): ShareholdError {
  return new ShareholdError(
    'SH_CATALOGUE_SCHEMA',
    `The dataset "${dataset}" has versions with another schema.`,
    { hint: 'Shares follow the schema: give the new schema a dataset name of its own.' },
  )
}
