/**
 * How often V8 collects garbage. A job's messages pass through buffers outside V8's heap (frames, ciphertext,
 * keystream), each used once. V8 counts them against a limit that it derives from the heap, and the heap
 * of a node is small: so it marks the whole heap several times a job, on all cores, to free what the next
 * scavenge would have freed.
 *
 * Cost: the heap may grow to six times what is alive before it is marked; 20 to 40 MB of resident memory at
 * a million rows. Gain: more than half of a node's processor time there (bench/RESULTS.md).
 */
import { setFlagsFromString } from 'node:v8'

/** In percent of what is alive after a collection. */
const GROWTH = 500

/**
 * Lets the heap of this process grow further between collections. V8 reads the flag at each collection,
 * so it may be set while it runs; a V8 that does not know it says so on stderr and
 * goes on as before.
 */
export function collectLessOften(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`)
}
