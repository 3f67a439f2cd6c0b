/**
 * Measures how long others were silent while this process was listening. Time in which it computed, and
 * so could not have noticed anything, does not count: the clock ticks in slices of an eighth of the time
 * allowed, and a slice whose end was noticed far too late is not counted at all.
 *
 * One timer for all who are watched, and none while nobody is: to begin and to end a watch costs no more
 * than to note it.
 */
const SLICES = 8

/** Somebody who is waited for. */
export interface Watched {
  /** Called once: it was silent for all the time allowed. */
  overdue(): void
}

export class SilenceClock {
  readonly #timeoutMs: number
  readonly #sliceMs: number
  /** For each who is watched, the time listened when that began. */
  readonly #watched = new Map<Watched, number>()
  /** Milliseconds listened, up to the last tick. */
  #listened = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#sliceMs = Math.ceil(timeoutMs / SLICES)
  }

  /** Watches it from now on, also if it was watched before. */
  start(watched: Watched): void {
    const now = performance.now()
    if (this.#timer === undefined) this.#tickIn(this.#sliceMs, now)
    this.#watched.set(watched, this.#listened + now - this.#lastTick)
  }

  /** It has been heard of, or nobody waits for it any more. */
  stop(watched: Watched): void {
    this.#watched.delete(watched)
  }

  /** For how many milliseconds it has been waited for; 0 if it is not. */
  waited(watched: Watched): number {
    const since = this.#watched.get(watched)
    if (since === undefined) return 0
    return Math.max(0, this.#listened + performance.now() - this.#lastTick - since)
  }

  #tickIn(ms: number, now: number): void {
    this.#lastTick = now
    this.#timer = setTimeout(() => this.#tick(ms), ms)
  }

  #tick(ms: number): void {
    this.#timer = undefined
    const now = performance.now()
    const passed = now - this.#lastTick
    if (passed <= ms + this.#sliceMs) this.#listened += passed
    this.#lastTick = now
    let left = this.#sliceMs
    for (const [watched, since] of this.#watched) {
      const itsLeft = this.#timeoutMs - (this.#listened - since)
      if (itsLeft > 0) {
        left = Math.min(left, Math.ceil(itsLeft))
      } else {
        this.#watched.delete(watched)
        watched.overdue()
      }
    }
    if (this.#watched.size > 0 && this.#timer === undefined) this.#tickIn(left, now)
  }
}
