/** What JIFF is measured on: operands that every party shares by itself, and the right results. */
import { publicWords } from '../public-data.ts'

import { JIFF_PRIME } from './library.ts'

/** Named as ours are. */
export type JiffOperation = 'mul' | 'dot' | 'computed-lt' | 'computed-eq'

export interface Operands {
  readonly x: readonly number[]
  readonly y: readonly number[]
}

/** Numbers below the prime; in one place of four they are equal. */
export function operands(count: number): Operands {
  const numbers = (label: string): number[] =>
    [...publicWords(`jiff/${label}`, count)].map((word) => word % JIFF_PRIME)
  const [x, y] = [numbers('x'), numbers('y')]
  return { x, y: y.map((value, i) => (i % 4 === 0 ? x[i]! : value)) }
}

/** Party `index`'s Shamir share of each value, of degree 1 with the party's number as its point. */
export function sharesOf(values: readonly number[], label: string, index: number): number[] {
  const slopes = publicWords(`jiff/slope/${label}`, values.length)
  return values.map((value, i) => (value + (slopes[i]! % JIFF_PRIME) * index) % JIFF_PRIME)
}

/** What the parties have to have shares of in the end. */
export function expectedResults(operation: JiffOperation, { x, y }: Operands): number[] {
  const products = x.map((value, i) => (BigInt(value) * BigInt(y[i]!)) % BigInt(JIFF_PRIME))
  switch (operation) {
    case 'mul':
      return products.map(Number)
    case 'dot':
      return [Number(products.reduce((sum, one) => sum + one, 0n) % BigInt(JIFF_PRIME))]
    case 'computed-lt':
      return x.map((value, i) => Number(value < y[i]!))
    case 'computed-eq':
      return x.map((value, i) => Number(value === y[i]))
  }
}

/** The secret on the line through the shares of parties 1, 2 and 3. @throws Error if they are on none */
export function openLine([first, second, third]: readonly number[]): number {
  const mod = (value: number): number => ((value % JIFF_PRIME) + JIFF_PRIME) % JIFF_PRIME
  const slope = second! - first!
  if (mod(second! + slope) !== mod(third!)) throw new Error("JIFF's shares do not agree")
  return mod(first! - slope)
}
