/** What EXPLAIN predicts from. */
import { expect, test } from 'vitest'

import type { NetworkInfo } from '../../coordinator/api-types.ts'
import { basisOf } from '../../coordinator/client/measured-basis.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { explainText } from '../../protocol/sql/explain-text.ts'
import { explainQuery } from '../../protocol/sql/explain.ts'
import { PARAMS, TRIPS } from '../protocol/sql/trips-schema.ts'

const line = (peer: number, roundTripMicros: number, bytesPerSecond: number, ageMs: number) => ({
  peer,
  roundTripMicros,
  bytesPerSecond,
  ageMs,
})

const INFO: NetworkInfo = {
  network: 'lan',
  nodes: [
    { node: 1, peers: [line(2, 20_000, 12_500_000, 0), line(3, 500, 125_000_000, 0)] },
    { node: 2, peers: [line(1, 21_000, 12_000_000, 7_000), line(3, 500, 125_000_000, 0)] },
    { node: 3, peers: [line(1, 500, 2_500_000, 0), line(2, 500, 125_000_000, 0)] },
  ],
}

test('the slowest line of all, and the oldest figure', async () => {
  const basis = basisOf(INFO)
  expect(basis).toEqual({
    from: 'nodes',
    link: { roundTripMs: 21, megabits: 20 },
    ageSeconds: 7,
  })
  const compiled = await compile('SELECT AVG(fare) FROM trips WHERE tip > 1', TRIPS, PARAMS)
  const measured = explainQuery(compiled, PARAMS, basis)
  const given = explainQuery(compiled, PARAMS, { from: 'option', link: basis!.link })
  expect(measured.networkSeconds).toBe(given.networkSeconds)
  expect(measured.networkSeconds).not.toBe(explainQuery(compiled, PARAMS).networkSeconds)
  // Costs, choices and plan are those of the class.
  const { networkSeconds: _a, basis: _b, ...rest } = measured
  expect(explainQuery(compiled, PARAMS)).toMatchObject(rest)
  expect(explainText(measured)).toContain(
    '21 ms and 20 Mbit/s on the slowest line, measured by the nodes 7 s ago',
  )
})

test('nothing if a line is missing', () => {
  const [first, ...others] = INFO.nodes
  const { peers } = first!
  expect(basisOf({ ...INFO, nodes: [{ node: 1, peers: [] }, ...others] })).toBeUndefined()
  expect(
    basisOf({ ...INFO, nodes: [{ node: 1, peers: peers.slice(1) }, ...others] }),
  ).toBeUndefined()
  expect(basisOf({ network: 'lan', nodes: [] })).toBeUndefined()
})
