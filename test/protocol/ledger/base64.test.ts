import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { decodeBase64, encodeBase64 } from '../../../protocol/ledger/base64.ts'

const refused = expect.objectContaining({ code: 'SH_LEDGER_BASE64' })

describe('base64', () => {
  it('agrees with Node', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64')
        expect(encodeBase64(bytes)).toBe(text)
        expect(decodeBase64(text)).toEqual(bytes)
      }),
    )
  })

  it('accepts a text only if it is the text of what it decodes to', () => {
    const digits = fc.constantFrom(...'ABYZaz019+/=-_ \n\u00e9'.split(''))
    let accepted = 0
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 8 }), (text) => {
        let bytes: Uint8Array
        try {
          bytes = decodeBase64(text)
        } catch {
          return
        }
        accepted++
        expect(encodeBase64(bytes)).toBe(text)
      }),
      { numRuns: 3000 },
    )
    expect(accepted).toBeGreaterThan(0)
  })

  it.each([
    'A',
    'AA',
    'AAA',
    'AA=',
    'A===',
    '====',
    'AB==',
    'AAB=',
    'AA==AA==',
    'AA=A',
    'AA==\n',
    'A-_A',
  ])('refuses %j', (text) => {
    expect(() => decodeBase64(text)).toThrow(refused)
  })

  it('refuses another length than expected', () => {
    expect(decodeBase64('AAAA', 3)).toEqual(new Uint8Array(3))
    expect(() => decodeBase64('AAAA', 4)).toThrow(refused)
  })
})
