/**
 * Polynomials with integer coefficients over numbers that the nodes hold in lanes, one of each for every row of the
 * answer: what the sides of a comparison in HAVING come to.
 */

/** A product of numbers, by their places, ascending; none for the constant. */
export interface Monomial {
  readonly factors: readonly number[]
  readonly coefficient: bigint
}

/** Monomials by their factors; no coefficient is 0. */
export type Polynomial = ReadonlyMap<string, Monomial>

export function constantPolynomial(value: bigint): Polynomial {
  return collect([{ factors: [], coefficient: value }])
}

/** One of the numbers. */
export function numberPolynomial(place: number): Polynomial {
  return collect([{ factors: [place], coefficient: 1n }])
}

export function addPolynomials(left: Polynomial, right: Polynomial): Polynomial {
  return collect([...left.values(), ...right.values()])
}

export function scalePolynomial(polynomial: Polynomial, factor: bigint): Polynomial {
  return collect(
    [...polynomial.values()].map(({ factors, coefficient }) => ({
      factors,
      coefficient: coefficient * factor,
    })),
  )
}

export function multiplyPolynomials(left: Polynomial, right: Polynomial): Polynomial {
  return collect(
    [...left.values()].flatMap((a) =>
      [...right.values()].map((b) => ({
        factors: [...a.factors, ...b.factors].toSorted((x, y) => x - y),
        coefficient: a.coefficient * b.coefficient,
      })),
    ),
  )
}

/** The largest magnitude it can have. @param bounds of the numbers */
export function boundOf(polynomial: Polynomial, bounds: readonly bigint[]): bigint {
  let sum = 0n
  for (const { factors, coefficient } of polynomial.values()) {
    const magnitude = coefficient < 0n ? -coefficient : coefficient
    sum += factors.reduce((product, place) => product * bounds[place]!, magnitude)
  }
  return sum
}

/** The same for equal polynomials only. */
export function nameOfPolynomial(polynomial: Polynomial): string {
  return [...polynomial]
    .map(([factors, { coefficient }]) => `${coefficient}*${factors}`)
    .toSorted()
    .join('+')
}

/** The value if it is a constant. */
export function constantOf(polynomial: Polynomial): bigint | undefined {
  if (polynomial.size === 0) return 0n
  const constant = polynomial.get('')
  return polynomial.size === 1 ? constant?.coefficient : undefined
}

function collect(monomials: readonly Monomial[]): Polynomial {
  const sums = new Map<string, Monomial>()
  for (const { factors, coefficient } of monomials) {
    const name = factors.join(' ')
    sums.set(name, { factors, coefficient: coefficient + (sums.get(name)?.coefficient ?? 0n) })
  }
  return new Map([...sums].filter(([, { coefficient }]) => coefficient !== 0n))
}
