/**
 * One repository's part of a dataset, from a CSV file: checked against the schema as a whole before
 * anything is shared, and ordered by pseudonym. Faults name row (the header is row 1), column and rule,
 * never the value; of several, one of the first.
 *
 * The file is read once, a block at a time. Kept of it are codes (1 to 8 bytes a value), the pseudonyms, and
 * 8 bytes a row for their order: 31 MB for a million rows of four columns with pseudonyms of 16 letters.
 */
import { isUtf8 } from 'node:buffer'

import { derivationsOf } from '../protocol/sql/derived.ts'
import type { Derivation } from '../protocol/sql/derived.ts'
import type { ColumnValues } from '../shares/column-values.ts'
import { ShareholdError } from '../shares/errors.ts'
import type { Column, Schema } from '../shares/schema.ts'

import { CsvColumn } from './csv-column.ts'
import { CsvMembers } from './csv-members.ts'
import { CsvScanner, rowTooLong } from './csv-scanner.ts'
import type { ScannedRows } from './csv-scanner.ts'
import { DerivedColumn } from './derived-column.ts'
import { orderOf } from './text-order.ts'
import type { Texts } from './text-order.ts'
import { checkUnique } from './unique-values.ts'

const BLOCK_BYTES = 1024 * 1024
/** Longest row. Longer ones are quotes that were never closed. */
const MOST_ROW_BYTES = 16 * BLOCK_BYTES

const BYTE_ORDER_MARK = Uint8Array.of(0xef, 0xbb, 0xbf)

export interface Part {
  readonly rows: number
  /** By schema column, rows in the order of the file. */
  readonly columns: readonly ColumnValues[]
  /** Of the rows, in the order of the file. */
  readonly pseudonyms: Texts
  /** Row i of the part is row order[i] of the file: by pseudonym, the rows of a member as they came. */
  readonly order: Uint32Array
}

/** Reads the next bytes of a file into the array. @returns how many; 0 at the end */
export type ReadBytes = (into: Uint8Array) => Promise<number>

/**
 * Reads a file.
 * @throws ShareholdError SH_IMPORT_UTF8, SH_IMPORT_CSV, SH_IMPORT_COLUMNS, SH_IMPORT_EMPTY,
 * SH_IMPORT_UNIQUE, SH_MEMBERS_INVALID, SH_ENCODE_*, and what `read` throws
 */
export async function readCsvPart(read: ReadBytes, schema: Schema): Promise<Part> {
  const table = new CsvTable(schema, await derivationsOf(schema))
  const scanner = new CsvScanner()
  let buffer = Buffer.alloc(BLOCK_BYTES)
  let held = await skipMark(read, buffer)
  for (let last = false; !last;) {
    if (held === buffer.length) buffer = doubled(buffer, scanner.line)
    const got = await read(buffer.subarray(held))
    held += got
    last = got === 0
    const end = last ? held : wholeCharacters(buffer, held)
    if (!isUtf8(buffer.subarray(0, end))) throw badUtf8(buffer.subarray(0, end), scanner.line)
    const scanned = scanner.scan(buffer, 0, end, last)
    table.take(buffer, scanned)
    buffer.copyWithin(0, scanned.consumed, held)
    held -= scanned.consumed
  }
  return table.part()
}

/** The columns of a file with a header. */
class CsvTable {
  readonly #schema: Schema
  /** The columns of the file, in the order of the schema. */
  readonly #columns: ReadonlyMap<Column, CsvColumn>
  readonly #derived: ReadonlyMap<Column, DerivedColumn>
  readonly #derivations: readonly Derivation[]
  readonly #members: CsvMembers
  #places: Places | undefined
  #rows = 0

  constructor(schema: Schema, derivations: readonly Derivation[]) {
    this.#schema = schema
    this.#columns = new Map(storedIn(schema).map((column) => [column, new CsvColumn(column)]))
    this.#derivations = derivations
    this.#derived = new Map(
      derivations.map((derivation) => [derivation.column, new DerivedColumn(derivation)]),
    )
    this.#members = new CsvMembers(schema.member)
  }

  take(bytes: Buffer, { cells, width, rows: to }: ScannedRows): void {
    if (to === 0) return
    let from = 0
    if (this.#places === undefined) {
      const header = Array.from({ length: width }, (_, place) =>
        bytes.toString('utf8', cells[2 * place], cells[2 * place + 1]),
      )
      this.#places = columnPlaces(header, this.#schema)
      from = 1
    }
    const rows = { bytes, cells, width, from, to, firstNumber: this.#rows + 2 }
    this.#members.take(rows, this.#places.member)
    for (const [column, values] of this.#columns) {
      values.take(rows, this.#places.columns.get(column)!)
    }
    this.#rows += to - from
    for (const { column, sources } of this.#derivations) {
      const values = sources.map((source) => this.#columns.get(source)!.values)
      this.#derived.get(column)!.take(values, this.#rows, 2)
    }
  }

  part(): Part {
    if (this.#places === undefined) columnPlaces([], this.#schema)
    if (this.#rows === 0) {
      throw new ShareholdError('SH_IMPORT_EMPTY', 'The file has a header but no rows.')
    }
    const pseudonyms = this.#members.texts
    const columns = this.#schema.columns.map(
      (column) => (this.#columns.get(column) ?? this.#derived.get(column)!).values,
    )
    for (const values of columns) if (values.column.unique === true) checkUnique(values, this.#rows)
    return {
      rows: this.#rows,
      columns,
      pseudonyms,
      order: orderOf(pseudonyms),
    }
  }
}

interface Places {
  readonly member: number
  readonly columns: ReadonlyMap<Column, number>
}

/** The columns that the file has. */
function storedIn(schema: Schema): readonly Column[] {
  return schema.columns.filter(({ derived }) => derived === undefined)
}

/** Where the columns are. @throws ShareholdError SH_IMPORT_COLUMNS */
function columnPlaces(header: readonly string[], schema: Schema): Places {
  const stored = storedIn(schema)
  const wanted = [schema.member, ...stored.map((column) => column.name)]
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
    columns: new Map(stored.map((column) => [column, header.indexOf(column.name)])),
  }
}

/** Reads the first bytes of a file, without its byte order mark. @returns how many there are */
async function skipMark(read: ReadBytes, buffer: Buffer): Promise<number> {
  let held = 0
  for (let got = -1; got !== 0 && held < BYTE_ORDER_MARK.length; held += got) {
    got = await read(buffer.subarray(held))
  }
  if (held < BYTE_ORDER_MARK.length || BYTE_ORDER_MARK.some((byte, i) => buffer[i] !== byte)) {
    return held
  }
  buffer.copyWithin(0, BYTE_ORDER_MARK.length, held)
  return held - BYTE_ORDER_MARK.length
}

/** Twice the room for the row that begins the buffer. @throws ShareholdError SH_IMPORT_CSV */
function doubled(buffer: Buffer, line: number): Buffer<ArrayBuffer> {
  if (buffer.length >= MOST_ROW_BYTES) throw rowTooLong(line, MOST_ROW_BYTES)
  const larger = Buffer.alloc(2 * buffer.length)
  larger.set(buffer)
  return larger
}

/** Bytes up to the last character of UTF-8 that is whole, if the next ones are the rest of one that is not. */
function wholeCharacters(bytes: Uint8Array, end: number): number {
  for (let back = 1; back <= Math.min(3, end); back++) {
    const byte = bytes[end - back]!
    if (byte < 0x80) return end
    if (byte >= 0xc0) return (byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4) > back ? end - back : end
  }
  return end
}

/** Finds the first cell that is not UTF-8. @param line that of the first byte */
function badUtf8(bytes: Uint8Array, line: number): ShareholdError {
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
