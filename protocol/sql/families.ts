/**
 * Families of cohorts: those of one aggregate in the groups of one grouping; and, where the answer shows a coarser
 * grouping beside it, those in the groups that are parts of one of its groups, since that is their total. Where exactly one of them is too small
 * to be shown, a second one is hidden with it (plan-second.ts).
 *
 * Groups that are empty for everybody to see do not count, nor does a family whose rows are all in one group: what
 * is left of both is public. If every shown cohort may be that of a single member (kMin 1), only those of
 * nobody are suppressed: there is no one to protect, and no second cohort is hidden.
 */
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'

import type { AnswerGroup } from './answer-groups.ts'

/** Families, each once, by numbers of cohorts. */
export class Families {
  readonly #kMin: number
  readonly #places = new Map<string, number>()
  readonly #families: (readonly number[])[] = []

  constructor(kMin: number) {
    this.#kMin = kMin
  }

  /**
   * The place of a family.
   * @param cohorts numbers of an aggregate's cohorts in the groups that count, in their order
   * @param planes of all cohorts, by number
   * @returns undefined if no second cohort can need to be hidden
   */
  of(cohorts: readonly number[], planes: readonly Wire[]): number | undefined {
    const ofPlane = (plane: Wire): number =>
      cohorts.filter((cohort) => planes[cohort] === plane).length
    // Beside all rows there are none; and two that nobody is in are two small ones.
    if (this.#kMin === 1 || ofPlane(TRUE) > 0 || ofPlane(FALSE) > 1) return undefined
    if (cohorts.length < 2) return undefined
    const name = cohorts.join(' ')
    const place = this.#places.get(name) ?? this.#families.length
    if (place === this.#families.length) {
      this.#places.set(name, place)
      this.#families.push(cohorts)
    }
    return place
  }

  get all(): readonly (readonly number[])[] {
    return this.#families
  }
}

/** Groups whose total is another group, or that are all of a grouping: lists of rows. */
export function divisionsOf(groups: readonly AnswerGroup[]): readonly (readonly number[])[] {
  const keysOf = ({ places }: AnswerGroup): number[] =>
    places.flatMap((place, key) => (place === undefined ? [] : [key]))
  const sets = new Map(groups.map((group) => [keysOf(group).join(), keysOf(group)]))
  const divisions = new Map<string, number[]>()
  groups.forEach((group, row) => {
    const own = keysOf(group)
    const isPart = (set: readonly number[]): boolean =>
      set.length < own.length && set.every((key) => own.includes(key))
    const coarser = [...sets.values()].filter((set) => set.length > 0 && isPart(set))
    for (const set of [[], ...coarser]) {
      const total = set.map((key) => group.places[key])
      const name = `${group.grouping}/${set.join()}/${total.join()}`
      const rows = divisions.get(name)
      if (rows === undefined) divisions.set(name, [row])
      else rows.push(row)
    }
  })
  return [...divisions.values()]
}
