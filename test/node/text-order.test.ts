import * as fc from 'fast-check'
import { expect, it } from 'vitest'

import { orderOf, sameText, type Texts } from '../../node/text-order.ts'

function textsOf(strings: readonly string[]): Texts {
  const encoded = strings.map((one) => new TextEncoder().encode(one))
  const starts = new Uint32Array(strings.length + 1)
  encoded.forEach((one, i) => (starts[i + 1] = starts[i]! + one.length))
  return { bytes: Buffer.concat(encoded), starts, count: strings.length }
}

/** Few letters, so that there are long common beginnings; U+FFFD and U+1F600 to tell UTF-8 from UTF-16. */
const strings = fc.array(
  fc.string({
    unit: fc.constantFrom('a', 'b', '~', 'é', '\uD7FF', '\uE000', '\uFFFD', '😀', '\0'),
  }),
  { maxLength: 120, size: 'max' },
)

it('orders as JavaScript does, equal texts as they came', () => {
  fc.assert(
    fc.property(strings, (given) => {
      const expected = given
        .map((_, i) => i)
        .toSorted((a, b) => {
          const [left, right] = [given[a]!, given[b]!]
          return left < right ? -1 : left > right ? 1 : a - b
        })
      expect(Array.from(orderOf(textsOf(given)))).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})

it('orders many texts of which many are equal', () => {
  const given = Array.from({ length: 5000 }, (_, i) => `member-${(i * 7919) % 613}`)
  const order = Array.from(orderOf(textsOf(given)), (i) => given[i]!)
  expect(order).toEqual(given.toSorted())
})

it('knows equal texts', () => {
  const texts = textsOf(['ab', 'a', 'ab', 'b', ''])
  expect([sameText(texts, 0, 2), sameText(texts, 0, 1), sameText(texts, 1, 3)]).toEqual([
    true,
    false,
    false,
  ])
  expect(sameText(texts, 4, 4)).toBe(true)
})
