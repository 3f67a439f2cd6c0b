import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  and3Gates,
  gatesBytes,
  placeGates,
  sumGates,
  xorGates,
} from '../../../shares/bits/gates.ts'
import { and3Deal } from '../../../shares/bits/plane.ts'
import { type Block, sliceBlock, view } from '../../../shares/field/memory.ts'
import { guarded, pseudoRandomWords } from '../field/samples.ts'

const bytesOf = (seed: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(pseudoRandomWords(seed, length / 8).buffer)

/** Around the pieces in which the kernel goes. */
const LENGTHS = [16, 32, 2032, 2048, 2064, 4096, 6000]

const place3 = (place: (bytes: Uint8Array) => Block, triples: readonly Block[][]) =>
  placeGates(
    place(new Uint8Array(gatesBytes(triples.length))),
    Uint32Array.from(triples.flatMap((blocks) => blocks.map(({ ptr }) => ptr))),
  )

test('XORs in order: results may be operands, of the same gate and of later ones', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...LENGTHS),
      fc.array(fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4)), { maxLength: 12 }),
      (length, gates) => {
        guarded((_, place) => {
          const plain = Array.from({ length: 5 }, (_block, k) => bytesOf(k, length))
          const blocks = plain.map(place)
          xorGates(
            place3(
              place,
              gates.map((gate) => gate.map((k) => blocks[k]!)),
            ),
            length,
          )
          for (const [o, a, b] of gates) {
            plain[o] = plain[a]!.map((byte, i) => byte ^ plain[b]![i]!)
          }
          blocks.forEach((block, k) => {
            expect(Buffer.compare(view(block), plain[k]!)).toBe(0)
          })
        })
      },
    ),
    { numRuns: 50 },
  )
})

describe.each([0, 1])('ANDs of three parties, square at %i', (square) => {
  test.each(LENGTHS)('%i bytes: gate by gate what and3Deal does', (bytes) => {
    const corrected = 1 - square
    guarded((_, place) => {
      const count = 3
      const triples = Array.from({ length: count }, (_gate, k) =>
        [0, 1, 2].map((operand) => place(bytesOf(10 * k + operand, 2 * bytes))),
      )
      const [correction, r, s] = [1, 2, 3].map((k) => place(bytesOf(100 + k, count * bytes)))
      const expected = triples.map(([out, x, y], k) => {
        const part = (block: Block, at: number): Block =>
          sliceBlock(block, at * bytes, (at + 1) * bytes)
        const [own, component] = [place(new Uint8Array(bytes)), place(new Uint8Array(bytes))]
        and3Deal(
          own,
          component,
          part(x!, square),
          part(x!, 1 - square),
          part(y!, square),
          part(y!, 1 - square),
          part(r!, k),
          part(s!, k),
        )
        const other = view(part(out!, 1 - corrected)).slice()
        const sum = view(part(r!, k)).map((byte, i) => byte ^ view(part(s!, k))[i]!)
        return { own, component, other, sum }
      })
      const gates = place3(place, triples)
      and3Gates(gates, { bytes, square, corrected, correction: correction!, r: r!, s: s! })
      const check = (k: number, position: number, wanted: Uint8Array): void => {
        const found = sliceBlock(triples[k]![0]!, position * bytes, (position + 1) * bytes)
        expect(Buffer.compare(view(found), wanted)).toBe(0)
      }
      expected.forEach(({ own, component, other }, k) => {
        const sent = sliceBlock(correction!, k * bytes, (k + 1) * bytes)
        expect(Buffer.compare(view(sent), view(own))).toBe(0)
        check(k, corrected, view(component))
        check(k, 1 - corrected, other)
      })
      sumGates(gates, bytes, 1 - corrected, r!, s!)
      expected.forEach(({ component, sum }, k) => {
        check(k, corrected, view(component))
        check(k, 1 - corrected, sum)
      })
    })
  })
})

test('lengths that do not fit are refused', () => {
  guarded((_, place) => {
    const block = place(new Uint8Array(32))
    const gates = place3(place, [[block, block, block]])
    expect(() => placeGates(place(new Uint8Array(8)), new Uint32Array(3))).toThrow(RangeError)
    expect(() => xorGates(gates, 17)).toThrow(RangeError)
    expect(() => sumGates(gates, 16, 0, block, block)).toThrow(RangeError)
    const how = { bytes: 16, square: 0, corrected: 1, correction: block, r: block, s: block }
    expect(() => and3Gates(gates, how)).toThrow(RangeError)
  })
})
