/**
 * Multiplications over F_p: many at once (`mul`), each on the last one's result (`chain`), and an inner
 * product (`dot`), on uniform elements.
 */
import { innerProductsLocal, multiply, shareInnerProducts } from '../../protocol/arithmetic.ts'
import type { Tag } from '../../protocol/party.ts'
import { newArena, viewWords } from '../../shares/field/memory.ts'
import type { Arena } from '../../shares/field/memory.ts'
import { mul as mulNumbers } from '../../shares/field/scalar.ts'
import { dot, fromBigInts, mul } from '../../shares/field/vector.ts'
import { asShamirShare, type ShamirShare } from '../../shares/shamir.ts'
import { ownField, publicElements } from '../public-data.ts'

import { fieldEvidence, inArena, openFieldEvidence } from './task.ts'
import type { Setting, Task } from './task.ts'

const TAG: Tag = { op: 0, batch: 0, step: 0 }

/** This party's share of a public vector. */
function shareOf(arena: Arena, setting: Setting, label: string, length: number): ShamirShare {
  const { committee, index } = setting
  const values = inArena((scratch) => viewWords(publicElements(scratch, label, length)).slice())
  return ownField(arena, committee, index, values, label)
}

function expect(what: string, opened: bigint | undefined, expected: bigint): void {
  if (opened !== expected) throw new Error(`${what}: opened ${opened}, expected ${expected}`)
}

/** Elementwise products. The evidence is a sum of all of them with public pseudo-random weights. */
export const multiplications: Task = {
  name: 'mul',
  about: 'multiplications at once',
  size: 1_000_000,
  async prepare(setting) {
    const arena = newArena()
    const x = shareOf(arena, setting, 'x', setting.size)
    const y = shareOf(arena, setting, 'y', setting.size)
    return {
      async run(party) {
        const own = newArena()
        const [product] = await multiply(party, own, TAG, [[x, y]])
        return () => {
          const weights = publicElements(own, 'weights', setting.size)
          const weighted = own.elements(1)
          fromBigInts(weighted, [dot(product!, weights)])
          const evidence = fieldEvidence(weighted)
          own.release()
          return evidence
        }
      },
    }
  },
  async check(committee, size, evidence) {
    const expected = inArena((arena) => {
      const x = publicElements(arena, 'x', size)
      mul(x, x, publicElements(arena, 'y', size))
      return dot(x, publicElements(arena, 'weights', size))
    })
    expect('weighted sum of products', openFieldEvidence(committee, evidence)[0], expected)
  },
}

/** An inner product: local but for one element a party. */
export const innerProduct: Task = {
  name: 'dot',
  about: 'terms of one inner product',
  size: 1_000_000,
  async prepare(setting) {
    const arena = newArena()
    const x = shareOf(arena, setting, 'x', setting.size)
    const y = shareOf(arena, setting, 'y', setting.size)
    return {
      async run(party) {
        const own = newArena()
        const sum = await shareInnerProducts(party, own, TAG, innerProductsLocal([[x, y]]))
        return () => {
          const evidence = fieldEvidence(sum)
          own.release()
          return evidence
        }
      },
    }
  },
  async check(committee, size, evidence) {
    const expected = inArena((arena) =>
      dot(publicElements(arena, 'x', size), publicElements(arena, 'y', size)),
    )
    expect('inner product', openFieldEvidence(committee, evidence)[0], expected)
  },
}

/** x * y * y * ... * y: as many rounds as multiplications. */
export const chain: Task = {
  name: 'chain',
  about: 'multiplications, each on the result of the last',
  size: 1000,
  async prepare(setting) {
    const arena = newArena()
    const x = shareOf(arena, setting, 'x', 1)
    const y = shareOf(arena, setting, 'y', 1)
    return {
      async run(party) {
        const own = newArena()
        let product = x
        for (let step = 0; step < setting.size; step++) {
          const [next] = await multiply(party, own, { ...TAG, step }, [[product, y]])
          if (product !== x) own.free(product)
          product = asShamirShare(next!)
        }
        return () => {
          const evidence = fieldEvidence(product)
          own.release()
          return evidence
        }
      },
    }
  },
  async check(committee, size, evidence) {
    const plain = (label: string): bigint =>
      inArena((arena) => viewWords(publicElements(arena, label, 1))[0]!)
    let expected = plain('x')
    const y = plain('y')
    for (let step = 0; step < size; step++) expected = mulNumbers(expected, y)
    expect('last product', openFieldEvidence(committee, evidence)[0], expected)
  },
}
