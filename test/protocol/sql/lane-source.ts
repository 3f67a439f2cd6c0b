/** Where a lane of a plan comes from. */
import type { Operator, Plan, Ref } from '../../../protocol/plan.ts'

/** Where a lane comes from, gathering aside. */
export interface LaneSource {
  readonly ref: Ref
  readonly lane: number
  readonly operator: Operator
}

export function sourceOf(plan: Plan, ref: Ref, lane: number): LaneSource {
  const operator = plan.operators[ref.op]!
  if (operator.kind !== 'gather') return { ref, lane, operator }
  const from = operator.lanes[lane]!
  return sourceOf(plan, from.from, from.lane)
}

/** The number that a lane is, if it is public. */
export function publicNumber({ operator, lane }: LaneSource): string | undefined {
  return operator.kind === 'constant' ? operator.lanes[lane] : undefined
}
