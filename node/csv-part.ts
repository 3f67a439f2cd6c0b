/**
 * One repository's part of a dataset, from a CSV file: checked against the schema as a whole before
 * anything is shared, then ordered by pseudonym. Faults name row (the header is row 1), column and
 * rule, never the value.
 */
import { isUtf8 } from 'node:buffer'

import { CsvError, parse } from 'csv-parse/sync'

import { checkPseudonym } from '../protocol/members.ts'
import type { MemberRun } from '../protocol/members.ts'
import { encodeChunk } from '../shares/encode.ts'
import { ShareholdError } from '../shares/errors.ts'
import { newArena } from '../shares/field/memory.ts'
import type { Schema } from '../shares/schema.ts'

/** Rows that are checked together. */
const CHECK_ROWS = 65_536

export interface Part {
  readonly rows: number
  /** Texts by schema column, in row order; '' is NULL. */
  readonly columns: readonly (readonly string[])[]
  readonly members: readonly MemberRun[]
}

/**
 * Reads the content of a file.
 * @throws ShareholdError SH_IMPORT_UTF8, SH_IMPORT_CSV, SH_IMPORT_COLUMNS, SH_IMPORT_EMPTY,
 * SH_MEMBERS_INVALID, SH_ENCODE_*
 */
export function parseCsvPart(bytes: Buffer, schema: Schema): Part {
  if (!isUtf8(bytes)) throw badUtf8(bytes)
  const [header, ...rows] = parseCsv(bytes)
  const place = columnPlaces(header ?? [], schema)
  if (rows.length === 0) {
    throw new ShareholdError('SH_IMPORT_EMPTY', 'The file has a header but no rows.')
  }
  const members = rows.map((row) => row[place.member]!)
  for (const [index, member] of members.entries()) {
    try {
      checkPseudonym(member)
    } catch (error) {
      throw at(error, index + 2, schema.member)
    }
  }
  checkValues(schema, rows, place.columns)

  const order = Array.from(rows, (_, index) => index).toSorted((a, b) => {
    const [left, right] = [members[a]!, members[b]!]
    return left < right ? -1 : left > right ? 1 : a - b
  })
  return {
    rows: rows.length,
    columns: place.columns.map((column) => order.map((row) => rows[row]![column]!)),
    members: runsOf(order.map((row) => members[row]!)),
  }
}

function parseCsv(bytes: Buffer): string[][] {
  try {
    return parse(bytes, { bom: true, skip_empty_lines: true })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? error['lines'] : undefined
    const what =
      error.code === 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH' ||
      error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS'
        ? 'has another number of columns than the header'
        : 'is not valid CSV (RFC 4180)'
    throw new ShareholdError('SH_IMPORT_CSV', `Line ${line ?? '?'} ${what}.`, {
      ...(line === undefined ? {} : { position: { line, column: 1 } }),
      hint: 'Quote cells that hold commas, quotes or line breaks. Nothing was stored.',
    })
  }
}

function columnPlaces(
  header: readonly string[],
  schema: Schema,
): { member: number; columns: number[] } {
  const wanted = [schema.member, ...schema.columns.map((column) => column.name)]
  const missing = wanted.filter((name) => !header.includes(name))
  const extra = header.filter((name, i) => !wanted.includes(name) || header.indexOf(name) !== i)
  if (missing.length > 0 || extra.length > 0) {
    // A file without a header begins with a member's values: those are never quoted.
    if (header.length > 0 && missing.length === wanted.length) {
      throw new ShareholdError(
        'SH_IMPORT_COLUMNS',
        'Row 1 is not a header: it names no declared column.',
        {
          position: { line: 1, column: 1 },
          hint: `The first row must name the columns: ${wanted.join(', ')}.`,
        },
      )
    }
    const parts = [
      missing.length > 0 ? `has no ${missing.map((name) => `"${name}"`).join(', ')}` : '',
      extra.length > 0 ? `has undeclared ${extra.map((name) => `"${name}"`).join(', ')}` : '',
    ]
    throw new ShareholdError(
      'SH_IMPORT_COLUMNS',
      `Row 1: the header ${parts.filter((part) => part !== '').join(' and ')}.`,
      {
        position: { line: 1, column: 1 },
        hint: `The schema declares ${wanted.join(', ')}; leave out what it does not declare.`,
      },
    )
  }
  return {
    member: header.indexOf(schema.member),
    columns: schema.columns.map((column) => header.indexOf(column.name)),
  }
}

/** Encodes everything once and throws it away: nothing may fail after the first share has left. */
function checkValues(
  schema: Schema,
  rows: readonly (readonly string[])[],
  places: readonly number[],
): void {
  for (let from = 0; from < rows.length; from += CHECK_ROWS) {
    const slice = rows.slice(from, from + CHECK_ROWS)
    for (const [index, column] of schema.columns.entries()) {
      const arena = newArena({ wipe: true })
      try {
        encodeChunk(
          arena,
          column,
          slice.map((row) => row[places[index]!]!),
          from + 2,
        )
      } finally {
        arena.release()
      }
    }
  }
}

function runsOf(members: readonly string[]): MemberRun[] {
  const runs: { member: string; rows: number }[] = []
  for (const member of members) {
    const last = runs.at(-1)
    if (last?.member === member) last.rows++
    else runs.push({ member, rows: 1 })
  }
  return runs
}

/** Finds the first cell that is not UTF-8. */
function badUtf8(bytes: Buffer): ShareholdError {
  let line = 1
  let column = 1
  let start = 0
  for (let i = 0; i <= bytes.length; i++) {
    const byte = bytes[i]
    if (byte !== undefined && byte !== 0x0a && byte !== 0x2c) continue
    if (!isUtf8(bytes.subarray(start, i))) break
    start = i + 1
    if (byte === 0x0a) {
      line++
      column = 1
    } else column++
  }
  return new ShareholdError('SH_IMPORT_UTF8', `Row ${line}, column ${column} is not UTF-8.`, {
    hint: 'Convert the file, e.g. `iconv -f WINDOWS-1252 -t UTF-8`. Nothing was stored.',
  })
}

function at(error: unknown, row: number, column: string): unknown {
  if (!(error instanceof ShareholdError)) return error
  const detail = error.hint === undefined ? {} : { hint: error.hint }
  return new ShareholdError(error.code, `Row ${row}, column "${column}": ${error.message}`, detail)
}
