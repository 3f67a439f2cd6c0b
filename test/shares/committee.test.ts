import { describe, expect, it } from 'vitest'

import * as c from '../../shares/committee.ts'
import { add, lagrange, lagrangeAtZero, mul, reduce } from '../../shares/field/scalar.ts'

import { subsets } from './views.ts'

const binomial = { 3: [3, 2], 5: [10, 6], 7: [35, 20] } as const

/** Whether the graph on `vertices` is connected. */
function connected(vertices: readonly number[], peers: (v: number) => readonly number[]): boolean {
  const seen = new Set<number>([vertices[0]!])
  const queue = [vertices[0]!]
  for (let v = queue.pop(); v !== undefined; v = queue.pop()) {
    for (const peer of peers(v)) {
      if (vertices.includes(peer) && !seen.has(peer)) {
        seen.add(peer)
        queue.push(peer)
      }
    }
  }
  return seen.size === vertices.length
}

describe.each([3, 5, 7] as const)('committee of %i', (n) => {
  const of = c.committee(n)
  const t = (n - 1) / 2
  const all = c.parties(of)

  it('is memoised, frozen and has the right shape', () => {
    expect(c.committee(n)).toBe(of)
    expect(Object.isFrozen(of) && Object.isFrozen(of.sets) && Object.isFrozen(of.sets[0])).toBe(
      true,
    )
    expect(of.t).toBe(t)
    expect(of.sets.length).toBe(binomial[n][0])
    expect(of.sets).toEqual(subsets(all, n - t))
    for (const i of all) {
      expect(c.heldBy(of, i).length).toBe(binomial[n][1])
      for (const [index, set] of of.sets.entries()) {
        expect(c.isMember(of, index, i)).toBe(set.includes(i))
        expect(c.heldBy(of, i).includes(index)).toBe(set.includes(i))
      }
    }
  })

  it('chooses corrections and receivers around the circle', () => {
    for (const i of all) {
      const set = c.setAt(of, of.correction[i - 1]!)
      expect([...set].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: t + 1 }, (_, k) => c.cyclic(of, i - k)).toSorted((a, b) => a - b),
      )
      expect(c.setIndexOf(of, [...set].toReversed())).toBe(of.correction[i - 1])
      expect(of.prgReceivers[i - 1]).toEqual(
        Array.from({ length: t }, (_, k) => c.cyclic(of, i + k + 1)),
      )
    }
  })

  it('gives CNF to Shamir coefficients: degree t, 1 at 0, 0 outside the set', () => {
    const points = all.slice(0, t + 1)
    for (const [index, set] of of.sets.entries()) {
      const f = (j: number): bigint => c.setCoefficient(of, index, j)
      for (const j of all) if (!set.includes(j)) expect(f(j)).toBe(0n)
      for (const at of [0, ...all]) {
        const weights = lagrange(points, at)
        const value = points.reduce((sum, j, k) => add(sum, mul(weights[k]!, f(j))), 0n)
        expect(value).toBe(at === 0 ? 1n : f(at))
      }
    }
    expect(lagrangeAtZero(n).map(reduce)).toEqual(lagrange(all, 0))
  })

  it('assigns every product once, to a member of both sets, evenly', () => {
    const count = new Map<number, number>()
    of.sets.forEach((a, i) =>
      of.sets.forEach((b, j) => {
        const owner = c.productOwner(of, i, j)
        expect(a.includes(owner) && b.includes(owner)).toBe(true)
        count.set(owner, (count.get(owner) ?? 0) + 1)
      }),
    )
    expect([...count.values()]).toEqual(all.map(() => of.sets.length ** 2 / n))
    const seen = new Set<string>()
    for (const i of all) {
      const held = c.heldBy(of, i)
      for (const row of c.productRows(of, i)) {
        for (const right of row.right) {
          const pair = `${held[row.left]},${held[right]}`
          expect(seen.has(pair)).toBe(false)
          seen.add(pair)
        }
      }
    }
    expect(seen.size).toBe(of.sets.length ** 2)
  })

  it('has a zero-sharing graph that survives the loss of any t parties, and not of t + 1', () => {
    const peers = (v: number): number[] => c.zeroPeers(of, v)
    for (const i of all) {
      expect(peers(i)).not.toContain(i)
      for (const j of peers(i)) expect(peers(j)).toContain(i)
    }
    const edges = all.reduce((sum, i) => sum + peers(i).length, 0) / 2
    expect(edges).toBe({ 3: 3, 5: 8, 7: 14 }[n])
    for (const lost of subsets(all, t)) {
      expect(
        connected(
          all.filter((i) => !lost.includes(i)),
          peers,
        ),
      ).toBe(true)
    }
    // Positive control: some set of t + 1 cuts it (at n = 3 a single vertex is left).
    if (n > 3) {
      const cut = subsets(all, t + 1).some(
        (lost) =>
          !connected(
            all.filter((i) => !lost.includes(i)),
            peers,
          ),
      )
      expect(cut).toBe(true)
    }
  })
})

it('refuses other sizes and parties', () => {
  for (const n of [0, 1, 2, 4, 6, 9]) expect(() => c.committee(n)).toThrow(RangeError)
  const of = c.committee(3)
  expect(() => c.heldBy(of, 4)).toThrow(RangeError)
  expect(() => c.setAt(of, 3)).toThrow(RangeError)
  expect(() => c.setIndexOf(of, [1, 2, 3])).toThrow(RangeError)
  expect(() => c.productRows(of, 0)).toThrow(RangeError)
})
