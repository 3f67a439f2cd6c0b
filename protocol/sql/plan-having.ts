/**
 * HAVING in operators: the numbers of all rows as vectors, their polynomials, the comparisons with 0, and the circuit
 * (having.ts). All comparisons share their rounds.
 */
import type { Ref } from '../plan.ts'

import type { HavingBit, HavingNumber } from './having-inputs.ts'
import type { HavingProgram } from './having.ts'
import { gatherBits, gatherLanes } from './plan-lanes.ts'
import type { Lane } from './plan-lanes.ts'
import type { PlanWriter } from './plan-writer.ts'
import type { Polynomial } from './polynomial.ts'

/** What is there of the aggregates, a lane for each row. */
export interface HavingVectors {
  /** A number of an aggregate, in the field. */
  readonly number: (number: HavingNumber & { readonly kind: 'aggregate' }) => Ref
  /** Whether an aggregate, by its place in the query, is shown, a plane. */
  readonly shown: (aggregate: number) => Ref
}

/** @returns a plane with a lane for each row: the condition is true */
export function writeHaving(
  writer: PlanWriter,
  program: HavingProgram,
  vectors: HavingVectors,
): Ref {
  const numbers = program.numbers.map((number) =>
    number.kind === 'public'
      ? gatherLanes(
          writer,
          number.values.map((known): Lane => ({ known })),
          'public numbers of HAVING',
        )
      : vectors.number(number),
  )
  const compared = (kind: 'negative' | 'zero'): Polynomial[] =>
    program.bits.flatMap((bit) => (bit.kind === kind ? [bit.polynomial] : []))
  const monomials = writeProducts(writer, [...compared('negative'), ...compared('zero')], numbers)
  const sums = (polynomials: readonly Polynomial[]): Ref[] =>
    polynomials.map((polynomial) => writeSum(writer, polynomial, monomials))
  const signs = sums(compared('negative'))
  const zeros = sums(compared('zero'))
  const isNegative =
    signs.length === 0
      ? undefined
      : writer.add({ kind: 'less-than-zero', inputs: signs }, 'comparisons by size in HAVING')
  const isZero =
    zeros.length === 0
      ? undefined
      : writer.add({ kind: 'equals-zero', inputs: zeros }, 'equalities in HAVING')
  let [nextSign, nextZero] = [0, 0]
  const inputOf = (bit: HavingBit): Ref => {
    switch (bit.kind) {
      case 'negative':
        return isNegative!(nextSign++)
      case 'zero':
        return isZero!(nextZero++)
      case 'shown':
        return vectors.shown(bit.aggregate)
      case 'public': {
        const known = bit.values.map((value): Lane => ({ known: value ? 1n : 0n }))
        return gatherBits(writer, known, 'what HAVING says of the keys')
      }
    }
  }
  return writer.add(
    { kind: 'circuit', inputs: program.bits.map(inputOf), circuit: program.circuit },
    'HAVING',
  )(0)
}

/** Products of numbers, each once; all of two factors at a time. @returns where a product is */
function writeProducts(
  writer: PlanWriter,
  polynomials: readonly Polynomial[],
  numbers: readonly Ref[],
): (factors: readonly number[]) => Ref {
  const products = new Map<string, Ref>(numbers.map((number, place) => [String(place), number]))
  const wanted = polynomials.flatMap((polynomial) =>
    [...polynomial.values()].map(({ factors }) => factors),
  )
  const most = Math.max(0, ...wanted.map(({ length }) => length))
  for (let length = 2; length <= most; length++) {
    const heads = new Map(
      wanted
        .filter((factors) => factors.length >= length)
        .map((factors) => [factors.slice(0, length).join(' '), factors.slice(0, length)]),
    )
    const pairs = [...heads.values()].map((factors) => {
      const [head, last] = [factors.slice(0, -1), factors[length - 1]!]
      return [products.get(head.join(' '))!, products.get(String(last))!] as const
    })
    const product = writer.add({ kind: 'multiply', pairs }, 'products in HAVING')
    let part = 0
    for (const name of heads.keys()) products.set(name, product(part++))
  }
  return (factors) => products.get(factors.join(' '))!
}

function writeSum(
  writer: PlanWriter,
  polynomial: Polynomial,
  monomial: (factors: readonly number[]) => Ref,
): Ref {
  const terms = [...polynomial.values()].filter(({ factors }) => factors.length > 0)
  const constant = polynomial.get('')?.coefficient
  return writer.add(
    {
      kind: 'combine',
      inputs: terms.map(({ factors }) => monomial(factors)),
      coefficients: terms.map(({ coefficient }) => String(coefficient)),
      ...(constant === undefined ? {} : { constant: String(constant) }),
    },
    'a difference in HAVING',
  )(0)
}
