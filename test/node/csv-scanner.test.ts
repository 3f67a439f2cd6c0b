import { CsvError, parse } from 'csv-parse/sync'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { CsvScanner } from '../../node/csv-scanner.ts'
import { ShareholdError } from '../../shares/errors.ts'

/** Scans a file that comes in pieces of these lengths, and then in one. @returns the cells, or the fault */
function scan(text: string, lengths: readonly number[]): string[][] | ShareholdError {
  const file = new TextEncoder().encode(text)
  const scanner = new CsvScanner()
  const rows: string[][] = []
  let held = new Uint8Array(0)
  let at = 0
  try {
    for (const length of [...lengths, file.length, 0]) {
      const piece = file.subarray(at, at + length)
      at += piece.length
      const last = length === 0
      // What lies behind the end must not be looked at: a quote, a comma and a line break.
      const bytes = Uint8Array.of(...held, ...piece, 0x0a, 0x22, 0x2c)
      const end = bytes.length - 3
      const scanned = scanner.scan(bytes, 0, end, last)
      for (let r = 0; r < scanned.rows; r++) {
        rows.push(
          Array.from({ length: scanned.width }, (_, c) => {
            const cell = 2 * (r * scanned.width + c)
            const [from, to] = [scanned.cells[cell], scanned.cells[cell + 1]]
            return new TextDecoder().decode(bytes.subarray(from, to))
          }),
        )
      }
      held = bytes.slice(scanned.consumed, end)
    }
  } catch (error) {
    if (error instanceof ShareholdError) return error
    throw error
  }
  expect(held.length).toBe(0)
  return rows
}

function reference(text: string): string[][] | CsvError {
  try {
    return parse(text, { skip_empty_lines: true })
  } catch (error) {
    if (error instanceof CsvError) return error
    throw error
  }
}

/** Whatever csv-parse says of a text, the scanner says, and in whatever pieces it comes. */
function agree(text: string, lengths: readonly number[]): void {
  const expected = reference(text)
  const found = scan(text, lengths)
  if (!(expected instanceof CsvError)) {
    expect(found).toEqual(expected)
    return
  }
  expect(found).toBeInstanceOf(ShareholdError)
  if (!(found instanceof ShareholdError)) return
  const width = expected.code.includes('INCONSISTENT')
  expect(found.message.includes('number of columns')).toBe(width)
  // csv-parse counts the two bytes of a CRLF within quotes as two lines; an open quote it finds at the end.
  if (text.includes('\r') || expected.code === 'CSV_QUOTE_NOT_CLOSED') return
  expect(found.position?.line).toBe(expected['lines'])
}

/** Texts that are mostly syntax. */
const syntax = fc.string({
  unit: fc.constantFrom('a', 'é', ',', ',', '"', '""', '\n', '\n', '\r', '\r\n'),
  maxLength: 30,
})
const pieces = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 })

/** A sound file: cells of any text, quoted where they must be or by chance. */
const table = fc
  .record({
    width: fc.integer({ min: 1, max: 4 }),
    lineBreak: fc.constantFrom('\n', '\r\n', '\r'),
    cells: fc.array(
      fc.tuple(
        fc.string({ unit: fc.constantFrom('a', 'ü', ' ', ',', '"', '\n', '\r'), maxLength: 5 }),
        fc.boolean(),
      ),
      { maxLength: 24 },
    ),
    final: fc.boolean(),
  })
  .map(({ width, lineBreak, cells, final }) => {
    const written = cells.map(([text, quoted]) =>
      quoted || /["\n\r,]/u.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text,
    )
    const lines: string[] = []
    for (let at = 0; at + width <= written.length; at += width) {
      lines.push(written.slice(at, at + width).join(','))
    }
    return lines.join(lineBreak) + (final ? lineBreak : '')
  })

describe('the scanner says what csv-parse says', () => {
  it('of sound files', () => {
    fc.assert(fc.property(table, pieces, agree), { numRuns: 1500 })
  })

  it('of texts that are hardly any', () => {
    fc.assert(fc.property(syntax, pieces, agree), { numRuns: 5000 })
  })

  it.each([
    'a,b\n1,2\n\n\n3,4\n',
    '\n\na,b\n1,2',
    'a\n""\n\n"x"',
    'a,b\r\n1,2\n3,4\r\n',
    'a,b\n1,2\r\n3,"4"\r\n',
    'a,b\r1,2\r\n',
    '"a\nb",c\n"d""e",""""\n',
    'a,b\n1,"2\n3,4\n5,"6"\n',
    'a,b\n1,2,\n',
    'a,b\n1,\n,2\n,\n',
    'a"b\n',
    '"a"b\n',
    'a, "b"\n',
  ])('%#', (text) => {
    for (const size of [1, 2, 3, 100])
      agree(
        text,
        Array.from({ length: text.length }, () => size),
      )
  })

  it('of nothing', () => {
    expect(scan('', [])).toEqual([])
    expect(scan('\n\n', [1])).toEqual([])
  })
})

it('names the line where a quote was opened that is never closed', () => {
  const found = scan('a,b\n1,2\n3,"4\n5,6\n', [4])
  expect(found).toMatchObject({ code: 'SH_IMPORT_CSV', position: { line: 3 } })
})
