import { describe, expect, it } from 'vitest'

import { readCsvPart, type ReadBytes } from '../../node/csv-part.ts'
import { codecOf } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { parseSchema } from '../../shares/parse-schema.ts'

const schema = parseSchema({
  dataset: 'visits',
  member: 'patient',
  kMin: 3,
  purposes: ['research'],
  columns: [
    { name: 'clinic', type: 'text', dictionary: ['hill', 'lake'] },
    { name: 'age', type: 'integer', nullable: true, min: 0, max: 120 },
    { name: 'cost', type: 'decimal', precision: 8, scale: 2, min: '0', max: '10000' },
    { name: 'day', type: 'date', min: '2024-01-01', max: '2024-12-31' },
  ],
})
const HEADER = 'patient,clinic,age,cost,day'
/** Row 2 of every file: the header is row 1. */
const GOOD = 'P-07,hill,41,120.50,2024-02-29'

const file = (...lines: string[]): Buffer => Buffer.from([HEADER, GOOD, ...lines, ''].join('\n'))

/** Reads a file that comes in pieces of so many bytes. */
function inPieces(bytes: Uint8Array, length: number): ReadBytes {
  let at = 0
  return async (into) => {
    const piece = bytes.subarray(at, at + Math.min(length, into.length))
    into.set(piece)
    at += piece.length
    return piece.length
  }
}

interface Plain {
  readonly rows: number
  /** By schema column, in the order of the part; NULL as ''. */
  readonly columns: readonly (readonly string[])[]
  readonly members: readonly { readonly member: string; readonly rows: number }[]
}

async function parse(bytes: Uint8Array, length = Infinity): Promise<Plain> {
  const { rows, columns, pseudonyms, order } = await readCsvPart(inPieces(bytes, length), schema)
  const members: { member: string; rows: number }[] = []
  order.forEach((row) => {
    const { bytes: all, starts } = pseudonyms
    const member = new TextDecoder().decode(all.subarray(starts[row], starts[row + 1]))
    const last = members.at(-1)
    if (last?.member === member) last.rows++
    else members.push({ member, rows: 1 })
  })
  return {
    rows,
    members,
    columns: columns.map(({ column, codes, validity }) =>
      Array.from(order, (row) => {
        const valid = validity === undefined || ((validity[row >> 3]! >> (row & 7)) & 1) === 1
        return valid ? codecOf(column).textOf(BigInt(codes[row]!)) : ''
      }),
    ),
  }
}

async function fault(bytes: Uint8Array, length?: number): Promise<ShareholdError> {
  try {
    await parse(bytes, length)
  } catch (error) {
    if (error instanceof ShareholdError) return error
    throw error
  }
  throw new Error('the file was taken')
}

describe('a good file', () => {
  it('is ordered by pseudonym, rows of one member as they come', async () => {
    const bytes = file(
      'P-01,lake,,0,2024-01-01',
      'P-07,lake,0,10000,2024-12-31',
      'P-01,hill,120,1.5,2024-06-01',
    )
    const part = await parse(bytes)
    expect(part).toEqual({
      rows: 4,
      members: [
        { member: 'P-01', rows: 2 },
        { member: 'P-07', rows: 2 },
      ],
      columns: [
        ['lake', 'hill', 'hill', 'lake'],
        ['', '120', '41', '0'],
        ['0.00', '1.50', '120.50', '10000.00'],
        ['2024-01-01', '2024-06-01', '2024-02-29', '2024-12-31'],
      ],
    })
    for (const length of [1, 2, 7]) expect(await parse(bytes, length)).toEqual(part)
  })

  it('may have its columns in any order, quotes, CRLF, a byte order mark and no final line break', async () => {
    const text = '\uFEFFday,cost,"age",clinic,patient\r\n2024-01-01,"1.50",,"hill","P,1"'
    for (const length of [1, 4, Infinity]) {
      expect(await parse(Buffer.from(text), length)).toEqual({
        rows: 1,
        members: [{ member: 'P,1', rows: 1 }],
        columns: [['hill'], [''], ['1.50'], ['2024-01-01']],
      })
    }
  })

  it('may be longer than what is read at a time, and have values that are written unusually', async () => {
    const lines = Array.from(
      { length: 60_000 },
      (_, i) => `"Zoë ""${i % 1000}""",hill, ${i % 121} ,+${i % 100}.500,2024-03-0${1 + (i % 9)}`,
    )
    const { rows, members, columns } = await parse(file(...lines))
    expect([rows, members.length]).toEqual([60_001, 1001])
    expect(members[0]).toEqual({ member: 'P-07', rows: 1 })
    expect(members[3]).toEqual({ member: 'Zoë "10"', rows: 60 })
    // Before it are P-07, "0" and "1"; its second row is line 1010 of those above.
    const at = 1 + 60 + 60
    expect(columns.map((column) => column[at + 1])).toEqual(['hill', '42', '10.50', '2024-03-03'])
  })
})

describe('a fault is said by row, column and rule, never by value', () => {
  const faults: readonly [string, Buffer, string, readonly RegExp[], RegExp][] = [
    [
      'a value below its range',
      file('P-01,hill,-7,1,2024-01-01'),
      'SH_ENCODE_RANGE',
      [/row 3/iu, /age/u, /\b0\b/u, /120/u],
      /-7/u,
    ],
    [
      'a value above its range',
      file(GOOD, 'P-01,hill,7,10000.01,2024-01-01'),
      'SH_ENCODE_RANGE',
      [/row 4/iu, /cost/u, /10000/u],
      /10000\.01/u,
    ],
    [
      'a day outside the range',
      file('P-01,hill,7,1,2025-03-04'),
      'SH_ENCODE_RANGE',
      [/row 3/iu, /day/u, /2024-12-31/u],
      /2025/u,
    ],
    [
      'a text that is not in the dictionary',
      file('P-01,secret,7,1,2024-01-01'),
      'SH_ENCODE_DICTIONARY',
      [/row 3/iu, /clinic/u, /dictionary/u],
      /secret/u,
    ],
    [
      'a text where a number must be',
      file('P-01,hill,seven,1,2024-01-01'),
      'SH_ENCODE_TYPE',
      [/row 3/iu, /age/u, /integer/u],
      /seven/u,
    ],
    [
      'more decimal places than declared',
      file('P-01,hill,7,1.234,2024-01-01'),
      'SH_ENCODE_TYPE',
      [/row 3/iu, /cost/u],
      /1\.234/u,
    ],
    [
      'a day that does not exist',
      file('P-01,hill,7,1,2023-02-29'),
      'SH_ENCODE_TYPE',
      [/row 3/iu, /day/u],
      /02-29/u,
    ],
    [
      'no value where one must be',
      file('P-01,,7,1,2024-01-01'),
      'SH_ENCODE_NULL',
      [/row 3/iu, /clinic/u, /nullable/u],
      /P-01/u,
    ],
    [
      'a row with a column too few',
      file('P-01,hill,7,1'),
      'SH_IMPORT_CSV',
      [/line 3/iu, /another number of columns/u],
      /P-01/u,
    ],
    [
      'a row with a column too many',
      file(GOOD, 'P-01,hill,7,1,2024-01-01,more'),
      'SH_IMPORT_CSV',
      [/line 4/iu, /another number of columns/u],
      /more/u,
    ],
    [
      'a quote that is not closed',
      file('P-01,"hill,7,1,2024-01-01'),
      'SH_IMPORT_CSV',
      [/line \d/iu, /CSV/u],
      /P-01/u,
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from([HEADER, GOOD, 'P-01,h\u00fcgel,7,1,2024-01-01', ''].join('\n'), 'latin1'),
      'SH_IMPORT_UTF8',
      [/row 3, column 2/iu, /UTF-8/u],
      /gel/u,
    ],
    [
      'a row without a pseudonym',
      file(',hill,7,1,2024-01-01'),
      'SH_MEMBERS_INVALID',
      [/row 3/iu, /patient/u],
      /2024/u,
    ],
    [
      'a pseudonym with a control character',
      file('"P\t1",hill,7,1,2024-01-01'),
      'SH_MEMBERS_INVALID',
      [/row 3/iu, /patient/u, /control/u],
      /P\t1/u,
    ],
    [
      'a header without a declared column',
      Buffer.from(`patient,clinic,age,day\nP-01,hill,7,2024-01-01\n`),
      'SH_IMPORT_COLUMNS',
      [/row 1/iu, /has no "cost"/u],
      /P-01/u,
    ],
    [
      'no header at all',
      Buffer.from(`${GOOD}\n`),
      'SH_IMPORT_COLUMNS',
      [/row 1/iu, /not a header/u],
      /P-07|120\.50/u,
    ],
    [
      'a header with an undeclared column',
      Buffer.from(`${HEADER},name\n${GOOD},Ada\n`),
      'SH_IMPORT_COLUMNS',
      [/row 1/iu, /undeclared "name"/u],
      /Ada/u,
    ],
    [
      'a header with a column twice',
      Buffer.from(`${HEADER},age\n${GOOD},1\n`),
      'SH_IMPORT_COLUMNS',
      [/row 1/iu, /"age"/u],
      /P-07/u,
    ],
    ['no rows', Buffer.from(`${HEADER}\n`), 'SH_IMPORT_EMPTY', [/header but no rows/u], /P-07/u],
    ['nothing at all', Buffer.from(''), 'SH_IMPORT_COLUMNS', [/row 1/iu, /"patient"/u], /P-07/u],
  ]

  it.each(faults)('%s', async (_what, bytes, code, said, never) => {
    for (const length of [1, 5, Infinity]) {
      const error = await fault(bytes, length)
      expect(error.code).toBe(code)
      for (const pattern of said) expect(error.message).toMatch(pattern)
      expect(`${error.message} ${error.hint ?? ''}`).not.toMatch(never)
    }
  })

  it('finds a fault in the last row of a long file', async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `P-${i},hill,,1,2024-01-01`)
    const bytes = file(...lines, 'P-01,hill,7,1,2023-02-29')
    expect((await fault(bytes)).message).toMatch(/^row 100003, column day: /u)
    const latin = Buffer.concat([file(...lines, 'P-01,h'), Buffer.of(0xfc)])
    latin[latin.length - 2] = 0x2c // in place of the line break
    expect((await fault(latin)).message).toBe('Row 100003, column 3 is not UTF-8.')
  })

  it('ends at a quote that is never closed, before the whole file is in memory', async () => {
    const bytes = Buffer.concat([file('P-01,"hill'), Buffer.alloc(20_000_000, 'a,b\n')])
    const error = await fault(bytes)
    expect(error).toMatchObject({ code: 'SH_IMPORT_CSV', position: { line: 3 } })
    expect(error.message).toMatch(/a quote is not closed/u)
  })

  it('counts lines, not rows, where a quoted cell has several', async () => {
    const text = [HEADER, '"P\n1",hill,1,1,2024-01-01', 'P-02,hill', ''].join('\n')
    expect((await fault(Buffer.from(text))).position).toMatchObject({ line: 4 })
  })
})

describe('a column that is declared unique', () => {
  const clinics = parseSchema({
    dataset: 'clinics',
    member: 'office',
    kMin: 1,
    purposes: ['research'],
    columns: [
      { name: 'id', type: 'integer', nullable: true, min: 0, max: 999, unique: true },
      { name: 'beds', type: 'integer', min: 0, max: 9 },
    ],
  })
  const read = (...rows: string[]) =>
    readCsvPart(inPieces(Buffer.from(['office,id,beds', ...rows].join('\n')), Infinity), clinics)

  it('has every value once; other columns, and NULLs, may repeat', async () => {
    const { rows } = await read('O-1,7,3', 'O-1,,3', 'O-2,,3', 'O-1,0,3', 'O-2,999,3')
    expect(rows).toBe(5)
  })

  it('refuses a value that comes twice, however written, and does not show it', async () => {
    const error = await read('O-1,417,3', 'O-1,,3', 'O-2,0417,3').catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'SH_IMPORT_UNIQUE', position: { line: 4 } })
    expect((error as Error).message).toMatch(/Rows 2 and 4 .*"id"/u)
    expect((error as Error).message).not.toContain('417')
  })
})
