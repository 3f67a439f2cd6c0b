import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { encodeBase64 } from '../../../protocol/ledger/base64.ts'
import {
  encodeCheckpoint,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../protocol/ledger/checkpoint.ts'
import { addSignatures, keyFromSeed, signNote } from '../../../protocol/ledger/note.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const root = new Uint8Array(32).fill(1)
const log = keyFromSeed('log.example/ledger', new Uint8Array(32).fill(1))
const witness = keyFromSeed('witness.example', new Uint8Array(32).fill(2))

describe('checkpoint', () => {
  it('reads back what it writes', () => {
    const anyRoot = fc.uint8Array({ minLength: 32, maxLength: 32 })
    fc.assert(
      fc.property(fc.maxSafeNat(), anyRoot, (size, bytes) => {
        const checkpoint = { origin: 'log.example/ledger', size, root: bytes }
        expect(parseCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
      }),
    )
  })

  it('has the text of tlog-checkpoint', () => {
    const text =
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
    const checkpoint = parseCheckpoint(text)
    expect(checkpoint.size).toBe(20852163)
    expect(encodeCheckpoint(checkpoint)).toBe(text)
  })

  const base64 = encodeBase64(root)
  it.each([
    `log\n1\n${base64}`,
    `log\n1\n${base64}\n\n`,
    `log\n1\n${base64}\nextension\n`,
    `log\n01\n${base64}\n`,
    `log\n-1\n${base64}\n`,
    `log\n+1\n${base64}\n`,
    `log\n1.0\n${base64}\n`,
    `log\n9007199254740993\n${base64}\n`,
    `log\n1\r\n${base64}\n`,
    `\n1\n${base64}\n`,
    `a b\n1\n${base64}\n`,
    `log\n1\n${base64.slice(0, -1)}\n`,
    `log\n1\n${base64.slice(0, -2)}F=\n`,
    `log\n1\nAAAA\n`,
    `log\n1\n`,
    '',
  ])('refuses %j', (text) => {
    expect(() => parseCheckpoint(text)).toThrow(code('SH_LEDGER_CHECKPOINT'))
  })

  it('opens with the key of its log only, cosigned or not', () => {
    const checkpoint = { origin: 'log.example/ledger', size: 3, root }
    const note = signCheckpoint(checkpoint, log.skey)
    expect(openCheckpoint(note, log.vkey)).toEqual(checkpoint)
    expect(openCheckpoint(addSignatures(note, [witness.skey]), log.vkey)).toEqual(checkpoint)
    expect(() => openCheckpoint(note, witness.vkey)).toThrow(code('SH_NOTE_UNSIGNED'))
    const foreign = signNote(encodeCheckpoint(checkpoint), [witness.skey])
    expect(() => openCheckpoint(foreign, witness.vkey)).toThrow(code('SH_LEDGER_CHECKPOINT'))
  })
})
