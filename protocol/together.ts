/**
 * Runs parts of one operator side by side, in common rounds: a round goes out when all that still run wait for
 * one. As lockstep.ts does for operators; here the operator itself is the one that has the rounds.
 *
 * Security is that of the parts: each has its own pads, since each has its own steps. Who shares a round with
 * whom depends on nothing but how many rounds each has, so it is the same at all parties.
 */
import type { Party } from './party.ts'
import { exchange, type RoundPart } from './round.ts'

/** Runs a part, with the rounds of this party. */
type Program<T> = (party: Party) => Promise<T>

interface Waiting {
  readonly place: number
  readonly part: RoundPart
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Runs them all.
 * @throws what the first one to fail has thrown, when all have ended; the others' next rounds fail
 */
export async function together<T extends readonly unknown[]>(
  party: Party,
  ...programs: { readonly [K in keyof T]: Program<T[K]> }
): Promise<T> {
  const common = new CommonRounds(party, programs.length)
  const runs = programs.map((program, place) => common.run(place, program))
  await Promise.allSettled(runs)
  if (common.failure !== undefined) throw common.failure.error
  return (await Promise.all(runs)) as unknown as T
}

class CommonRounds {
  readonly #party: Party
  #running: number
  #waiting: Waiting[] = []
  failure: { readonly error: unknown } | undefined

  constructor(party: Party, programs: number) {
    this.#party = party
    this.#running = programs
  }

  async run<T>(place: number, program: Program<T>): Promise<T> {
    const rounds = {
      exchange: (part: RoundPart): Promise<void> =>
        new Promise((resolve, reject) => {
          this.#waiting.push({ place, part, resolve, reject })
          this.#proceed()
        }),
    }
    try {
      return await program({ ...this.#party, rounds })
    } catch (error) {
      this.failure ??= { error }
      throw error
    } finally {
      this.#running--
      this.#proceed()
    }
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
