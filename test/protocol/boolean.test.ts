import { describe, expect, test } from 'vitest'

import { bitToField } from '../../protocol/bit-to-field.ts'
import { andBits, constantBits, maskBits, notBits, xorBits } from '../../protocol/boolean.ts'
import { CircuitBuilder } from '../../protocol/circuit-builder.ts'
import { add, inSet, lessThan, lessThanConstant } from '../../protocol/circuit-gadgets.ts'
import { circuitStats, evaluatePlain } from '../../protocol/circuit.ts'
import { evaluate } from '../../protocol/evaluate.ts'
import { flatLayout, layoutOf } from '../../protocol/layout.ts'
import { sizeClass } from '../../shares/field/allocator.ts'
import { liveBytes, view } from '../../shares/field/memory.ts'

import { runAll, testCommittee } from './parties.ts'
import { openBits, openField, packBits, randomBits, shareBits, withArena } from './sharing.ts'

const TAG = { op: 1, batch: 2, step: 3 }

describe.each([3, 5, 7])('%i parties', (n) => {
  test.each([1, 7, 8, 63, 64, 65, 1000])(
    'AND: several pairs in one round, %i lanes',
    async (lanes) =>
      withArena(async (arena) => {
        const { parties, network } = await testCommittee(n)
        const layouts = [flatLayout(lanes), flatLayout(lanes + 200), flatLayout(3)]
        const plain = layouts.map((layout, k) => [
          randomBits(layout.lanes, 'x', k),
          randomBits(layout.lanes, 'y', k),
        ])
        const shared = plain.map(([x, y], k) => [
          shareBits(arena, n, x!, layouts[k]!, `x${k}`),
          shareBits(arena, n, y!, layouts[k]!, `y${k}`),
        ])
        const results = await runAll(parties, network, (party) =>
          andBits(
            party,
            arena,
            TAG,
            shared.map(([x, y]) => [x![party.index - 1]!, y![party.index - 1]!]),
          ),
        )
        plain.forEach(([x, y], k) => {
          const opened = openBits(
            arena,
            n,
            results.map((result) => result[k]!),
            layouts[k]!,
          )
          expect(opened).toEqual(x!.map((bit, i) => bit & y![i]!))
        })
      }),
  )

  test('local operations', async () =>
    withArena(async (arena) => {
      const { parties } = await testCommittee(n)
      const layout = flatLayout(130)
      const [x, y] = [randomBits(130, 'x'), randomBits(130, 'y')]
      const [xs, ys] = [shareBits(arena, n, x, layout, 'x'), shareBits(arena, n, y, layout, 'y')]
      const mask = arena.bytes(layout.planeBytes)
      view(mask).set(packBits(y, layout))
      const check = (
        ideal: (x: number, y: number) => number,
        local: (party: (typeof parties)[0], x: (typeof xs)[0], y: (typeof xs)[0]) => (typeof xs)[0],
      ): void => {
        const results = parties.map((party, i) => local(party, xs[i]!, ys[i]!))
        expect(openBits(arena, n, results, layout)).toEqual(x.map((bit, i) => ideal(bit, y[i]!)))
      }
      check(
        (a, b) => a ^ b,
        (party, a, b) => xorBits(party, arena, a, b),
      )
      check(
        (a) => 1 - a,
        (party, a) => notBits(party, arena, a),
      )
      check(
        (a, b) => a & b,
        (party, a) => maskBits(party, arena, a, mask),
      )
      check(
        () => 1,
        (party) => constantBits(party, arena, layout.planeBytes, 1),
      )
      check(
        () => 0,
        (party) => constantBits(party, arena, layout.planeBytes, 0),
      )
    }))

  test('circuits evaluate as in plain text, one round per AND depth, and free their wires', async () =>
    withArena(async (arena) => {
      const b = new CircuitBuilder()
      const [x, y] = [b.inputs(6), b.inputs(6)]
      const circuit = b.build([
        lessThan(b, x, y),
        lessThanConstant(b, x, 41),
        ...add(b, x, y),
        inSet(b, y, [1, 2, 3, 17, 40, 41, 60]),
        b.constant(true),
        b.constant(false),
        x[2]!,
        x[2]!,
        b.not(y[1]!),
        b.not(y[1]!),
      ])
      const layout = layoutOf([130, 5])
      const { parties, network } = await testCommittee(n)
      const inputs = Array.from({ length: 12 }, (_, k) => randomBits(layout.lanes, 'input', k))
      const shares = inputs.map((bits, k) => shareBits(arena, n, bits, layout, k))
      const before = liveBytes()
      const results = await runAll(parties, network, (party) =>
        evaluate(
          party,
          arena,
          TAG,
          circuit,
          shares.map((share) => share[party.index - 1]!),
          layout.planeBytes,
        ),
      )
      const [plane] = results[0]!
      const kept = n * circuit.outputs.length * sizeClass(plane!.components * plane!.bytes)
      expect(liveBytes() - before).toBe(kept)
      const opened = circuit.outputs.map((_, k) =>
        openBits(
          arena,
          n,
          results.map((result) => result[k]!),
          layout,
        ),
      )
      for (let lane = 0; lane < layout.lanes; lane++) {
        const ideal = evaluatePlain(
          circuit,
          inputs.map((bits) => bits[lane]!),
        )
        expect(opened.map((bits) => bits[lane])).toEqual(ideal)
      }
      expect(network.sent(1, n).map(({ step }) => step)).toEqual(
        Array.from({ length: circuitStats(circuit).depth }, (_, d) => TAG.step + d),
      )
    }))

  test('bit to field: 0/1 elements without the padding', async () =>
    withArena(async (arena) => {
      const { parties, network } = await testCommittee(n)
      const layout = layoutOf([130, 1, 0, 77])
      const plain = [randomBits(layout.lanes, 'x'), randomBits(layout.lanes, 'y')]
      const shares = plain.map((bits, k) => shareBits(arena, n, bits, layout, k))
      const results = await runAll(parties, network, (party) =>
        bitToField(
          party,
          arena,
          TAG,
          shares.map((share) => share[party.index - 1]!),
          layout,
        ),
      )
      plain.forEach((bits, k) => {
        const opened = openField(
          arena,
          n,
          results.map((result) => result[k]!),
        )
        expect(opened).toEqual(bits.map(BigInt))
      })
    }))
})

test.each([65_535, 65_536, 65_537])('AND and bit to field of %i lanes', async (lanes) =>
  withArena(async (arena) => {
    const { parties, network } = await testCommittee(3)
    const layout = layoutOf([lanes - 3, 3])
    const [x, y] = [randomBits(lanes, 'x'), randomBits(lanes, 'y')]
    const [xs, ys] = [shareBits(arena, 3, x, layout, 'x'), shareBits(arena, 3, y, layout, 'y')]
    const results = await runAll(parties, network, async (party) => {
      const own = party.index - 1
      const ands = await andBits(party, arena, TAG, [[xs[own]!, ys[own]!]])
      return bitToField(party, arena, { ...TAG, op: 2 }, ands, layout)
    })
    const opened = openField(
      arena,
      3,
      results.map((result) => result[0]!),
    )
    expect(opened.findIndex((value, i) => Number(value) !== (x[i]! & y[i]!))).toBe(-1)
    expect(opened).toHaveLength(lanes)
  }),
)
