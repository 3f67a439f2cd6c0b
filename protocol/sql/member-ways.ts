/** What is chosen where a table of members is made: the way with the lowest estimate for the section by itself. */
import type { Predicate } from './bound.ts'
import type { Question } from './choices.ts'
import { carryDepths } from './questions.ts'

/** The ways to make the table: none changes what is in it. */
export interface MemberStrategy {
  /** Rounds that a comparison by size may take (circuit-gadgets.ts); 0 for the least. */
  readonly carryDepth: number
  /** Whether rows are counted in binary, or as numbers into which each row's bit is converted. */
  readonly counts: 'adders' | 'conversion'
}

export const FIRST_MEMBER_STRATEGY: MemberStrategy = { carryDepth: 0, counts: 'adders' }

/** Tells strategies apart. */
export function nameOfStrategy({ carryDepth, counts }: MemberStrategy): string {
  return `${carryDepth} ${counts}`
}

/** What is to be chosen. @param counts whether any column is a count of rows */
export function memberQuestions(
  filter: Predicate,
  counts: boolean,
): readonly ((soFar: MemberStrategy) => Question<MemberStrategy>)[] {
  return [
    (soFar) => ({
      question: 'sub-query by itself: counts of each member',
      options: [
        { name: 'in binary', strategy: { ...soFar, counts: 'adders' } },
        ...(counts
          ? [
              {
                name: 'by converting each row',
                strategy: { ...soFar, counts: 'conversion' } as const,
              },
            ]
          : []),
      ],
    }),
    (soFar) => ({
      question: 'sub-query by itself: comparisons of rows',
      options: carryDepths(filter).map(({ name, carryDepth }) => ({
        name,
        strategy: { ...soFar, carryDepth },
      })),
    }),
  ]
}
