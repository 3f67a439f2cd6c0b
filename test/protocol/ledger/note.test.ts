import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  addSignatures,
  generateKey,
  isKeyName,
  keyFromSeed,
  mergeNotes,
  openNote,
  openNoteOfAll,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  signNote,
  verifyKeyOf,
} from '../../../protocol/ledger/note.ts'
import vectors from '../../vectors/signed-note.json' with { type: 'json' }

const { text, lines } = vectors
const { peter, enoch } = vectors.keys

const code = (name: string) => expect.objectContaining({ code: name })
const key = (name: string, fill: number) => keyFromSeed(name, new Uint8Array(32).fill(fill))

describe('note keys', () => {
  it('derives the verifier key of the published signer key', () => {
    expect(verifyKeyOf(peter.skey)).toBe(peter.vkey)
  })

  it('reads a generated key back', () => {
    const pair = generateKey('node1.example/mpc', (n) => new Uint8Array(n).fill(5))
    expect(parseVerifierKey(pair.vkey).name).toBe('node1.example/mpc')
    expect(parseSignerKey(pair.skey).vkey).toBe(pair.vkey)
  })

  it.each(vectors.badVerifierKeys)('refuses %s', (vkey) => {
    expect(() => parseVerifierKey(vkey)).toThrow(code('SH_NOTE_KEY'))
  })

  it('refuses every proper piece and every changed character of a key', () => {
    for (const [parse, good] of [
      [parseVerifierKey, peter.vkey],
      [parseSignerKey, peter.skey],
    ] as const) {
      for (let i = 0; i < good.length; i++) {
        const next = String.fromCharCode(good.charCodeAt(i) + 1)
        const bad = good.slice(0, i) + next + good.slice(i + 1)
        expect(() => parse(bad)).toThrow(code('SH_NOTE_KEY'))
        expect(() => parse(good.slice(i + 1))).toThrow(code('SH_NOTE_KEY'))
        expect(() => parse(good.slice(0, i))).toThrow(code('SH_NOTE_KEY'))
      }
    }
  })

  it.each(['', 'a b', 'a\u00a0b', 'a+b', 'a\u2003', '\ud800', 'a\nb', 'a\u0000'])(
    'refuses the name %j',
    (name) => {
      expect(isKeyName(name)).toBe(false)
      expect(() => keyFromSeed(name, new Uint8Array(32))).toThrow(TypeError)
    },
  )

  it('does not quote a broken signer key', () => {
    const broken = peter.skey.slice(0, -1)
    try {
      parseSignerKey(broken)
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain('AYEKFALV')
    }
  })
})

describe('signed notes', () => {
  it('signs as Go does', () => {
    expect(signNote(text, [peter.skey])).toBe(`${text}\n${lines.peter}`)
  })

  it('opens notes with one and with two signatures', () => {
    const note = `${text}\n${lines.peter}${lines.enoch}`
    expect(openNote(note, [enoch.vkey, peter.vkey])).toEqual({
      text,
      signers: [peter.vkey, enoch.vkey],
    })
    expect(openNote(note, [enoch.vkey], { unknown: 'ignore' }).signers).toEqual([enoch.vkey])
    expect(() => openNote(note, [enoch.vkey])).toThrow(code('SH_NOTE_UNKNOWN_SIGNER'))
    expect(() => openNote(note, [], { unknown: 'ignore' })).toThrow(code('SH_NOTE_UNSIGNED'))
  })

  it('demands every signature where all must sign', () => {
    const one = `${text}\n${lines.peter}`
    expect(openNoteOfAll(one, [peter.vkey])).toBe(text)
    expect(() => openNoteOfAll(one, [peter.vkey, enoch.vkey])).toThrow(code('SH_NOTE_UNSIGNED'))
  })

  it('merges the signatures of several signers on one text', () => {
    const a = `${text}\n${lines.peter}`
    const b = `${text}\n${lines.enoch}`
    expect(mergeNotes([a, b, a])).toBe(`${text}\n${lines.peter}${lines.enoch}`)
    expect(addSignatures(b, [peter.skey])).toBe(`${text}\n${lines.enoch}${lines.peter}`)
    expect(() => mergeNotes([a, signNote('other\n', [peter.skey])])).toThrow(
      code('SH_NOTE_MALFORMED'),
    )
  })

  it('refuses a note after any change of one character', () => {
    const a = key('a.example', 1)
    const good = signNote('short\n\ntext\n', [a.skey])
    for (let i = 0; i < good.length; i++) {
      for (const bit of [1, 2, 32]) {
        const changed = String.fromCharCode(good.charCodeAt(i) ^ bit)
        const bad = good.slice(0, i) + changed + good.slice(i + 1)
        expect(() => openNote(bad, [a.vkey]), `${i} ${bit}`).toThrow(/./)
      }
    }
  })

  it.each([
    ['no signature block', text],
    ['empty signature block', `${text}\n`],
    ['no last newline', `${text}\n${lines.peter.slice(0, -1)}`],
    ['control character', `\u0001${text}\n${lines.peter}`],
    ['carriage return', `${text.replace('\n', '\r\n')}\n${lines.peter}`],
    ['lone surrogate', `\ud800${text}\n${lines.peter}`],
    ['name with a space', `${text}\n${lines.peter.replace('Peter', 'Peter ')}`],
    ['line that is none', `${text}\n${lines.peter}Unexpected line.\n`],
    ['trailing blank line', `${text}\n${lines.peter}\n`],
    ['hyphen for the dash', `${text}\n${lines.peter.replace('—', '-')}`],
    ['same signature twice', `${text}\n${lines.peter}${lines.peter}`],
    ['unpadded base64', `${text}\n${lines.peter.replace('=', '')}`],
    ['spare bits in base64', `${text}\n${lines.peter.replace('nAM=', 'nAN=')}`],
    ['no text', `\n${lines.peter}`],
  ])('refuses: %s', (_name, note) => {
    expect(() => openNote(note, [peter.vkey])).toThrow(code('SH_NOTE_MALFORMED'))
  })

  it('refuses more than 100 signatures before it verifies any', () => {
    const many = Array.from({ length: 101 }, (_, i) => lines.peter.replace('Peter', `Peter${i}`))
    expect(() => parseNote(`${text}\n${many.join('')}`)).toThrow(code('SH_NOTE_MALFORMED'))
  })

  it('opens what it signs', () => {
    const a = key('a.example', 1)
    const b = key('b.example', 2)
    const anyText = fc
      .array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 4 })
      .map((parts) => `${parts.join('\n')}\n`)
    fc.assert(
      fc.property(anyText, (body) => {
        const note = signNote(body, [a.skey, b.skey])
        expect(openNoteOfAll(note, [b.vkey, a.vkey])).toBe(body)
      }),
      { numRuns: 20 },
    )
  })
})
