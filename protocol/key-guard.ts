/**
 * Watches a Prg: a pseudo-random range that is used twice under one key would be a two-time pad, so
 * the guard refuses it. On in every test; it remembers every range, so it costs
 * memory in proportion to the rounds of a job.
 */
import { ShareholdError } from '../shares/errors.ts'
import type { Prg } from '../shares/prg.ts'

const BLOCK_BYTES = 16

/** Blocks from..to-1 of the stream of one (key, counter). */
interface BlockRange {
  readonly from: number
  readonly to: number
}

/**
 * The same Prg, which throws SH_PROTOCOL_KEY_REUSE when a (key, IV range) is asked for again.
 * @param prg must count with the last 32 bits of the IV, as AES-128-CTR does
 */
export function guardReuse(prg: Prg): Prg {
  const used = new Map<string, BlockRange[]>()
  return {
    fill(key, iv, out) {
      const last = new DataView(iv.buffer, iv.byteOffset, iv.byteLength).getUint32(12)
      const range = { from: last, to: last + Math.ceil(out.length / BLOCK_BYTES) }
      if (range.to > 2 ** 32) throw reuse('the block counter would wrap around')
      const stream = `${key.join()}/${iv.subarray(0, 12).join()}`
      const before = used.get(stream) ?? []
      if (before.some((other) => range.from < other.to && other.from < range.to)) {
        throw reuse('the range was used before')
      }
      before.push(range)
      used.set(stream, before)
      prg.fill(key, iv, out)
    },
  }
}

/** No key and no counter in the message: it may end in a log. */
function reuse(why: string): ShareholdError {
  return new ShareholdError('SH_PROTOCOL_KEY_REUSE', `Pseudo-random range refused: ${why}.`)
}
