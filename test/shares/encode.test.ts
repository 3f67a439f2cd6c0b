import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { getBit, planeBytes, popcount } from '../../shares/bits/plane.ts'
import * as codec from '../../shares/column-codec.ts'
import { newCodes } from '../../shares/column-values.ts'
import { committee, parties } from '../../shares/committee.ts'
import { bitsBytes, decodeChunk, encodeChunk, encodeRows, planeAt } from '../../shares/encode.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { type Arena, newArena, viewWords } from '../../shares/field/memory.ts'
import { P } from '../../shares/field/scalar.ts'
import * as vector from '../../shares/field/vector.ts'
import { parseSchema } from '../../shares/parse-schema.ts'
import * as replicated from '../../shares/replicated.ts'
import type { Column } from '../../shares/schema.ts'
import * as shamir from '../../shares/shamir.ts'

import { seededRng } from './noble.ts'

let arena: Arena
beforeEach(() => {
  arena = newArena()
})
afterEach(() => arena.release())

/** A column as parseSchema completes it. */
function column(part: object): Column {
  return parseSchema({
    dataset: 'd',
    member: 'm',
    kMin: 1,
    purposes: ['p'],
    columns: [{ name: 'c', ...part }],
  }).columns[0]!
}

function caught(run: () => unknown): ShareholdError {
  try {
    run()
  } catch (error) {
    if (error instanceof ShareholdError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const boolean = column({ type: 'boolean' })
const integer = column({ type: 'integer', min: -7, max: 300 })
const decimal = column({ type: 'decimal', precision: 6, scale: 2, min: '-12.5', max: '1000' })
const wide = column({
  type: 'decimal',
  precision: 18,
  scale: 4,
  min: '-20000000000000.0001',
  max: '20000000000000.0002',
})
const date = column({ type: 'date', min: '1899-12-31', max: '2100-03-01' })
const time = column({
  type: 'timestamp',
  resolutionSeconds: 60,
  min: '2019-02-28 00:00:00',
  max: '2019-04-01 23:59:59',
})
const text = column({ type: 'text', dictionary: ['green', 'Yellow', 'ünï', ''] })
/** Codes above 2^32 that doubles hold. */
const far = column({ type: 'integer', min: -(2 ** 40), max: 2 ** 40 + 5 })
const COLUMNS = { boolean, integer, decimal, wide, far, date, time, text }

describe('a column’s codec', () => {
  it('has the planes, ranges and scales that the schema promises', () => {
    const of = (c: Column): unknown[] => {
      const { codeMax, fieldMin, fieldMax, scale, planes, narrow } = codec.codecOf(c)
      return [codeMax, fieldMin, fieldMax, scale, planes, narrow]
    }
    expect(of(boolean)).toEqual([1n, 0n, 1n, 0, 1, true])
    expect(of(integer)).toEqual([307n, -7n, 300n, 0, 9, true])
    expect(of(decimal)).toEqual([101_250n, -1250n, 100_000n, 2, 17, true])
    expect(of(wide)).toEqual([
      400_000_000_000_000_003n,
      -200_000_000_000_000_001n,
      200_000_000_000_000_002n,
      4,
      59,
      false,
    ])
    expect(of(date)).toEqual([73_109n, 0n, 73_109n, 0, 17, true])
    expect(of(time)).toEqual([47_519n, 0n, 47_519n, 0, 16, true])
    expect(of(text)).toEqual([3n, 0n, 3n, 0, 2, true])
    expect(codec.planesOf(column({ type: 'integer', min: 5, max: 5 }))).toBe(1)
    expect(codec.planesOf(column({ type: 'integer', min: 0, max: 256 }))).toBe(9)
    expect(codec.planesOf(column({ type: 'integer', min: 0, max: 255 }))).toBe(8)
    const nullable = column({ type: 'integer', min: 0, max: 255, nullable: true })
    expect([codec.planesOf(nullable), codec.storedPlanes(nullable)]).toEqual([8, 9])
    expect(codec.fieldScale(wide)).toBe(4)
  })

  it.each([
    [boolean, 't', 1n, 1n, 't'],
    [boolean, ' FALSE ', 0n, 0n, 'f'],
    [integer, '-7', 0n, P - 7n, '-7'],
    [integer, ' +007 ', 14n, 7n, '7'],
    [integer, '-0', 7n, 0n, '0'],
    [integer, '300', 307n, 300n, '300'],
    [decimal, '-12.50', 0n, P - 1250n, '-12.50'],
    [decimal, '-.01', 1249n, P - 1n, '-0.01'],
    [decimal, '1000.', 101_250n, 100_000n, '1000.00'],
    [decimal, '3.100000000000000000000', 1560n, 310n, '3.10'],
    [decimal, '0000000000000000000000001', 1350n, 100n, '1.00'],
    [wide, '-20000000000000.0001', 0n, P - 200_000_000_000_000_001n, '-20000000000000.0001'],
    [wide, '20000000000000.0002', 400_000_000_000_000_003n, 200_000_000_000_000_002n, undefined],
    [date, '1899-12-31', 0n, 0n, '1899-12-31'],
    [date, '1900-03-01', 60n, 60n, '1900-03-01'],
    [date, '2000-02-29', 36_584n, 36_584n, '2000-02-29'],
    [time, '2019-02-28T00:01:00', 1n, 1n, '2019-02-28 00:01:00'],
    [time, '2019-03-01', 1440n, 1440n, '2019-03-01 00:00:00'],
    [time, '2019-03-01 00:02', 1442n, 1442n, '2019-03-01 00:02:00'],
    [time, '2019-04-01 23:59:00.000', 47_519n, 47_519n, '2019-04-01 23:59:00'],
    [text, 'ünï', 2n, 2n, 'ünï'],
    [text, '', 3n, 3n, ''],
  ])('%#: reads a value and gives it back', (c, given, code, field, canonical) => {
    expect(codec.parseValue(c, given)).toEqual({ code, field, valid: true })
    expect(codec.textOfCode(c, code)).toBe(canonical ?? given)
    expect(codec.textOfField(c, field)).toBe(canonical ?? given)
  })

  it.each([
    [boolean, 'maybe', 'SH_ENCODE_TYPE'],
    [boolean, '2', 'SH_ENCODE_TYPE'],
    [integer, '301', 'SH_ENCODE_RANGE'],
    [integer, '-8', 'SH_ENCODE_RANGE'],
    [integer, '99999999999999999999999999999', 'SH_ENCODE_RANGE'],
    [integer, '12.5', 'SH_ENCODE_TYPE'],
    [integer, '0x10', 'SH_ENCODE_TYPE'],
    [integer, '1e2', 'SH_ENCODE_TYPE'],
    [integer, '1 2', 'SH_ENCODE_TYPE'],
    [integer, '-', 'SH_ENCODE_TYPE'],
    [integer, '--5', 'SH_ENCODE_TYPE'],
    [decimal, '1.005', 'SH_ENCODE_TYPE'],
    [decimal, '1.00500x', 'SH_ENCODE_TYPE'],
    [decimal, '.', 'SH_ENCODE_TYPE'],
    [decimal, '1.2.3', 'SH_ENCODE_TYPE'],
    [decimal, 'NaN', 'SH_ENCODE_TYPE'],
    [decimal, '-12.51', 'SH_ENCODE_RANGE'],
    [decimal, '1000.01', 'SH_ENCODE_RANGE'],
    [wide, '20000000000000.0003', 'SH_ENCODE_RANGE'],
    [date, '2001-02-29', 'SH_ENCODE_TYPE'],
    [date, '1900-02-29', 'SH_ENCODE_TYPE'],
    [date, '2001-13-01', 'SH_ENCODE_TYPE'],
    [date, '2001-00-10', 'SH_ENCODE_TYPE'],
    [date, '2001-1-1', 'SH_ENCODE_TYPE'],
    [date, '2001-01-01 00:00:00', 'SH_ENCODE_TYPE'],
    [date, '2100-03-02', 'SH_ENCODE_RANGE'],
    [time, '2019-03-01 00:02:30', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01 24:00:00', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01 10:60:00', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01 10:00:00Z', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01 10:00:00.5', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01 10:00:0', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01x10:00:00', 'SH_ENCODE_TYPE'],
    [time, '2019-03-01 10-00-00', 'SH_ENCODE_TYPE'],
    [time, '2019-02-27 23:59:00', 'SH_ENCODE_RANGE'],
    [text, 'Green', 'SH_ENCODE_DICTIONARY'],
    [text, 'green ', 'SH_ENCODE_DICTIONARY'],
    [integer, '', 'SH_ENCODE_NULL'],
    [date, '', 'SH_ENCODE_NULL'],
    [boolean, '', 'SH_ENCODE_NULL'],
    [column({ type: 'text', dictionary: ['a'] }), '', 'SH_ENCODE_NULL'],
  ])('%#: refuses a text, and does not repeat it', (c, given, code) => {
    const error = caught(() => codec.parseValue(c, given))
    expect(error.code).toBe(code)
    const bounds = 'min' in c ? [String(c.min), String(c.max)] : []
    if (given.length > 2 && !bounds.includes(given)) {
      expect(`${error.message} ${error.hint}`).not.toContain(given)
    }
  })

  it('takes null and, where the column is nullable, the empty text as NULL', () => {
    for (const [name, c] of Object.entries(COLUMNS)) {
      if (name === 'text') continue
      const nullable = { ...c, nullable: true }
      for (const given of [null, '']) {
        expect(codec.parseValue(nullable, given)).toEqual({ code: 0n, field: 0n, valid: false })
        expect(caught(() => codec.parseValue(c, given)).code).toBe('SH_ENCODE_NULL')
      }
    }
  })

  it('keeps order and covers every code: text, code and field agree', () => {
    const some = fc.constantFrom(...Object.values(COLUMNS))
    const pair = some.chain((c) => {
      const code = fc.bigInt({ min: 0n, max: codec.codecOf(c).codeMax })
      return fc.tuple(fc.constant(c), code)
    })
    fc.assert(
      fc.property(pair, ([c, code]) => {
        const canonical = codec.textOfCode(c, code)
        const value = codec.parseValue(c, canonical)
        expect(value.code).toBe(code)
        expect(codec.textOfField(c, value.field)).toBe(canonical)
        const signed = value.field < 1n << 60n ? value.field : value.field - P
        expect(signed).toBe(codec.codecOf(c).fieldMin + code)
      }),
      { numRuns: 500 },
    )
    expect(() => codec.textOfCode(text, 4n)).toThrow(RangeError)
    expect(() => codec.textOfCode(text, -1n)).toThrow(RangeError)
    expect(() => codec.textOfField(integer, 301n)).toThrow(RangeError)
  })

  it('counts days and prints dates as Date does', () => {
    const day = fc.integer({ min: -719_162, max: 2_932_896 })
    const all = column({ type: 'date', min: '0001-01-01', max: '9999-12-31' })
    fc.assert(
      fc.property(day, (days) => {
        const iso = new Date(days * 86_400_000).toISOString().slice(0, 10)
        expect(codec.parseValue(all, iso).code).toBe(BigInt(days + 719_162))
        expect(codec.textOfCode(all, BigInt(days + 719_162))).toBe(iso)
      }),
      { numRuns: 500 },
    )
  })
})

describe('chunks', () => {
  /** Texts of a column, NULL included if it is nullable. */
  const textsOf = (c: Column, rows: number): fc.Arbitrary<(string | null)[]> => {
    const value = fc
      .bigInt({ min: 0n, max: codec.codecOf(c).codeMax })
      .map((code) => codec.textOfCode(c, code))
    return fc.array(c.nullable ? fc.option(value) : value, { minLength: rows, maxLength: rows })
  }

  it.each([0, 1, 7, 8, 63, 64, 65, 127, 128, 129])('of %i rows survive encoding', (rows) => {
    for (const [name, c] of Object.entries(COLUMNS)) {
      for (const nullable of name === 'text' ? [false] : [false, true]) {
        const each = { ...c, nullable }
        fc.assert(
          fc.property(textsOf(each, rows), (texts) => {
            const chunk = encodeChunk(arena, each, texts)
            expect(chunk.rows).toBe(rows)
            expect(chunk.planes.bytes).toBe(bitsBytes(each, rows))
            expect(decodeChunk(each, chunk, arena)).toEqual(texts)
            texts.forEach((given, row) => {
              const value = codec.parseValue(each, given)
              expect(viewWords(chunk.field)[row]).toBe(value.field)
              for (let k = 0; k < codec.planesOf(each); k++) {
                const bit = Number((value.code >> BigInt(k)) & 1n)
                expect(getBit(planeAt(chunk.planes, k, rows), row)).toBe(bit)
              }
            })
          }),
          { numRuns: 2 },
        )
      }
    }
  })

  it.each([65_535, 65_536, 65_537])('of %i rows survive encoding, sharing and opening', (rows) => {
    const each = { ...decimal, nullable: true }
    const texts = Array.from({ length: rows }, (_, i) =>
      i % 5 === 0 ? null : codec.textOfCode(each, BigInt((i * 7919) % 101_251)),
    )
    const chunk = encodeChunk(arena, each, texts)
    const validity = planeAt(chunk.planes, codec.planesOf(each), rows)
    expect(validity.bytes).toBe(planeBytes(rows))
    expect(popcount(validity)).toBe(rows - Math.ceil(rows / 5))
    const of = committee(3)
    const rng = seededRng(rows)
    const bits = replicated.split(arena, chunk.planes, of, rng)
    const field = shamir.split(arena, chunk.field, of, rng)
    const opened = {
      rows,
      planes: replicated.reconstruct(
        arena,
        of,
        parties(of).map((party) => ({ party, share: bits[party - 1]! })),
      ),
      field: shamir.reconstruct(
        arena,
        of,
        parties(of).map((party) => ({ party, share: field[party - 1]! })),
      ),
    }
    expect(decodeChunk(each, opened, arena)).toEqual(texts)
    const words = viewWords(opened.field)
    words[1] = (words[1]! + 1n) % P
    expect(caught(() => decodeChunk(each, opened, arena)).code).toBe('SH_SHARE_INCONSISTENT')
    expect(vector.isCanonical(opened.field)).toBe(true)
  })

  it('are encoded in any order', () => {
    for (const [name, c] of Object.entries(COLUMNS)) {
      const each = { ...c, nullable: name !== 'text' }
      const { codeMax, narrow } = codec.codecOf(each)
      const codes = newCodes(each, 300)
      const validity = new Uint8Array(38)
      const texts = Array.from({ length: 300 }, (_, row) => {
        if (each.nullable && row % 7 === 0) return null
        const code = (codeMax * BigInt(row)) / 299n
        codes[row] = (codes instanceof BigUint64Array ? code : Number(code)) as never
        validity[row >> 3]! |= 1 << (row & 7)
        return codec.textOfCode(each, code)
      })
      expect(narrow).toBe(!(codes instanceof BigUint64Array))
      const order = Uint32Array.from({ length: 200 }, (_, i) => (i * 77 + 5) % 300)
      const chunk = encodeRows(arena, { column: each, codes, validity }, order)
      expect(decodeChunk(each, chunk, arena)).toEqual(Array.from(order, (row) => texts[row]))
    }
  })

  it('may have more digits than a number holds', () => {
    const chunk = encodeChunk(arena, integer, ['00000000000000000000000000012', '-3'])
    expect(decodeChunk(integer, chunk, arena)).toEqual(['12', '-3'])
    const high = column({
      type: 'decimal',
      precision: 17,
      scale: 0,
      min: '9007199254740000',
      max: '9007199254749999',
    })
    expect(codec.codecOf(high).codeOf('9007199254740993')).toBe(993n)
  })

  it('name the row and the column of a bad text, and not the text', () => {
    const error = caught(() => encodeChunk(arena, integer, ['1', '2', '4711'], 1001))
    expect(error.code).toBe('SH_ENCODE_RANGE')
    expect(error.message).toBe('row 1003, column c: a value outside the range -7 to 300')
    expect(error.hint).toBeDefined()
    const missing = caught(() => encodeChunk(arena, integer, ['1', null]))
    expect(missing.message).toMatch(/^row 2, column c: /u)
  })
})
