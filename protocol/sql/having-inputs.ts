/**
 * What HAVING is computed from, each thing once: numbers and bits of every row of the answer, which become vectors and
 * planes with a lane for each row.
 */
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'

import type { NumberName } from './answer-spec.ts'
import { constantPolynomial, nameOfPolynomial, numberPolynomial } from './polynomial.ts'
import type { Polynomial } from './polynomial.ts'

/** A number of every row: of an aggregate, by its place in the query, or public. */
export type HavingNumber =
  | { readonly kind: 'aggregate'; readonly aggregate: number; readonly name: NumberName }
  | { readonly kind: 'public'; readonly values: readonly bigint[] }

/** A bit of every row: an input of the circuit. */
export type HavingBit =
  /** The aggregate is not suppressed. */
  | { readonly kind: 'shown'; readonly aggregate: number }
  | { readonly kind: 'negative' | 'zero'; readonly polynomial: Polynomial }
  | { readonly kind: 'public'; readonly values: readonly boolean[] }

export class HavingInputs {
  readonly builder = new CircuitBuilder()
  readonly numbers: HavingNumber[] = []
  /** Largest magnitudes of the numbers. */
  readonly bounds: bigint[] = []
  readonly bits: HavingBit[] = []
  readonly #wires = new Map<string, Wire>()
  readonly #places = new Map<string, number>()
  readonly #boundOf: (aggregate: number, name: NumberName) => bigint

  constructor(boundOf: (aggregate: number, name: NumberName) => bigint) {
    this.#boundOf = boundOf
  }

  publicPolynomial(values: readonly bigint[]): Polynomial {
    const [first = 0n] = values
    if (values.every((value) => value === first)) return constantPolynomial(first)
    const bound = values.reduce((most, value) => max(most, value < 0n ? -value : value), 0n)
    return this.#place(`public ${values.join()}`, { kind: 'public', values }, bound)
  }

  numberOf(aggregate: number, name: NumberName): Polynomial {
    const bound = this.#boundOf(aggregate, name)
    return this.#place(`${aggregate} ${name}`, { kind: 'aggregate', aggregate, name }, bound)
  }

  #place(name: string, number: HavingNumber, bound: bigint): Polynomial {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = this.numbers.push(number) - 1
      this.bounds.push(bound)
      this.#places.set(name, place)
    }
    return numberPolynomial(place)
  }

  publicBit(values: readonly boolean[]): Wire {
    const [first = false] = values
    if (values.every((value) => value === first)) return first ? TRUE : FALSE
    return this.bit({ kind: 'public', values })
  }

  bit(bit: HavingBit): Wire {
    const name =
      bit.kind === 'shown'
        ? `shown ${bit.aggregate}`
        : bit.kind === 'public'
          ? `public ${bit.values.join()}`
          : `${bit.kind} ${nameOfPolynomial(bit.polynomial)}`
    let wire = this.#wires.get(name)
    if (wire === undefined) {
      wire = this.builder.input()
      this.bits.push(bit)
      this.#wires.set(name, wire)
    }
    return wire
  }
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
