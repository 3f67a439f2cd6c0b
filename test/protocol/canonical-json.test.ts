import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalJson, parseCanonicalJson } from '../../protocol/canonical-json.ts'

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((n) => n + 0),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).value

describe('canonical JSON', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parseCanonicalJson(canonicalJson(value))).toEqual(value)
      }),
    )
  })

  it('does not depend on the order in which properties were set', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).toReversed())
        expect(canonicalJson(reversed)).toBe(
          canonicalJson(Object.fromEntries(Object.entries(object))),
        )
      }),
    )
  })

  it('sorts keys by UTF-16 code units (the example of RFC 8785 3.2.3)', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 }
    const order = [...canonicalJson(value).matchAll(/:(\d)/g)].map((match) => Number(match[1]))
    expect(order).toEqual([2, 4, 6, 7, 1, 5, 3])
  })

  it('escapes strings as RFC 8785 3.2.2.2 does', () => {
    expect(canonicalJson('\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/')).toBe(
      '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"',
    )
  })

  const refused: [string, unknown][] = [
    ['undefined', undefined],
    ['undefined property', { a: undefined }],
    ['hole', [1, , 2]], // oxlint-disable-line no-sparse-arrays
    ['fraction', 1.5],
    ['infinity', Infinity],
    ['not a number', NaN],
    ['unsafe integer', 2 ** 53],
    ['bigint', 1n],
    ['lone surrogate', '\ud800'],
    ['lone surrogate in a key', { '\udc00': 1 }],
    ['date', new Date(0)],
    ['map', new Map()],
    ['bytes', new Uint8Array(2)],
    ['function', () => 1],
  ]
  it.each(refused)('refuses to write: %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError)
  })

  it('refuses to write endless nesting', () => {
    const loop: unknown[] = []
    loop.push(loop)
    expect(() => canonicalJson(loop)).toThrow(TypeError)
  })

  it.each([
    '',
    ' 1',
    '1 ',
    '1\n',
    '01',
    '-0',
    '1.0',
    '1e2',
    '1.5',
    '9007199254740993',
    '{"a":1,"a":1}',
    '{"b":1,"a":2}',
    '{"a": 1}',
    '"\\u0041"',
    '"\\/"',
    '"\\ud800"',
    '"\ud800"',
    '[1,]',
    'nul',
    `${'['.repeat(200)}${']'.repeat(200)}`,
  ])('refuses to read %j', (text) => {
    expect(() => parseCanonicalJson(text)).toThrow(
      expect.objectContaining({ code: 'SH_JSON_NOT_CANONICAL' }),
    )
  })

  it('reads a key named __proto__ as a property', () => {
    const text = '{"__proto__":{"a":1}}'
    expect(canonicalJson(parseCanonicalJson(text))).toBe(text)
  })
})
