import { describe, expect, it } from 'vitest'

import { parseCsvPart } from '../../node/csv-part.ts'
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

function fault(bytes: Buffer): ShareholdError {
  try {
    parseCsvPart(bytes, schema)
  } catch (error) {
    if (error instanceof ShareholdError) return error
    throw error
  }
  throw new Error('the file was taken')
}

describe('a good file', () => {
  it('is ordered by pseudonym, rows of one member as they come', () => {
    const part = parseCsvPart(
      file(
        'P-01,lake,,0,2024-01-01',
        'P-07,lake,0,10000,2024-12-31',
        'P-01,hill,120,1.5,2024-06-01',
      ),
      schema,
    )
    expect(part).toEqual({
      rows: 4,
      members: [
        { member: 'P-01', rows: 2 },
        { member: 'P-07', rows: 2 },
      ],
      columns: [
        ['lake', 'hill', 'hill', 'lake'],
        ['', '120', '41', '0'],
        ['0', '1.5', '120.50', '10000'],
        ['2024-01-01', '2024-06-01', '2024-02-29', '2024-12-31'],
      ],
    })
  })

  it('may have its columns in any order, quotes, CRLF, a byte order mark and no final line break', () => {
    const text = '\uFEFFday,cost,"age",clinic,patient\r\n2024-01-01,"1.50",,"hill","P,1"'
    expect(parseCsvPart(Buffer.from(text), schema)).toEqual({
      rows: 1,
      members: [{ member: 'P,1', rows: 1 }],
      columns: [['hill'], [''], ['1.50'], ['2024-01-01']],
    })
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

  it.each(faults)('%s', (_what, bytes, code, said, never) => {
    const error = fault(bytes)
    expect(error.code).toBe(code)
    for (const pattern of said) expect(error.message).toMatch(pattern)
    expect(`${error.message} ${error.hint ?? ''}`).not.toMatch(never)
  })

  it('counts lines, not rows, where a quoted cell has several', () => {
    const text = [HEADER, '"P\n1",hill,1,1,2024-01-01', 'P-02,hill', ''].join('\n')
    expect(fault(Buffer.from(text)).position).toMatchObject({ line: 4 })
  })
})
