import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { openOutput, openOutputs, sealOutput } from '../../protocol/output.ts'
import { generateResultKey, seal } from '../../protocol/seal.ts'

const P = 2n ** 61n - 1n
const rng = (n: number) => new Uint8Array(n).fill(9)
const key = generateResultKey((n) => new Uint8Array(n).fill(1))
const jobContext = new Uint8Array(32).fill(7)
const code = (name: string) => expect.objectContaining({ code: name })

/** shares[i-1][lane] of the polynomials with these coefficients. */
function deal(polynomials: readonly (readonly bigint[])[], n: number): bigint[][] {
  return Array.from({ length: n }, (_, i) =>
    polynomials.map((polynomial) =>
      polynomial.reduceRight((sum, c) => (sum * BigInt(i + 1) + c) % P, 0n),
    ),
  )
}

function bytesOf(shares: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(shares).buffer)
}

function sealAll(shares: readonly (readonly bigint[])[]): Uint8Array[] {
  const n = shares.length
  return shares.map((lanes, i) =>
    sealOutput(key.publicKey, { jobContext, n, index: i + 1 }, bytesOf(lanes), rng),
  )
}

const element = fc.oneof(fc.bigInt({ min: 0n, max: P - 1n }), fc.constantFrom(0n, 1n, P - 1n))

describe.each([3, 5, 7])('outputs of %i nodes', (n) => {
  const t = (n - 1) / 2
  const polynomial = fc.array(element, { minLength: t + 1, maxLength: t + 1 })
  const polynomials = fc.array(polynomial, { minLength: 1, maxLength: 4 })

  it('open to what was shared', () => {
    fc.assert(
      fc.property(polynomials, (lanes) => {
        const opened = openOutputs(
          key.secretKey,
          { jobContext, n },
          lanes.length,
          sealAll(deal(lanes, n)),
        )
        expect(opened).toEqual(lanes.map(([secret]) => secret))
      }),
      { numRuns: 10 },
    )
  })

  it('are refused as soon as up to t shares of a lane are off', () => {
    fc.assert(
      fc.property(
        polynomials,
        fc.uniqueArray(fc.nat({ max: n - 1 }), { minLength: 1, maxLength: t }),
        fc.nat(),
        fc.bigInt({ min: 1n, max: P - 1n }),
        (lanes, liars, lane, offset) => {
          const shares = deal(lanes, n)
          const at = lane % lanes.length
          for (const liar of liars) shares[liar]![at] = (shares[liar]![at]! + offset) % P
          expect(() =>
            openOutputs(key.secretKey, { jobContext, n }, lanes.length, sealAll(shares)),
          ).toThrow(code('SH_OUTPUT_INCONSISTENT'))
        },
      ),
      { numRuns: 10 },
    )
  })
})

describe('one sealed output', () => {
  const context = { jobContext, n: 3, index: 2 }
  const sealed = sealOutput(key.publicKey, context, bytesOf([5n, 6n]), rng)

  it('opens in its place only', () => {
    expect(openOutput(key.secretKey, context, 2, sealed)).toEqual([5n, 6n])
    const other = new Uint8Array(32).fill(8)
    for (const wrong of [
      { ...context, index: 1 },
      { ...context, jobContext: other },
    ]) {
      expect(() => openOutput(key.secretKey, wrong, 2, sealed)).toThrow(
        expect.objectContaining({ code: 'SH_SEAL_OPEN', party: String(wrong.index) }),
      )
    }
    const elsewhere = { ...context, n: 5 }
    expect(() => openOutput(key.secretKey, elsewhere, 2, sealed)).toThrow(
      code('SH_OUTPUT_MALFORMED'),
    )
  })

  it('must have the promised number of lanes', () => {
    for (const lanes of [0, 1, 3]) {
      expect(() => openOutput(key.secretKey, context, lanes, sealed)).toThrow(
        code('SH_OUTPUT_MALFORMED'),
      )
    }
  })

  it('must hold canonical elements under a canonical header', () => {
    const info = new TextEncoder().encode('sharehold/output/v1')
    const aad = Uint8Array.of(...jobContext, 2)
    const good = Uint8Array.of(1, 3, 2, 0, 1, 0, 0, 0, ...bytesOf([P - 1n]))
    const sealRaw = (plaintext: Uint8Array) => seal(key.publicKey, info, aad, plaintext, rng)
    expect(openOutput(key.secretKey, context, 1, sealRaw(good))).toEqual([P - 1n])
    const bad = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => good.with(i, good[i]! ^ 1))
    bad.push(Uint8Array.of(...good.subarray(0, 8), ...bytesOf([P])))
    bad.push(Uint8Array.of(...good, 0), good.subarray(0, 15), new Uint8Array(0))
    for (const plaintext of bad) {
      expect(() => openOutput(key.secretKey, context, 1, sealRaw(plaintext))).toThrow(
        code('SH_OUTPUT_MALFORMED'),
      )
    }
  })

  it('is not made of anything but canonical elements', () => {
    expect(() => sealOutput(key.publicKey, context, bytesOf([P]), rng)).toThrow(TypeError)
    expect(() => sealOutput(key.publicKey, context, new Uint8Array(7), rng)).toThrow(TypeError)
  })
})
