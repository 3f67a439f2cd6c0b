import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { cellReader, UNREAD } from '../../shares/cell-codes.ts'
import { codecOf, textOfCode } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { parseSchema } from '../../shares/parse-schema.ts'
import type { Column } from '../../shares/schema.ts'

function column(part: object): Column {
  return parseSchema({
    dataset: 'd',
    member: 'm',
    kMin: 1,
    purposes: ['p'],
    columns: [{ name: 'c', ...part }],
  }).columns[0]!
}

const words = Array.from({ length: 300 }, (_, i) => `word ${i * i}é`)
const COLUMNS = {
  boolean: column({ type: 'boolean' }),
  integer: column({ type: 'integer', min: -7, max: 300 }),
  large: column({ type: 'integer', min: -9_007_199_254_740_991, max: 0 }),
  decimal: column({ type: 'decimal', precision: 6, scale: 2, min: '-12.5', max: '1000' }),
  long: column({ type: 'decimal', precision: 18, scale: 4, min: '-1', max: '20000000000000.0002' }),
  date: column({ type: 'date', min: '1899-12-31', max: '2100-03-01' }),
  time: column({
    type: 'timestamp',
    resolutionSeconds: 60,
    min: '2019-02-28 00:00:00',
    max: '2019-04-01 23:59:59',
  }),
  text: column({ type: 'text', dictionary: ['green', 'Yellow', 'ünï', ''] }),
  words: column({ type: 'text', dictionary: words }),
}

/** Reads a text in the midst of other bytes. */
function read(of: Column, text: string): number {
  const bytes = new TextEncoder().encode(text)
  const around = Uint8Array.of(0x31, ...bytes, 0x31)
  return cellReader(of)(around, 1, 1 + bytes.length)
}

function codeOf(of: Column, text: string): number | bigint | string {
  try {
    return codecOf(of).codeOf(text)
  } catch (error) {
    if (error instanceof ShareholdError) return error.code
    throw error
  }
}

describe.each(Object.entries(COLUMNS))('a reader of %s', (name, of) => {
  it('says of any text what the codec says, or nothing', () => {
    const near = fc.string({
      unit: fc.constantFrom('0', '1', '2', '9', '-', '+', '.', ':', ' ', 'T', 'é', 't', 'f'),
      maxLength: 20,
    })
    const valid = fc
      .bigInt({ min: 0n, max: codecOf(of).codeMax })
      .map((code) => textOfCode(of, code))
    // A right text with one letter changed, put in or taken out.
    const changed = fc
      .tuple(valid, fc.nat(20), fc.nat(1), fc.constantFrom('', '0', '9', '-', '.', ':', 'T', ' '))
      .map(([text, at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone))
    fc.assert(
      fc.property(fc.oneof(near, valid, changed), (text) => {
        const code = read(of, text)
        if (code === UNREAD) return
        expect(Object.is(code, codeOf(of, text))).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  it('reads every value as it is usually written', () => {
    if (name === 'long') return // as a text: its codes are no numbers
    const { codeMax } = codecOf(of)
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: codeMax }), (code) => {
        const text = textOfCode(of, code)
        expect(BigInt(read(of, text))).toBe(code)
      }),
    )
  })
})

it.each([
  ['integer', '-0', 7],
  ['integer', '007', 14],
  ['integer', '', UNREAD],
  ['integer', '-', UNREAD],
  ['integer', '301', UNREAD],
  ['integer', '-8', UNREAD],
  ['large', '-9007199254740992', UNREAD],
  ['large', '-0', 9_007_199_254_740_991],
  ['decimal', '.5', 1300],
  ['decimal', '3.', 1550],
  ['decimal', '3.125', UNREAD],
  ['decimal', '1.2.3', UNREAD],
  ['long', '1', UNREAD],
  ['date', '2001-02-29', UNREAD],
  ['time', '2019-03-01T00:02:00', 1442],
  ['time', '2019-03-01 00:02:30', UNREAD],
  ['text', '', 3],
  ['text', 'Green', UNREAD],
  ['boolean', 'yes', 1],
  ['boolean', 'TRUE', UNREAD],
] as const)('%s: %j is %d', (name, text, expected) => {
  expect(Object.is(read(COLUMNS[name], text), expected)).toBe(true)
})
