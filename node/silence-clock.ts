/**
 * Measures how long nothing came while this process was listening. Time in which the process computed,
 * and so could not have noticed anything, does not count: the wait is cut into slices, and a slice
 * whose timer fired far too late is not counted at all.
 */
const SLICES = 8

export class SilenceClock {
  readonly #sliceMs: number
  #left = SLICES
  #since = 0

  constructor(timeoutMs: number) {
    this.#sliceMs = Math.ceil(timeoutMs / SLICES)
  }

  /** Starts the next slice. @returns how many milliseconds to wait for */
  start(): number {
    this.#since = performance.now()
    return this.#sliceMs
  }

  /** Counts the slice that has just passed in vain. @returns whether the time is up */
  isOver(): boolean {
    const late = performance.now() - this.#since > 2 * this.#sliceMs
    if (!late) this.#left--
    return this.#left <= 0
  }
}
