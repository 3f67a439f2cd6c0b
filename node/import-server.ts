/**
 * A share-node's side of an import: takes one repository's blocks, stages them, and acknowledges with
 * a signed receipt over their Merkle root only after all of them are synced to disk. A conversation
 * that breaks off before that leaves nothing behind.
 *
 *     repository              share-node
 *       importBegin, members, block …
 *       importCommit    ───▶  compares the root, writes everything at once, synced
 *                       ◀───  receipt {signed note}
 *       importUnion     ───▶  (again after a conflict) ◀─── union
 *       importActivate  ───▶  the version is on the ledger: remembers it   ◀─── acknowledged
 *       importDrop      ───▶  the version was not made: deletes   ◀─── acknowledged
 *
 * Against whom: only a repository of the dataset's signed schema may import into it, and only what
 * the schema declares is taken. The node learns pseudonyms and row counts, and of values nothing.
 */
import { openSchema, openVersion } from '../protocol/admission.ts'
import type { VersionBody } from '../protocol/ledger/records.ts'
import { rowsPerMemberOf } from '../protocol/member-table.ts'
import type { RowsPerMember } from '../protocol/member-table.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { FramedStream } from './framed-stream.ts'
import { heldMembers } from './held-parts.ts'
import { IMPORT_PROTOCOL } from './import-blocks.ts'
import { takeImport } from './import-receiver.ts'
import type { ImportBegin, ImportReceiverOptions, TakenImport } from './import-receiver.ts'
import { admissionKeys } from './job-server.ts'
import type { Log } from './log.ts'
import { receiveMessage, refusedHeader, sendMessage } from './message-stream.ts'

const WAIT = { timeoutMs: 60_000 }

export interface ImportServerOptions extends ImportReceiverOptions {
  /** An import is in a version that is in the ledger, says the repository. */
  readonly onRegistered: (dataset: string, importId: string) => Promise<void>
  readonly log: Log
}

export interface ImportServer {
  /** Whether a repository is still speaking about this import. */
  isOpen(importId: string): boolean
}

export async function serveImports(options: ImportServerOptions): Promise<ImportServer> {
  const { overlay, log } = options
  const open: string[] = []
  await overlay.handle(IMPORT_PROTOCOL, async (stream, peer) => {
    try {
      const { header: begin } = await receiveMessage(stream, ['importBegin'], WAIT)
      open.push(begin.importId)
      try {
        await serveImport(options, stream, peer, begin)
      } finally {
        open.splice(open.indexOf(begin.importId), 1)
      }
      await stream.close()
    } catch (error) {
      log.warn(
        { peer, code: error instanceof ShareholdError ? error.code : String(error) },
        'import failed',
      )
      await sendMessage(stream, 'refused', refusedHeader(error)).catch(() => undefined)
      await stream.close().catch(() => undefined)
    }
  })
  return { isOpen: (importId) => open.includes(importId) }
}

async function serveImport(
  options: ImportServerOptions,
  stream: FramedStream,
  repository: string,
  begin: ImportBegin,
): Promise<void> {
  const { store, log } = options
  const { dataset, importId } = begin
  log.info({ repository, dataset, importId }, 'import begins')
  const taken = await takeImport(options, stream, repository, begin)
  log.info({ repository, dataset, importId }, 'import stored')
  for (;;) {
    const message = await receiveMessage(
      stream,
      ['importUnion', 'importActivate', 'importDrop'],
      WAIT,
    )
    if (message.kind === 'importUnion') {
      const version = openVersionNote(options, taken, message.header.versionNote)
      const pairs = await unionOf(options, taken, version)
      await sendMessage(stream, 'union', { rowsPerMember: JSON.stringify(pairs) })
    } else if (message.kind === 'importActivate') {
      const version = openVersionNote(options, taken, message.header.versionNote)
      if (version?.parts.some((part) => part.importId === importId) !== true) {
        throw new ShareholdError('SH_AUTH_VERSION', 'The version does not have the import.')
      }
      await options.onRegistered(dataset, importId)
      await sendMessage(stream, 'acknowledged', {})
      return
    } else {
      await store.delete({ dataset, importId })
      log.info({ repository, importId }, 'import dropped')
      await sendMessage(stream, 'acknowledged', {})
      return
    }
  }
}

function openVersionNote(
  { overlay }: ImportServerOptions,
  { manifest }: TakenImport,
  note: string,
): VersionBody | null {
  if (note === '') return null
  const keys = admissionKeys(overlay.topology)
  return openVersion(note, keys, openSchema(manifest.schemaNote, keys))
}

/**
 * Histogram of rows per member over a version and a new import. It tells who asks how many rows members
 * have in others' imports, so only parts that are as the version says are joined: those of repositories
 * that have signed the same schema.
 */
async function unionOf(
  { overlay, store }: ImportServerOptions,
  { members }: TakenImport,
  version: VersionBody | null,
): Promise<RowsPerMember> {
  const held = version === null ? [] : await heldMembers(store, overlay.self.index, version)
  return rowsPerMemberOf([...held, members])
}
