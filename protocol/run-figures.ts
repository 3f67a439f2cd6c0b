/**
 * What a node measures while it runs a plan, for EXPLAIN ANALYZE. By the node's own clock, and unsigned: nobody could
 * check it, so it has no place in a report or in the ledger. It tells nothing of the data: what a node does, and
 * when, follows from the plan and its parameters, and its clock besides from how busy machines and lines are.
 */
import { z } from 'zod'

import { canonicalJson } from './canonical-json.ts'

const count = z.int().min(0)
/** Microseconds. */
const micros = z.int().min(0)

export const RunFigures = z.strictObject({
  /** In which the node sends or receives anything. */
  rounds: count,
  /** Columns that were kept from an earlier job, and such as were dealt for this one. */
  warmColumns: count,
  dealtColumns: count,
  /** Until the columns were there that are not loaded on the way. */
  columnsMicros: micros,
  /** From the first operator to the last. */
  executeMicros: micros,
  /** Of that: from the start of each round to its end, with what is computed meanwhile. */
  roundsMicros: micros,
  sealMicros: micros,
  /** Of each operator: from its start to its end in each batch. Those that share rounds wait for each other. */
  operatorMicros: z.array(micros).max(65_535).readonly(),
})

export type RunFigures = z.infer<typeof RunFigures>

/** As one text, for a message. */
export function encodeFigures(figures: RunFigures): string {
  return canonicalJson(figures)
}

/** @returns undefined if it is not such a text: figures are worth no quarrel */
export function decodeFigures(text: string): RunFigures | undefined {
  try {
    return RunFigures.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
