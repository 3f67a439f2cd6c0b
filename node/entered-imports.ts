/**
 * Which imports the ledger names, for a node that is about to throw away what it does not name. The ledger
 * is read as an auditor reads it: all of it, under its signed checkpoint, and as a continuation of what
 * this node has read before.
 *
 * Against whom: a coordinator that takes entries back, or has been restored from an old copy, is noticed
 * as soon as this node has read a later ledger. One that hides the newest entries is not.
 * Cost: the whole ledger, each time.
 */
import { Checklist } from '../protocol/ledger/audit-report.ts'
import { auditTree } from '../protocol/ledger/audit-tree.ts'
import type { LedgerFiles, LedgerReader } from '../protocol/ledger/files.ts'
import { renameVerifierKey, verifyEd25519 } from '../protocol/ledger/note.ts'
import { peekRecord } from '../protocol/ledger/records.ts'
import { ShareholdError } from '../shares/errors.ts'

import { hash } from './crypto.ts'
import type { Topology } from './topology.ts'

const LAST_READ = 'ledger.checkpoint'

/** Names an import in a set. */
export const importName = (dataset: string, importId: string): string => `${dataset}/${importId}`

/**
 * The names of all imports that any version in the ledger has.
 *
 * @param ledger where it is read from
 * @param kept where this node keeps the checkpoint that it has read last
 * @throws ShareholdError SH_LEDGER_CORRUPT if it is not sound, or not the one that was read before;
 * SH_LEDGER_RECORD, SH_NOTE_*, and what the reader throws
 */
export async function enteredImports(
  { origin, coordinator }: Topology,
  ledger: LedgerReader,
  kept: Pick<LedgerFiles, 'read' | 'write'>,
): Promise<ReadonlySet<string>> {
  const last = await kept.read(LAST_READ)
  const list = new Checklist(false)
  const sound = await auditTree(
    {
      files: ledger,
      log: renameVerifierKey(coordinator.vkey, origin),
      since: last === undefined ? undefined : new TextDecoder().decode(last),
      hash,
      verify: verifyEd25519,
    },
    list,
  )
  const fault = list.items.find(({ ok }) => !ok)
  if (sound === undefined || fault !== undefined) {
    const what = fault === undefined ? 'it cannot be read' : `${fault.title}: ${fault.detail}`
    throw new ShareholdError('SH_LEDGER_CORRUPT', `The ledger cannot be relied on: ${what}`)
  }
  const names = new Set<string>()
  for (const note of sound.notes) {
    // Whoever signed it: a version that names an import is reason enough to keep it.
    const record = peekRecord(note, origin)
    if (record.kind !== 'version') continue
    for (const { importId } of record.body.parts) {
      names.add(importName(record.body.dataset, importId))
    }
  }
  await kept.write(LAST_READ, new TextEncoder().encode(sound.signed))
  return names
}
