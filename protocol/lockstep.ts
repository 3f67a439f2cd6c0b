/**
 * Runs operators side by side and gives them common rounds: a round goes out when every running operator
 * either waits for one or has ended. So independent operators cost as many rounds as the longest of them,
 * not as all together, and a peer gets one message a round.
 *
 * Nothing here depends on time. An operator awaits its rounds, which all parties count alike (round.ts),
 * and what it reads from its own node; who shares a round with whom is therefore the same at all parties.
 * Security is that of the operators: each has its own pads (its own tags), so a common round is what
 * theirs would be one after the other. Cost: no more than one operator alone has, if it is alone.
 */
import type { RoundPart, Rounds } from './round.ts'

/** Runs one operator, with these rounds. */
export type Program = (rounds: Rounds) => Promise<void>

/** Does a round for all parts; they are in the order of their operators, then in that of the programs. */
export type DoRound = (parts: readonly RoundPart[]) => Promise<void>

/**
 * Runs programs until there are no more.
 * @param ready the programs that can start by now, each handed out once; asked whenever all that run wait
 *   or have ended, so that who is ready does not depend on who was faster
 * @throws what the first program to fail has thrown, when all have ended; the others' next rounds fail
 */
export function inLockstep(doRound: DoRound, ready: () => readonly Program[]): Promise<void> {
  return new Promise((resolve, reject) => {
    new Lockstep(doRound, ready, resolve, reject).proceed()
  })
}

/** A program that waits for a round. */
interface Waiting {
  readonly place: number
  readonly part: RoundPart
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

class Lockstep {
  readonly #do: DoRound
  readonly #ready: () => readonly Program[]
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  #started = 0
  #running = 0
  #waiting: Waiting[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(
    doRound: DoRound,
    ready: () => readonly Program[],
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#do = doRound
    this.#ready = ready
    this.#resolve = resolve
    this.#reject = reject
  }

  /** Goes on if nobody is busy: starts what is ready, or else does a round, or else ends. */
  proceed(): void {
    if (this.#failure !== undefined) {
      for (const { reject } of this.#waiting.splice(0)) reject(this.#failure.error)
      if (this.#running === 0) this.#reject(this.#failure.error)
      return
    }
    if (this.#waiting.length < this.#running || this.#startMore()) return
    if (this.#running === 0) this.#resolve()
    else this.#doRound()
  }

  /** @returns whether there was anything to start */
  #startMore(): boolean {
    const programs = this.#ready()
    // All are counted before the first runs, so that it does not find itself alone.
    this.#running += programs.length
    for (const program of programs) {
      const place = this.#started++
      program({ exchange: (part) => this.#exchange(place, part) }).then(
        () => this.#end(),
        (error: unknown) => this.#end({ error }),
      )
    }
    return programs.length > 0
  }

  #exchange(place: number, part: RoundPart): Promise<void> {
    // The short way of a program that is alone.
    if (this.#running === 1 && this.#failure === undefined && !this.#startMore()) {
      return this.#do([part])
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ place, part, resolve, reject })
      this.proceed()
    })
  }

  #end(failure?: { readonly error: unknown }): void {
    this.#running--
    this.#failure ??= failure
    this.proceed()
  }

  #doRound(): void {
    const waiting = this.#waiting
      .splice(0)
      .toSorted((a, b) => a.part.tag.op - b.part.tag.op || a.place - b.place)
    this.#do(waiting.map(({ part }) => part)).then(
      () => waiting.forEach(({ resolve }) => resolve()),
      (error: unknown) => waiting.forEach(({ reject }) => reject(error)),
    )
  }
}
