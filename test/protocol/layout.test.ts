import fc from 'fast-check'
import { expect, test } from 'vitest'

import { batchesOf, lanePositions, laneMask, layoutOf, tableLayout } from '../../protocol/layout.ts'
import type { PlanParams } from '../../protocol/plan.ts'

const runs = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 6 })

test('positions are the ones of the mask, in order', () => {
  fc.assert(
    fc.property(runs, (lengths) => {
      const layout = layoutOf(lengths)
      const mask = laneMask(layout)
      const ones = Array.from({ length: mask.length * 8 }, (_, k) => k).filter(
        (k) => ((mask[k >> 3]! >> (k & 7)) & 1) === 1,
      )
      expect([...lanePositions(layout)]).toEqual(ones)
      expect(layout.planeBytes % 16).toBe(0)
    }),
  )
})

test('batches on end are the table', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 4 }), (chunks, chunksInFlight) => {
      const params: PlanParams = {
        committee: { n: 3, t: 1 },
        security: 'passive',
        dataset: { name: 'd', version: 1, chunks, rowsPerMember: [] },
        chunksInFlight,
        network: 'lan',
      }
      const batches = batchesOf(params)
      let bytes = 0
      batches.forEach((batch, index) => {
        expect(batch.index).toBe(index)
        expect(batch.planeOffset).toBe(bytes)
        expect(batch.firstChunk).toBe(index * chunksInFlight)
        bytes += batch.layout.planeBytes
      })
      expect(bytes).toBe(tableLayout(params).planeBytes)
      expect(batches.flatMap((batch) => batch.layout.runs)).toEqual(chunks)
    }),
  )
})

test('a chunk is padded to 16 bytes in planes and not at all in vectors', () => {
  expect(layoutOf([1, 128, 129])).toEqual({ runs: [1, 128, 129], lanes: 258, planeBytes: 64 })
})
