/** Rows sorted within their members: the network, and the operator on shares at its exact cost. */
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'

import { circuitStats } from '../../protocol/circuit.ts'
import { exchangeCircuit, placesWithin } from '../../protocol/member-sort.ts'
import { countExchanges, exchangeLayers, isLower } from '../../protocol/merge-exchange.ts'

vi.setConfig({ testTimeout: 120_000 })

test('the layers sort any numbers, also of fewer lanes than they are for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 70 }),
      fc.nat(60),
      (numbers, more) => {
        const lanes = [...numbers]
        for (const layer of exchangeLayers(lanes.length + more)) {
          let exchanges = 0
          for (let i = 0; i + layer.distance < lanes.length; i++) {
            if (!isLower(layer, i)) continue
            exchanges++
            const [a, b] = [lanes[i]!, lanes[i + layer.distance]!]
            lanes[i] = Math.min(a, b)
            lanes[i + layer.distance] = Math.max(a, b)
          }
          expect(countExchanges(layer, lanes.length)).toBe(exchanges)
        }
        expect(lanes).toEqual(numbers.toSorted((a, b) => a - b))
      },
    ),
    { numRuns: 300 },
  )
})

test('no lane is in two exchanges of a layer', () => {
  for (const layer of exchangeLayers(100)) {
    const lower = Array.from({ length: 100 }, (_, i) => i).filter((i) => isLower(layer, i))
    const all = lower.flatMap((i) => [i, i + layer.distance])
    expect(new Set(all).size).toBe(all.length)
  }
})

test('as many layers and exchanges as Knuth counts', () => {
  const exchanges = (lanes: number): number =>
    exchangeLayers(lanes).reduce((sum, layer) => sum + countExchanges(layer, lanes), 0)
  expect([0, 1, 2, 3, 4, 5, 8, 16, 64].map((lanes) => exchangeLayers(lanes).length)).toEqual([
    0, 0, 1, 3, 3, 6, 6, 10, 21,
  ])
  expect([1, 2, 3, 4, 5, 8, 16, 64].map(exchanges)).toEqual([0, 1, 3, 5, 9, 19, 63, 543])
})

test('an exchange takes an AND a plane besides the comparison', () => {
  const ands = (planes: number, key: number): number =>
    circuitStats(exchangeCircuit(planes, key, 64)).ands
  expect(ands(20, 8)).toBe(8 + 20)
  expect(ands(8, 8)).toBe(8 + 8)
})

test('places start anew with each member', () => {
  expect([...placesWithin(Uint32Array.of(3, 1, 2))]).toEqual([0, 1, 2, 0, 0, 1])
})
