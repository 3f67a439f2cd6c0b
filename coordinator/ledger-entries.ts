/**
 * All entries of the coordinator's own ledger, in order: what it rebuilds its memory from when it
 * starts. Each bundle is read once; Log compares it with the tree.
 */
import { decodeEntry } from '../protocol/ledger/entry.ts'
import type { Log } from '../protocol/ledger/log.ts'
import { peekRecord } from '../protocol/ledger/records.ts'
import type { LedgerRecord } from '../protocol/ledger/records.ts'
import { bundlePath, decodeBundle, tilesOfLevel } from '../protocol/ledger/tiles.ts'
import { ShareholdError } from '../shares/errors.ts'

export interface LedgerEntry {
  readonly seq: number
  /** Signed; the signatures were checked before it was entered. */
  readonly note: string
  readonly record: LedgerRecord
}

/** @throws ShareholdError SH_LEDGER_MISSING, SH_LEDGER_CORRUPT, SH_LEDGER_ENTRY, SH_LEDGER_RECORD */
export async function* entriesOf(log: Log): AsyncGenerator<LedgerEntry, void> {
  let seq = 0
  for (const place of tilesOfLevel(0, log.size)) {
    const path = bundlePath(place)
    const bytes = await log.file(path)
    if (bytes === undefined) {
      throw new ShareholdError('SH_LEDGER_MISSING', `The ledger's file ${path} is missing.`)
    }
    for (const data of decodeBundle(bytes, place.width)) {
      const { note } = decodeEntry(data)
      yield { seq, note, record: peekRecord(note, log.origin) }
      seq++
    }
  }
}
