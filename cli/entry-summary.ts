/** What a ledger entry says, in one line for a list. */
import { parseNote } from '../protocol/ledger/note.ts'
import { peekRecord } from '../protocol/ledger/records.ts'
import type { LedgerRecord } from '../protocol/ledger/records.ts'
import { printable } from '../protocol/sql/display-width.ts'

import { grouped, humanBytes } from './units.ts'

const SHOWN_SQL = 60

export interface EntrySummary {
  readonly kind: string
  /** Names of those who have signed. */
  readonly authors: readonly string[]
  readonly summary: string
}

/** @throws ShareholdError SH_LEDGER_RECORD, SH_NOTE_MALFORMED */
export function summarize(note: string, origin: string): EntrySummary {
  const record = peekRecord(note, origin)
  const authors = parseNote(note).signatures.map(({ name }) => name)
  return { kind: record.kind, authors, summary: printable(summaryOf(record, origin)) }
}

function summaryOf(record: LedgerRecord, origin: string): string {
  switch (record.kind) {
    case 'schema': {
      const { schema } = record.body
      return `${schema.dataset}: ${schema.columns.length} columns`
    }
    case 'receipt': {
      const { dataset, importId, chunks } = record.body
      return `${dataset}: holds its share of ${grouped(sum(chunks))} rows, import ${importId.slice(0, 8)}`
    }
    case 'version': {
      const { dataset, version, parts, rowsPerMember } = record.body
      const rows = sum(parts.flatMap((part) => part.chunks))
      const members = sum(rowsPerMember.map(([, count]) => count))
      return `${dataset} version ${version}: ${grouped(rows)} rows of ${grouped(members)} members`
    }
    case 'job-request':
      return oneLine(record.body.sql)
    case 'job-start': {
      const request = peekRecord(record.body.requestNote, origin)
      const sql = request.kind === 'job-request' ? oneLine(request.body.sql) : ''
      return `${jobOf(record.body)} begins: ${sql}`
    }
    case 'report': {
      const { index, peers } = record.body
      const bytes = sum(peers.map(({ sent }) => sent.bytes))
      return `${jobOf(record.body)}: node ${index} sent ${humanBytes(bytes)}`
    }
    case 'completion':
      return `${jobOf(record.body)} completed`
    case 'failure':
      return `${jobOf(record.body)}: node ${record.body.index} gave up, ${record.body.code}`
    case 'abort': {
      const { code, blamed } = record.body
      return `${jobOf(record.body)} aborted: ${code}${blamed === '' ? '' : `, ${blamed}`}`
    }
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

function jobOf({ job, attempt }: { readonly job: string; readonly attempt: number }): string {
  return `job ${job}${attempt === 1 ? '' : ` (attempt ${attempt})`}`
}

function oneLine(sql: string): string {
  const characters = Array.from(sql.replaceAll(/\s+/gu, ' ').trim())
  const cut = characters.slice(0, SHOWN_SQL).join('')
  return characters.length > SHOWN_SQL ? `${cut}…` : cut
}
