/**
 * Window functions over the rows of an answer: `rank() OVER (PARTITION BY borough ORDER BY COUNT(*) DESC)`. Computed by the
 * querier from the values that are opened, so they cost the nodes nothing and reveal nothing more.
 *
 * A row of which something that the call reads is suppressed takes no part, and neither does one of which everything is: it
 * may be no row of PostgreSQL's at all. Its own value is then suppressed; others are as if it were not there.
 *
 * Source: PostgreSQL 18, windowfuncs.c and the default frames of nodeWindowAgg.c.
 */
import { compareBy } from './answer-order.ts'
import type { CellValue } from './answer-order.ts'
import type { AnswerWindow } from './answer-spec.ts'
import { compareValues, formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { addNumeric, divideNumeric, numericFromInteger } from './numeric.ts'
import type { Numeric } from './numeric.ts'

/** What a call reads of a row that takes part. */
export interface WindowRow {
  readonly argument: Value | null
  readonly otherwise: Value | null
  readonly partition: readonly (Value | null)[]
  readonly order: readonly (Value | null)[]
}

/** The value of each row. @param rows undefined where one takes no part */
export function windowValues(
  window: AnswerWindow,
  rows: readonly (WindowRow | undefined)[],
): readonly CellValue[] {
  const values: CellValue[] = rows.map(() => undefined)
  const partitions = new Map<string, number[]>()
  rows.forEach((row, at) => {
    if (row === undefined) return
    const name = JSON.stringify(row.partition.map(nameOf))
    const known = partitions.get(name)
    if (known === undefined) partitions.set(name, [at])
    else known.push(at)
  })
  for (const places of partitions.values()) {
    // Stable: what ties stays in the order of the answer's rows.
    const sorted = places.toSorted((a, b) =>
      compareBy(window.orderBy, rows[a]!.order, rows[b]!.order),
    )
    const own = ofPartition(
      window,
      sorted.map((at) => rows[at]!),
    )
    sorted.forEach((at, k) => (values[at] = own[k]!))
  }
  return values
}

/** Equal values have one name: 1.5 and 1.50. */
function nameOf(value: Value | null): string | null {
  if (value === null) return null
  const text = formatValue(value)
  return value.type === 'numeric' && text.includes('.') ? text.replace(/\.?0+$/u, '') : text
}

function ofPartition(window: AnswerWindow, rows: readonly WindowRow[]): readonly (Value | null)[] {
  const isPeer = (k: number): boolean =>
    k > 0 && compareBy(window.orderBy, rows[k - 1]!.order, rows[k]!.order) === 0
  const whole = (value: number): Value => ({ type: 'bigint', value: BigInt(value) })
  switch (window.function) {
    case 'row_number':
      return rows.map((_, k) => whole(k + 1))
    case 'rank':
    case 'dense_rank': {
      let [rank, dense] = [0, 0]
      return rows.map((_, k) => {
        if (!isPeer(k)) {
          rank = k + 1
          dense++
        }
        return whole(window.function === 'rank' ? rank : dense)
      })
    }
    case 'lag':
    case 'lead':
      return rows.map((row, k) => {
        const other = rows[k - window.by]
        return other === undefined ? row.otherwise : other.argument
      })
    case 'first_value':
      return rows.map(() => rows[0]!.argument)
    case 'last_value':
      return frames(window, rows, isPeer, (row) => row.argument)
    case 'count':
    case 'sum':
    case 'avg':
    case 'min':
    case 'max': {
      const state = new RunningAggregate(window)
      return frames(window, rows, isPeer, (row) => state.add(row.argument))
    }
  }
}

/** What `step` gives at the last row of each row's frame. @param step called once a row, in order */
function frames(
  { frame }: AnswerWindow,
  rows: readonly WindowRow[],
  isPeer: (k: number) => boolean,
  step: (row: WindowRow) => Value | null,
): readonly (Value | null)[] {
  const upTo = rows.map(step)
  if (frame === 'rows') return upTo
  if (frame === 'partition') return rows.map(() => upTo.at(-1)!)
  const values = [...upTo]
  for (let k = rows.length - 2; k >= 0; k--) if (isPeer(k + 1)) values[k] = values[k + 1]!
  return values
}

/** An aggregate of the values so far; NULLs do not count. */
class RunningAggregate {
  readonly #window: AnswerWindow
  #count = 0n
  #integer = 0n
  #numeric: Numeric = numericFromInteger(0n)
  #extreme: Value | null = null

  constructor(window: AnswerWindow) {
    this.#window = window
  }

  /** Without an argument, rows are counted. */
  add(value: Value | null): Value | null {
    const { argument, function: name } = this.#window
    if (value !== null || argument === undefined) this.#count++
    if (value !== null) {
      if (value.type === 'integer' || value.type === 'bigint') {
        this.#integer += value.value
        this.#numeric = addNumeric(this.#numeric, numericFromInteger(value.value))
      } else if (value.type === 'numeric') {
        this.#numeric = addNumeric(this.#numeric, value.value)
      }
      const order = this.#extreme === null ? 0 : compareValues(value, this.#extreme)
      const isFurther = name === 'max' ? order > 0 : order < 0
      if (this.#extreme === null || isFurther) this.#extreme = value
    }
    if (name === 'count') return { type: 'bigint', value: this.#count }
    if (this.#count === 0n) return null
    if (name === 'sum') {
      return this.#window.type === 'bigint'
        ? { type: 'bigint', value: this.#integer }
        : { type: 'numeric', value: this.#numeric }
    }
    if (name === 'avg') {
      const count = numericFromInteger(this.#count)
      return { type: 'numeric', value: divideNumeric(this.#numeric, count) }
    }
    return this.#extreme
  }
}
