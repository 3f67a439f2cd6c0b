/**
 * What a node must never do twice, on disk: nonces of requests until they expire, and (job, attempt)
 * pairs for ever. A key is there, durably, before `recordOnce` says that it was not there before; so
 * after kill -9 at any moment a key may have been recorded in vain, but is never admitted twice.
 */
import { ShareholdError } from '../../shares/errors.ts'

import { openDatabase, SYNCED, type BatchOperation, type Database } from './level-database.ts'
import { serial } from './serial.ts'

const FOR_EVER = 0
const LONGEST_KEY = 4096
/** Expired keys are removed once in so many recordings, and when the journal is opened. */
const SWEEP_EVERY = 1000

export interface Journal {
  /**
   * Records a key.
   *
   * @param expiresAtMs until when it has to be remembered, milliseconds since 1970; absent: for ever
   * @returns false if the key is recorded already and has not expired, whoever recorded it
   */
  recordOnce(key: string, expiresAtMs?: number): Promise<boolean>
  /** Whether a key is recorded and has not expired. */
  has(key: string): Promise<boolean>
  close(): Promise<void>
}

/**
 * Opens, or makes, the journal in a directory.
 *
 * @param now milliseconds since 1970
 * @throws ShareholdError SH_STORE_UNAVAILABLE
 */
export async function openJournal(directory: string, now: () => number): Promise<Journal> {
  const database = await openDatabase(directory)
  const serially = serial()
  let recordings = 0

  const has = async (bytes: Uint8Array): Promise<boolean> => {
    const found = await database.get(bytes)
    return found !== undefined && !isExpired(found, now())
  }

  await sweep(database, now())
  return {
    async recordOnce(key, expiresAtMs = FOR_EVER) {
      const bytes = keyBytes(key)
      if (expiresAtMs !== FOR_EVER && !(expiresAtMs > 0 && Number.isFinite(expiresAtMs))) {
        throw new RangeError('an expiry is a time in milliseconds')
      }
      return serially(async () => {
        if (await has(bytes)) return false
        await database.put(bytes, expiryBytes(expiresAtMs), SYNCED)
        if (++recordings % SWEEP_EVERY === 0) await sweep(database, now())
        return true
      })
    },
    has: (key) => has(keyBytes(key)),
    close: () => serially(() => database.close()),
  }
}

async function sweep(database: Database, nowMs: number): Promise<void> {
  const batch: BatchOperation[] = []
  for await (const [key, value] of database.iterator()) {
    if (isExpired(value, nowMs)) batch.push({ type: 'del', key })
  }
  if (batch.length > 0) await database.batch(batch)
}

function isExpired(value: Uint8Array, nowMs: number): boolean {
  if (value.length !== 8) {
    throw new ShareholdError('SH_STORE_CORRUPT', 'The journal holds a malformed record.')
  }
  const expiry = new DataView(value.buffer, value.byteOffset).getFloat64(0)
  return expiry !== FOR_EVER && expiry <= nowMs
}

function expiryBytes(expiresAtMs: number): Uint8Array {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setFloat64(0, expiresAtMs)
  return out
}

function keyBytes(key: string): Uint8Array {
  if (key === '' || key.length > LONGEST_KEY || !key.isWellFormed()) {
    throw new RangeError(`a journal key has 1 to ${LONGEST_KEY} characters`)
  }
  return new TextEncoder().encode(key)
}
