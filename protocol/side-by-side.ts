/**
 * Parts of one operator that have their rounds in common: what each sends in its k-th round goes into one
 * message. As lockstep.ts does for operators; those that end early simply leave.
 *
 * Security is that of the parts: each has pads of its own, from tags of its own. Cost: the rounds of the
 * longest, the bytes of all.
 */
import { inLockstep } from './lockstep.ts'
import type { Party } from './party.ts'
import { exchange, type Rounds } from './round.ts'

/**
 * Runs the parts side by side.
 * @param parts each with the Party it must use
 * @returns their results, in order
 * @throws what the first to fail has thrown, when all have ended
 */
export async function sideBySide<const T extends readonly unknown[]>(
  party: Party,
  parts: { readonly [K in keyof T]: (party: Party) => Promise<T[K]> },
): Promise<T> {
  const results = parts.map((): unknown => undefined)
  const programs = parts.map((part, place) => async (rounds: Rounds) => {
    results[place] = await part({ ...party, rounds })
  })
  await inLockstep(
    (steps) =>
      exchange(
        party,
        steps[0]!.tag,
        steps.flatMap(({ outgoing }) => outgoing),
        steps.flatMap(({ incoming }) => incoming),
        () => {
          for (const { meanwhile } of steps) meanwhile?.()
        },
      ),
    () => programs.splice(0),
  )
  return results as unknown as T
}
