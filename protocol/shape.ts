/** The shape of an operator's value, and what the checks of shapes have in common (validate-plan.ts). */
import { laneBlocks, laneRuns } from './join-lanes.ts'
import type { PlanParams } from './plan.ts'

export type Domain = 'rows' | 'members' | 'slots'

/** What an operator puts out. */
export interface Shape {
  readonly domain: Domain
  readonly type: 'bits' | 'field'
  /** Planes or vectors. */
  readonly parts: number
  /** Lanes of each: all rows, all members, or slots. */
  readonly lanes: number
}

/** Rows of the table: its lanes. */
export function rowsOf(params: PlanParams): number {
  return laneRuns(params).reduce((sum, rows) => sum + rows, 0)
}

/** Distinct members of the table; of a join, those of each instance whose rows make lanes. */
export function membersOf(params: PlanParams): number {
  return memberClasses(params).reduce((sum, [, members]) => sum + members, 0)
}

/** How many of them have how many lanes, ascending by lanes. */
export function memberClasses(params: PlanParams): readonly (readonly [number, number])[] {
  const [first, ...others] = laneBlocks(params)
  if (others.length === 0) return first!.lanesPerMember
  const classes = new Map<number, number>()
  for (const [rows, members] of [first!, ...others].flatMap((one) => one.lanesPerMember)) {
    classes.set(rows, (classes.get(rows) ?? 0) + members)
  }
  return [...classes].toSorted(([a], [b]) => a - b)
}

/** Most lanes of a member; 0 without members. */
export function mostRowsOf(params: PlanParams): number {
  return memberClasses(params).at(-1)?.[0] ?? 0
}

/** Parts of a value, or values that an operator reads, at most. */
export const MAX_PARTS = 65_536

/** A public integer in a plan. */
export const DECIMAL = /^(0|-?[1-9][0-9]{0,18})$/u

/** Refuses the operator that is being checked, saying what is wrong with it, if the condition fails. */
export type Check = (condition: boolean, what: string) => void

/** Whether a number is an integer in 0..end-1. */
export function isIndex(value: number, end: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < end
}
