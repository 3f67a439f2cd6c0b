import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Cell, SqlType } from '../../../protocol/sql/answer-spec.ts'
import type { Answer } from '../../../protocol/sql/answer.ts'
import { displayWidth } from '../../../protocol/sql/display-width.ts'
import { renderCsv, renderJson, renderTable } from '../../../protocol/sql/render.ts'

const NULL: Cell = { null: true }
const SUPPRESSED: Cell = { suppressed: true }
const text = (value: string): Cell => ({ text: value })

function answer(columns: readonly (readonly [string, SqlType])[], rows: Cell[][]): Answer {
  return { columns: columns.map(([name, type]) => ({ name, type })), rows }
}

const BOROUGHS = answer(
  [
    ['borough', 'text'],
    ['trips', 'bigint'],
    ['fare', 'numeric'],
  ],
  [
    [text('Queens'), text('1200'), text('12.50')],
    [text('東京'), text('7'), NULL],
    [NULL, SUPPRESSED, SUPPRESSED],
  ],
)

describe('renderTable', () => {
  it('draws a box with numbers to the right, wide characters counted twice, and a footnote', () => {
    expect(renderTable(BOROUGHS, { kMin: 10 })).toBe(
      [
        '┌─────────┬────────────────┬────────────────┐',
        '│ borough │          trips │           fare │',
        '├─────────┼────────────────┼────────────────┤',
        '│ Queens  │           1200 │          12.50 │',
        '│ 東京    │              7 │           NULL │',
        '│ NULL    │ ‹fewer than k› │ ‹fewer than k› │',
        '└─────────┴────────────────┴────────────────┘',
        '(3 rows)',
        '‹fewer than k›: withheld, since fewer than k members contribute (k = 10).',
        '',
      ].join('\n'),
    )
  })

  it('has no footnote without suppression, and a plain style', () => {
    const rows = [BOROUGHS.rows[0] as Cell[]]
    expect(renderTable({ ...BOROUGHS, rows }, { kMin: 10, style: 'psql' })).toBe(
      [
        ' borough | trips |  fare',
        '---------+-------+-------',
        ' Queens  |  1200 | 12.50',
        '(1 row)',
        '',
      ].join('\n'),
    )
  })

  it('shows an answer without rows', () => {
    expect(renderTable(answer([['n', 'bigint']], []), { style: 'psql' })).toBe(
      ' n\n---\n(0 rows)\n',
    )
  })

  it('tells NULL and the marker from texts that look the same', () => {
    const rows = [[NULL], [text('NULL')], [text('')], [SUPPRESSED], [text('‹fewer than k›')]]
    const lines = renderTable(answer([['t', 'text']], rows), { style: 'psql' }).split('\n')
    expect(new Set(lines.slice(2, 7)).size).toBe(5)
  })

  it('lets no text command the terminal or leave its line', () => {
    const rows = [[text('a\nb\t\u001B[31m\u202E\u0007\u009B')]]
    const table = renderTable(answer([['x\r', 'text']], rows))
    expect(table).toContain(String.raw`a\nb\t\u001b[31m\u202e\u0007\u009b`)
    expect(table).toContain(String.raw`x\r`)
    expect(table).not.toMatch(/[^\P{C}\n]/u)
  })

  it('keeps all lines of a box equally wide', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 })),
        (texts) => {
          const rows = texts.map((row) => row.map(text))
          const table = renderTable(
            answer(
              [
                ['a', 'text'],
                ['b', 'integer'],
              ],
              rows,
            ),
          )
          const lines = table.split('\n').slice(0, -2)
          expect(lines).toHaveLength(rows.length + 4)
          expect(new Set(lines.map(displayWidth)).size).toBe(1)
        },
      ),
    )
  })
})

describe('displayWidth', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['日本', 4],
    ['한', 2],
    ['ﬀ', 1],
    ['Ａ', 2],
    ['👩‍👩‍👧', 2],
    ['🇨🇭', 2],
    ['✓', 1],
    ['\u200B', 0],
    ['‹k›', 3],
  ])('of %j is %d', (characters, width) => {
    expect(displayWidth(characters)).toBe(width)
  })
})

describe('renderJson', () => {
  it('has an object for each row', () => {
    expect(renderJson(BOROUGHS)).toBe(
      [
        '[',
        '  {"borough":"Queens","trips":1200,"fare":12.50},',
        '  {"borough":"東京","trips":7,"fare":null},',
        '  {"borough":null,"trips":{"suppressed":true},"fare":{"suppressed":true}}',
        ']',
        '',
      ].join('\n'),
    )
    expect(renderJson(answer([['n', 'bigint']], []))).toBe('[]\n')
  })

  it('writes as numbers what a reader keeps, as strings what it would change', () => {
    const cases: readonly (readonly [SqlType, string, string])[] = [
      ['bigint', '9007199254740991', '9007199254740991'],
      ['bigint', '9007199254740993', '"9007199254740993"'],
      ['bigint', '-9223372036854775808', '"-9223372036854775808"'],
      ['numeric', '-0.50', '-0.50'],
      ['numeric', '123456789012.345', '123456789012.345'],
      ['numeric', '3.3333333333333333', '"3.3333333333333333"'],
      ['numeric', '0.000', '0.000'],
      ['double', '1e+15', '1e+15'],
      ['double', '1.4142135623730951', '"1.4142135623730951"'],
      ['boolean', 't', 'true'],
      ['boolean', 'false', 'false'],
      ['text', '12', '"12"'],
      ['date', '2024-01-31', '"2024-01-31"'],
      ['text', '"\\\n', String.raw`"\"\\\n"`],
    ]
    for (const [type, value, json] of cases) {
      const rendered = renderJson(answer([['v', type]], [[text(value)]]))
      expect(rendered).toBe(`[\n  {"v":${json}}\n]\n`)
      expect(JSON.parse(rendered)).toHaveLength(1)
    }
  })

  it('keeps columns of one name apart', () => {
    const columns = [
      ['sum', 'bigint'],
      ['sum', 'bigint'],
      ['sum_2', 'bigint'],
    ] as const
    const rendered = renderJson(answer(columns, [[text('1'), text('2'), text('3')]]))
    expect(JSON.parse(rendered)).toEqual([{ sum: 1, sum_2: 2, sum_2_2: 3 }])
  })
})

describe('renderCsv', () => {
  it('ends lines with CR LF; NULL is empty, suppressed says so', () => {
    expect(renderCsv(BOROUGHS)).toBe(
      'borough,trips,fare\r\nQueens,1200,12.50\r\n東京,7,\r\n,suppressed,suppressed\r\n',
    )
  })

  it('quotes texts that would read as NULL, as suppressed or as several fields', () => {
    const rows = ['', 'suppressed', 'a,b', 'say "x"', 'a\nb', ' a'].map((value) => [text(value)])
    expect(renderCsv(answer([['t', 'text']], rows))).toBe(
      't\r\n""\r\n"suppressed"\r\n"a,b"\r\n"say ""x"""\r\n"a\nb"\r\n" a"\r\n',
    )
  })

  it('is read back by a CSV reader', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', ' ', 'é', '😀') })
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (texts) => {
        const rendered = renderCsv(
          answer(
            [
              ['a', 'text'],
              ['b', 'text'],
            ],
            texts.map((row) => row.map(text)),
          ),
        )
        expect(parse(rendered, { record_delimiter: '\r\n' })).toEqual([['a', 'b'], ...texts])
      }),
    )
  })
})
