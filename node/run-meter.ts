/** Measures a run of a plan at one node, by its own clock: what EXPLAIN ANALYZE shows (protocol/run-figures.ts). */
import type { ExecuteHooks, Progress } from '../protocol/execute.ts'
import type { RunFigures } from '../protocol/run-figures.ts'

/** Parts of a node's job that follow each other. */
type Stage = 'columnsMicros' | 'executeMicros' | 'sealMicros'

export class RunMeter {
  readonly #now: () => number
  readonly #operators: number[]
  /** When what runs has begun, by operator and batch: one operator may load ahead. */
  readonly #begun = new Map<string, number>()
  readonly #stages = { columnsMicros: 0, executeMicros: 0, sealMicros: 0 }
  #stageBegan: number
  #rounds = 0
  #roundsMs = 0
  #roundBegan = 0

  /**
   * @param operators of the plan, their number
   * @param now milliseconds
   */
  constructor(operators: number, now: () => number) {
    this.#now = now
    this.#operators = Array.from({ length: operators }, () => 0)
    this.#stageBegan = now()
  }

  /** A stage has ended, the next one begins. */
  ended(stage: Stage): void {
    const now = this.#now()
    this.#stages[stage] = micros(now - this.#stageBegan)
    this.#stageBegan = now
  }

  /** For `execute`. @param onProgress called besides */
  hooks(onProgress: (progress: Progress) => void): ExecuteHooks {
    const keyOf = ({ op, stage }: Progress): string => `${op} ${stage}`
    return {
      progress: (at) => {
        this.#begun.set(keyOf(at), this.#now())
        onProgress(at)
      },
      ended: (at) => {
        this.#operators[at.op]! += this.#now() - this.#begun.get(keyOf(at))!
        this.#begun.delete(keyOf(at))
      },
      round: (when) => {
        if (when === 'begins') this.#roundBegan = this.#now()
        else this.#roundsMs += this.#now() - this.#roundBegan
        if (when === 'begins') this.#rounds++
      },
    }
  }

  figures(columns: Pick<RunFigures, 'warmColumns' | 'dealtColumns'>): RunFigures {
    return {
      ...columns,
      ...this.#stages,
      rounds: this.#rounds,
      roundsMicros: micros(this.#roundsMs),
      operatorMicros: this.#operators.map(micros),
    }
  }
}

const micros = (ms: number): number => Math.max(0, Math.round(1000 * ms))
