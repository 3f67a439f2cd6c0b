import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  decodeEntry,
  encodeEntry,
  MAX_ENTRY_BYTES,
  NO_PREVIOUS,
  parseEntry,
} from '../../../protocol/ledger/entry.ts'
import { keyFromSeed, signNote } from '../../../protocol/ledger/note.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const author = keyFromSeed('a.example', new Uint8Array(32).fill(1))
const note = signNote('hello\n', [author.skey])
const utf8 = (text: string) => new TextEncoder().encode(text)
const zeros = 'A'.repeat(43)

describe('entry', () => {
  it('reads back what it writes', () => {
    const anyHash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(fc.maxSafeNat(), anyHash, (seq, prev) => {
        expect(parseEntry(encodeEntry({ seq, prev, note }), seq, prev)).toEqual({ seq, prev, note })
      }),
    )
  })

  it('has two lines before the note', () => {
    const data = encodeEntry({ seq: 0, prev: NO_PREVIOUS, note })
    expect(new TextDecoder().decode(data)).toBe(`seq 0\nprev ${zeros}=\n${note}`)
  })

  it('belongs to its place', () => {
    const data = encodeEntry({ seq: 1, prev: NO_PREVIOUS, note })
    expect(() => parseEntry(data, 2, NO_PREVIOUS)).toThrow(code('SH_LEDGER_ENTRY'))
    expect(() => parseEntry(data, 1, new Uint8Array(32).fill(1))).toThrow(code('SH_LEDGER_ENTRY'))
  })

  it.each([
    ['leading zero', `seq 01\nprev ${zeros}=\n${note}`],
    ['sign', `seq -1\nprev ${zeros}=\n${note}`],
    ['unsafe position', `seq 9007199254740993\nprev ${zeros}=\n${note}`],
    ['two spaces', `seq  1\nprev ${zeros}=\n${note}`],
    ['carriage return', `seq 1\r\nprev ${zeros}=\n${note}`],
    ['spare bits', `seq 1\nprev ${zeros.slice(1)}B=\n${note}`],
    ['short hash', `seq 1\nprev AAAA\n${note}`],
    ['byte order mark', `\ufeffseq 1\nprev ${zeros}=\n${note}`],
    ['no prev', `seq 1\n${note}`],
    ['empty', ''],
  ])('refuses: %s', (_name, text) => {
    expect(() => decodeEntry(utf8(text))).toThrow(code('SH_LEDGER_ENTRY'))
  })

  it('refuses what is not a note, or not UTF-8', () => {
    expect(() => decodeEntry(utf8(`seq 1\nprev ${zeros}=\nhello\n`))).toThrow(
      code('SH_NOTE_MALFORMED'),
    )
    expect(() => decodeEntry(utf8(`seq 1\nprev ${zeros}=\n${note}x`))).toThrow(
      code('SH_NOTE_MALFORMED'),
    )
    const data = encodeEntry({ seq: 1, prev: NO_PREVIOUS, note })
    expect(() => decodeEntry(data.with(60, 0xff))).toThrow(code('SH_LEDGER_ENTRY'))
  })

  it('holds at most 65535 bytes', () => {
    const overhead = encodeEntry({ seq: 0, prev: NO_PREVIOUS, note }).length - 'hello'.length
    const fill = (n: number) => signNote(`${'x'.repeat(n)}\n`, [author.skey])
    const most = MAX_ENTRY_BYTES - overhead
    const largest = encodeEntry({ seq: 0, prev: NO_PREVIOUS, note: fill(most) })
    expect(largest.length).toBe(MAX_ENTRY_BYTES)
    expect(decodeEntry(largest).seq).toBe(0)
    expect(() => encodeEntry({ seq: 0, prev: NO_PREVIOUS, note: fill(most + 1) })).toThrow(
      code('SH_LEDGER_ENTRY_SIZE'),
    )
  })
})
