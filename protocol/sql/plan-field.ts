/** Values of rows in the field, as operators: stored columns, converted bits, products of the same depth at once. */
import type { Column } from '../../shares/schema.ts'
import type { Wire } from '../circuit-builder.ts'
import type { Ref, Via } from '../plan.ts'

import type { PlanWriter } from './plan-writer.ts'
import { productsOfSum } from './row-field.ts'
import type { FieldFactor, FieldSum } from './row-field.ts'
import type { whereStored } from './tables.ts'

type Product = FieldFactor & { kind: 'product' }

interface FieldWriter {
  readonly writer: PlanWriter
  /** Where a column is stored. */
  readonly whereOf: ReturnType<typeof whereStored>
  readonly via: { readonly via?: Via }
  /** Where a plane is in the field. */
  readonly field: (plane: Wire) => Ref
}

/**
 * Writes sums that are not constant.
 *
 * @param textOf what each of them is, for the purposes
 * @returns where each is
 */
export function writeFieldSums(
  { writer, whereOf, via, field }: FieldWriter,
  sums: readonly FieldSum[],
  textOf: (sum: FieldSum) => string | undefined,
): (sum: FieldSum) => Ref {
  const columns = new Map<Column, Ref>()
  const products = new Map<Product, Ref>()
  const written = new Map<FieldSum, Ref>()
  const refOfFactor = (factor: FieldFactor): Ref => {
    switch (factor.kind) {
      case 'column': {
        let ref = columns.get(factor.column)
        if (ref === undefined) {
          const where = whereOf(factor.column)
          ref = writer.add({ kind: 'load-field', ...where }, `values of ${where.column}`)(0)
          columns.set(factor.column, ref)
        }
        return ref
      }
      case 'bit':
        return field(factor.plane)
      case 'product':
        return products.get(factor)!
    }
  }
  const texts = new Map(
    sums.flatMap((sum) => {
      const [term, ...others] = sum.terms
      return term !== undefined && others.length === 0 ? [[term.factor, textOf(sum)]] : []
    }),
  )
  const purposeOf = (level: readonly Product[]): string => {
    const named = level.flatMap((product) => texts.get(product) ?? [])
    return `products ${named.length === level.length ? named.join(', ') : 'within a row'}`
  }
  const refOf = (sum: FieldSum, purpose: string): Ref => {
    let ref = written.get(sum)
    if (ref !== undefined) return ref
    const { constant, terms } = sum
    const [term, ...others] = terms
    if (term === undefined) throw new RangeError('a constant has no vector')
    if (others.length === 0 && constant === 0n && term.coefficient === 1n) {
      ref = refOfFactor(term.factor)
    } else {
      const operator = {
        kind: 'combine',
        inputs: terms.map(({ factor }) => refOfFactor(factor)),
        coefficients: terms.map(({ coefficient }) => String(coefficient)),
        ...(constant === 0n ? {} : { constant: String(constant) }),
      } as const
      ref = writer.add(operator, purpose)(0)
    }
    written.set(sum, ref)
    return ref
  }
  const write = (sum: FieldSum): Ref => refOf(sum, `values of ${textOf(sum) ?? 'a factor'}`)
  // Loads of what is no product come first.
  for (const sum of sums) if (productsOfSum(sum).length === 0) write(sum)
  for (const level of levelsOf(sums)) {
    const pairs = level.map(({ left, right }): [Ref, Ref] => [
      refOf(left, 'a factor'),
      refOf(right, 'a factor'),
    ])
    const product = writer.add({ kind: 'multiply', pairs, ...via }, purposeOf(level))
    level.forEach((one, part) => products.set(one, product(part)))
  }
  return write
}

/** All products by their depth: those of a level need only those of the levels before. */
function levelsOf(sums: readonly FieldSum[]): Product[][] {
  const depths = new Map<Product, number>()
  const depthOf = ({ terms }: FieldSum): number =>
    Math.max(
      0,
      ...terms.map(({ factor }) => (factor.kind === 'product' ? depths.get(factor)! + 1 : 0)),
    )
  const seen = new Set<FieldFactor>()
  const levels: Product[][] = []
  for (const product of sums.flatMap((sum) => productsOfSum(sum, seen))) {
    const depth = Math.max(depthOf(product.left), depthOf(product.right))
    depths.set(product, depth)
    ;(levels[depth] ??= []).push(product)
  }
  return levels
}
