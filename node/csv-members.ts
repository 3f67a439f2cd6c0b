/**
 * Takes the pseudonyms of a CSV file, batch of rows after batch, as bytes on end; at the end says in which
 * order the rows are to be shared.
 */
import { checkPseudonym } from '../protocol/members.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { CsvRows } from './csv-column.ts'
import { grown } from './growing-array.ts'
import type { Texts } from './text-order.ts'

const SPACE = 0x20
const LAST_PRINTABLE = 0x7e
/** No pseudonym of so many bytes has too many characters. */
const SHORT_BYTES = 128

export class CsvMembers {
  /** Name of the column, for messages. */
  readonly #name: string
  #bytes = new Uint8Array(0)
  #starts = new Uint32Array(1)
  #rows = 0

  constructor(name: string) {
    this.#name = name
  }

  /** @throws ShareholdError SH_MEMBERS_INVALID, naming row and rule */
  take({ bytes, cells, width, from, to, firstNumber }: CsvRows, place: number): void {
    this.#starts = grown(this.#starts, this.#rows + (to - from) + 1)
    const starts = this.#starts
    let used = starts[this.#rows]!
    for (let row = from; row < to; row++) {
      const cell = 2 * (row * width + place)
      const start = cells[cell]!
      const end = cells[cell + 1]!
      if (!isPlain(bytes, start, end)) this.#check(bytes, start, end, firstNumber + row - from)
      const next = used + end - start
      if (next > this.#bytes.length) this.#grow(next)
      for (let at = start; at < end; at++) this.#bytes[used++] = bytes[at]!
      starts[++this.#rows] = used
    }
  }

  /** The pseudonym of every row, in the order of the file. */
  get texts(): Texts {
    return { bytes: this.#bytes, starts: this.#starts, count: this.#rows }
  }

  #grow(length: number): void {
    if (length > 0xffff_ffff) throw new RangeError('more than 4 GiB of pseudonyms')
    this.#bytes = grown(this.#bytes, Math.max(length, 65_536))
  }

  #check(bytes: Buffer, start: number, end: number, row: number): void {
    try {
      checkPseudonym(bytes.toString('utf8', start, end))
    } catch (error) {
      if (!(error instanceof ShareholdError)) throw error
      const detail = error.hint === undefined ? {} : { hint: error.hint }
      const message = `Row ${row}, column "${this.#name}": ${error.message}`
      throw new ShareholdError(error.code, message, detail)
    }
  }
}

/** Whether a pseudonym is short printable ASCII without spaces at its ends: then nothing is wrong with it. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end || end - start > SHORT_BYTES) return false
  if (bytes[start] === SPACE || bytes[end - 1] === SPACE) return false
  for (let at = start; at < end; at++) {
    if (bytes[at]! < SPACE || bytes[at]! > LAST_PRINTABLE) return false
  }
  return true
}
