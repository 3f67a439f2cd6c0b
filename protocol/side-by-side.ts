/**
 * Parts of one operator that have their rounds in common: what each sends in its k-th round goes into one
 * message. They must have equally many rounds, or those that end early simply leave.
 *
 * Security is that of the parts: each has pads of its own, from tags of its own. Cost: the rounds of the
 * longest, the bytes of all.
 */
import type { Party } from './party.ts'
import { exchange, type RoundPart, type Rounds } from './round.ts'

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
  const joint = new Joint(party, parts.length)
  const results = await Promise.allSettled(
    parts.map(async (part, place) => {
      try {
        return await part({ ...party, rounds: joint.roundsOf(place) })
      } catch (error) {
        joint.fail(error)
        throw error
      } finally {
        joint.leave()
      }
    }),
  )
  const failed = joint.failure ?? results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw 'reason' in failed ? failed.reason : failed.error
  return results.map((result) =>
    result.status === 'fulfilled' ? result.value : undefined,
  ) as unknown as T
}

interface Waiting {
  readonly place: number
  readonly part: RoundPart
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

class Joint {
  failure: { readonly error: unknown } | undefined
  readonly #party: Party
  #running: number
  #waiting: Waiting[] = []

  constructor(party: Party, running: number) {
    this.#party = party
    this.#running = running
  }

  roundsOf(place: number): Rounds {
    return {
      exchange: (part) =>
        new Promise((resolve, reject) => {
          this.#waiting.push({ place, part, resolve, reject })
          this.#proceed()
        }),
    }
  }

  fail(error: unknown): void {
    this.failure ??= { error }
  }

  leave(): void {
    this.#running--
    this.#proceed()
  }

  #proceed(): void {
    if (this.failure !== undefined) {
      for (const { reject } of this.#waiting.splice(0)) reject(this.failure.error)
      return
    }
    if (this.#running === 0 || this.#waiting.length < this.#running) return
    const waiting = this.#waiting.splice(0).toSorted((a, b) => a.place - b.place)
    const parts = waiting.map(({ part }) => part)
    exchange(
      this.#party,
      parts[0]!.tag,
      parts.flatMap(({ outgoing }) => outgoing),
      parts.flatMap(({ incoming }) => incoming),
      () => {
        for (const { meanwhile } of parts) meanwhile?.()
      },
    ).then(
      () => waiting.forEach(({ resolve }) => resolve()),
      (error: unknown) => waiting.forEach(({ reject }) => reject(error)),
    )
  }
}
