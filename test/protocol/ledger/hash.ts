/** SHA-256 of node:crypto, for the tests that hash a lot. */
import { createHash } from 'node:crypto'

import type { Hash } from '../../../shares/hash.ts'

export const hash: Hash = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
}
