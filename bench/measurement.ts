/** One line of a benchmark's result, as JSON: what `--json` prints and `compare.ts` reads. */
import { z } from 'zod'

/** Seconds that a run cannot do without, by part: see limit.ts. */
const LIMIT_PARTS = z.object({
  kernels: z.number(),
  keystream: z.number(),
  encryption: z.number(),
  socket: z.number(),
  /** SHA-256 of all that is sent and received. Lines from before it was a part have it apart. */
  transcript: z.number().optional(),
})

const TIMES = z.array(z.number().positive())

const MEASUREMENT = z.object({
  name: z.string().min(1),
  /** Which engine and security: `passive` is ours against semi-honest parties. */
  mode: z.string().min(1),
  parties: z.int().positive(),
  /** Rows, operations or bytes: what the benchmark counts. */
  n: z.int().positive(),
  /** What the parties' connections were made to be; absent: as they are on this machine. */
  link: z
    .object({ roundTripMs: z.number().positive(), megabits: z.number().positive() })
    .optional(),
  /** Timed runs. */
  repeat: z.int().positive(),
  /** Median of the timed runs, each that of the slowest party. */
  seconds: z.number().positive(),
  /** Each timed run, in order. Lines from before there were samples have none. */
  samples: TIMES.optional(),
  /** The run before the timed ones, with code that is not compiled yet. */
  firstSeconds: z.number().positive().optional(),
  /** Median of the processor time of the party that spends most, all its threads. */
  cpuSeconds: z.number().nonnegative().optional(),
  cpuSamples: z.array(z.number().nonnegative()).optional(),
  /** Payload bytes sent by the party that sends most. */
  bytesPerParty: z.number().nonnegative(),
  /** Absent where an engine does not tell. */
  rounds: z.number().nonnegative().optional(),
  /** Largest resident memory of the largest party, making of the data included. */
  rssBytes: z.number().nonnegative(),
  /** Sum of the limit's parts. */
  limitSeconds: z.number().positive().optional(),
  limit: LIMIT_PARTS.optional(),
})

export type Measurement = Readonly<z.infer<typeof MEASUREMENT>>
export type LimitParts = Readonly<z.infer<typeof LIMIT_PARTS>>

/** Which measurements can be set side by side: the same work by the same kind of engine. */
export function keyOf({ name, mode, parties, n, link }: Measurement): string {
  const slow = link === undefined ? '' : `, ${link.roundTripMs} ms, ${link.megabits} Mbit/s`
  return `${name} (${mode}, ${parties} parties, n = ${n.toLocaleString('en-US')}${slow})`
}

/**
 * Reads the lines of a run.
 * @param source named in errors
 * @throws Error naming source, line and field of the first line that is none; or if there are none at all
 */
export function parseMeasurements(text: string, source: string): Measurement[] {
  const measurements = text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return []
    const place = `${source}, line ${i + 1}`
    const read = MEASUREMENT.safeParse(jsonOf(line, place))
    if (read.success) return [read.data]
    const { path, message } = read.error.issues[0]!
    throw new Error(`${place}: ${path.length === 0 ? '' : `${path.join('.')}: `}${message}`)
  })
  if (measurements.length === 0) throw new Error(`${source} has no measurements`)
  return measurements
}

function jsonOf(line: string, place: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Error(`${place}: this is no JSON`)
  }
}
