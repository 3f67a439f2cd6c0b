/** Hash and Prg from noble, for tests of the pure floors. */
import { sha256 } from '@noble/hashes/sha2.js'

import type { Hash } from '../../shares/hash.ts'

export const hash: Hash = { sha256: (bytes) => sha256(bytes) }
