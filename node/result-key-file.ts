/**
 * A file that keeps a querier's result key, so that sealed results can be opened again. Whoever reads the file can open
 * all results that were sealed to it: the sealed outputs are public, and there is no forward secrecy (protocol/seal.ts).
 *
 *     RESULT+KEY+1+<64 hex digits>     mode 0600
 */
import { resultKeyOf } from '../protocol/seal.ts'
import type { ResultKey } from '../protocol/seal.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexBytes, hexOf } from '../shares/hex.ts'

import { createPrivateFile, readPrivateFile } from './keys.ts'

const TEXT = /^RESULT\+KEY\+1\+([0-9a-f]{64})$/u

/**
 * The key in the file; makes both if there is no file yet, and its directory (0700).
 *
 * @param rng cryptographic randomness
 * @throws ShareholdError SH_KEYS_UNREADABLE, SH_KEYS_INVALID; SH_KEYS_PERMISSIONS if group or others have any right on it
 */
export async function keptResultKey(
  file: string,
  rng: (bytes: number) => Uint8Array,
): Promise<ResultKey> {
  try {
    const secretKey = rng(32)
    await createPrivateFile(file, `RESULT+KEY+1+${hexOf(secretKey)}\n`)
    return resultKeyOf(secretKey)
  } catch (error) {
    if (!(error instanceof ShareholdError) || error.code !== 'SH_KEYS_EXISTS') throw error
  }
  const match = TEXT.exec(await readPrivateFile(file))
  if (match !== null) return resultKeyOf(hexBytes(match[1]!))
  throw new ShareholdError('SH_KEYS_INVALID', `${file} does not hold a result key.`, {
    hint: 'Give the path of a file that --result-key has made, or of none: it will be made.',
  })
}
