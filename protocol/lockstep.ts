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
import type { Channel } from './party.ts'
import { commonRound, type RoundPart, type Rounds } from './round.ts'

/** Runs one operator, with these rounds. */
export type Program = (rounds: Rounds) => Promise<void>

/**
 * Runs programs until there are no more.
 * @param ready the programs that can start by now, each handed out once; asked whenever all that run wait
 *   or have ended, so that who is ready does not depend on who was faster
 * @throws what the first program to fail has thrown, when all have ended; the others' next rounds fail
 */
export function inLockstep(channel: Channel, ready: () => readonly Program[]): Promise<void> {
  return new Promise((resolve, reject) => {
    new Lockstep(channel, ready, resolve, reject).proceed()
  })
}

/** A program that waits for a round. */
interface Waiting {
  readonly part: RoundPart
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

class Lockstep implements Rounds {
  readonly #channel: Channel
  readonly #ready: () => readonly Program[]
  readonly #resolve: () => void
  readonly #reject: (error: unknown) => void
  #running = 0
  #waiting: Waiting[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(
    channel: Channel,
    ready: () => readonly Program[],
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#channel = channel
    this.#ready = ready
    this.#resolve = resolve
    this.#reject = reject
  }

  exchange(part: RoundPart): Promise<void> {
    // The short way of an operator that is alone.
    if (this.#running === 1 && this.#failure === undefined && !this.#startMore()) {
      return commonRound(this.#channel, [part])
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ part, resolve, reject })
      this.proceed()
    })
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
      program(this).then(
        () => this.#end(),
        (error: unknown) => this.#end({ error }),
      )
    }
    return programs.length > 0
  }

  #end(failure?: { readonly error: unknown }): void {
    this.#running--
    this.#failure ??= failure
    this.proceed()
  }

  #doRound(): void {
    const waiting = this.#waiting.splice(0)
    const parts = waiting.map(({ part }) => part).toSorted((a, b) => a.tag.op - b.tag.op)
    commonRound(this.#channel, parts).then(
      () => waiting.forEach(({ resolve }) => resolve()),
      (error: unknown) => waiting.forEach(({ reject }) => reject(error)),
    )
  }
}
