/**
 * Finds the rows and cells of CSV (RFC 4180) in blocks of bytes, without making a string or an object a
 * cell. As forgiving as csv-parse with `skip_empty_lines`, and as strict: the first line break says what
 * ends the lines of the file (LF, CRLF or CR); a quote may only open a cell, or be doubled in a quoted
 * one; every row has as many cells as the first. test/node/csv-scanner.test.ts holds the two together.
 *
 * Cost: one look at each byte.
 */
import { ShareholdError } from '../shares/errors.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const COMMA = 0x2c

/** Rows of the same width, as places in the bytes that were scanned. */
export interface ScannedRows {
  readonly rows: number
  /** Cells a row. */
  readonly width: number
  /**
   * Cell `c` of row `r` begins at `cells[2 * (r * width + c)]` and ends before
   * `cells[2 * (r * width + c) + 1]`. Valid until the next scan.
   */
  readonly cells: Int32Array
  /** Where the first row begins that is not among them: it has to come again, with more of it. */
  readonly consumed: number
}

/** Scans one file, block by block. */
export class CsvScanner {
  /** The first byte of a line break; 0 while there was none. */
  #lineBreak = 0
  /** Whether an LF follows it. */
  #crlf = false
  #width = 0
  #line = 1
  #cells = new Int32Array(1 << 16)
  /** Cells with doubled quotes, as indices into `#cells`. */
  #doubled: number[] = []

  /** The line on which the first row begins that is not scanned yet; the first is 1. */
  get line(): number {
    return this.#line
  }

  /**
   * Finds the whole rows in bytes from..end-1. Doubled quotes are halved in place.
   * @param last whether the file ends there: then all of it is scanned
   * @throws ShareholdError SH_IMPORT_CSV naming the line
   */
  scan(bytes: Uint8Array, from: number, end: number, last: boolean): ScannedRows {
    this.#doubled = []
    let consumed = from
    let count = 0
    if (this.#lineBreak !== 0 || this.#findLineBreak(bytes, from, end, last)) {
      while (consumed < end) {
        const broken = this.#breakAt(bytes, consumed, end)
        if (broken > 0) {
          this.#line++
          consumed += broken
          continue
        }
        const next = this.#row(bytes, consumed, end, last, count)
        if (next < 0) break
        count += 2 * this.#width
        consumed = next
      }
    }
    for (const cell of this.#doubled) if (cell < count) this.#halve(bytes, cell)
    const width = this.#width
    return { rows: width === 0 ? 0 : count / 2 / width, width, cells: this.#cells, consumed }
  }

  /**
   * One row that is not empty.
   * @param first where its first cell goes in `#cells`
   * @returns where the next row begins, or -1 if this one does not end here
   */
  #row(bytes: Uint8Array, from: number, end: number, last: boolean, first: number): number {
    const lineBreak = this.#lineBreak
    const crlf = this.#crlf
    const startLine = this.#line
    let count = first
    for (let at = from; ; at++) {
      let start = at
      let stop: number
      if (at < end && bytes[at] === QUOTE) {
        stop = this.#quoted(bytes, at, end, last, count)
        if (stop < 0) break
        start = at + 1
        at = stop + 1
      } else {
        for (; at < end; at++) {
          const byte = bytes[at]!
          if (byte === COMMA) break
          if (byte === lineBreak && (!crlf || (at + 1 < end && bytes[at + 1] === LF))) break
          if (byte === QUOTE) throw notCsv(this.#line)
        }
        stop = at
      }
      if (count + 2 > this.#cells.length) this.#grow()
      this.#cells[count++] = start
      this.#cells[count++] = stop
      if (at < end && bytes[at] === COMMA) continue
      if (at >= end && !last) break
      const broken = this.#breakAt(bytes, at, end)
      const width = (count - first) / 2
      if (this.#width === 0) this.#width = width
      if (this.#width !== width) throw otherWidth(this.#line)
      if (broken > 0) this.#line++
      return at + broken
    }
    this.#line = startLine
    return -1
  }

  /**
   * A quoted cell.
   * @param open where its first quote is
   * @returns where its last quote is; -1 if that is not known yet
   */
  #quoted(bytes: Uint8Array, open: number, end: number, last: boolean, cell: number): number {
    const lineBreak = this.#crlf ? LF : this.#lineBreak
    const startLine = this.#line
    let doubled = false
    for (let at = open + 1; at < end; at++) {
      const byte = bytes[at]!
      if (byte === lineBreak) this.#line++
      if (byte !== QUOTE) continue
      if (at + 1 < end && bytes[at + 1] === QUOTE) {
        doubled = true
        at++
        continue
      }
      if (at + 1 === end && !last) return -1
      const follows = at + 1 < end ? bytes[at + 1] : COMMA
      if (follows !== COMMA && this.#breakAt(bytes, at + 1, end) === 0) {
        // Half of a CRLF, perhaps.
        if (follows === CR && this.#crlf && at + 2 === end && !last) return -1
        throw notCsv(this.#line)
      }
      if (doubled) this.#doubled.push(cell)
      return at
    }
    if (last) throw notCsv(startLine)
    return -1
  }

  /** Bytes of the line break at a place; 0 if there is none. */
  #breakAt(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end || bytes[at] !== this.#lineBreak) return 0
    if (!this.#crlf) return 1
    return at + 1 < end && bytes[at + 1] === LF ? 2 : 0
  }

  /** Looks for the first line break outside of quotes. @returns whether lines can be told apart now */
  #findLineBreak(bytes: Uint8Array, from: number, end: number, last: boolean): boolean {
    let quoted = false
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!
      if (byte === QUOTE) quoted = !quoted
      if (quoted || (byte !== LF && byte !== CR)) continue
      if (byte === CR && at + 1 === end && !last) return false
      this.#lineBreak = byte
      this.#crlf = byte === CR && at + 1 < end && bytes[at + 1] === LF
      return true
    }
    if (last) this.#lineBreak = LF
    return last
  }

  /** Makes two quotes one in a cell's text. */
  #halve(bytes: Uint8Array, cell: number): void {
    const stop = this.#cells[cell + 1]!
    let to = this.#cells[cell]!
    for (let at = to; at < stop; at++) {
      bytes[to++] = bytes[at]!
      if (bytes[at] === QUOTE) at++
    }
    this.#cells[cell + 1] = to
  }

  #grow(): void {
    const cells = new Int32Array(2 * this.#cells.length)
    cells.set(this.#cells)
    this.#cells = cells
  }
}

/** SH_IMPORT_CSV for a row that is not whole after so many bytes. */
export function rowTooLong(line: number, bytes: number): ShareholdError {
  return fault(line, `begins a row of more than ${bytes} bytes: a quote is not closed`)
}

const notCsv = (line: number): ShareholdError => fault(line, 'is not valid CSV (RFC 4180)')
const otherWidth = (line: number): ShareholdError =>
  fault(line, 'has another number of columns than the header')

function fault(line: number, what: string): ShareholdError {
  return new ShareholdError('SH_IMPORT_CSV', `Line ${line} ${what}.`, {
    position: { line, column: 1 },
    hint: 'Quote cells that hold commas, quotes or line breaks. Nothing was stored.',
  })
}
