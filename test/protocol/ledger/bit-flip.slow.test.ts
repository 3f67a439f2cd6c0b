import { describe, expect, it } from 'vitest'

import { audit, type AuditInput } from '../../../protocol/ledger/audit.ts'
import { type VerifySignature, verifyEd25519 } from '../../../protocol/ledger/note.ts'

import { hash } from './hash.ts'
import { sampleLedger } from './sample-ledger.ts'
import { KEYS, PLAN, TRAFFIC } from './sample.ts'

/**
 * Verifies each (signature, message, key) once. Flips of the checkpoint make new ones every time and
 * are verified in earnest; flips elsewhere leave its signature as it is.
 */
const known = new Map<string, boolean>()
const verify: VerifySignature = (signature, message, publicKey) => {
  const key = [signature, message, publicKey].map((b) => Buffer.from(b).toString('latin1')).join()
  const good = known.get(key) ?? verifyEd25519(signature, message, publicKey)
  if (good) known.set(key, good)
  return good
}

describe('one flipped bit', () => {
  it('anywhere in the ledger’s files is found', async () => {
    const { files } = await sampleLedger()
    const vkeyOf = ({ vkey }: { readonly vkey: string }) => vkey
    const pairs = [1, 2, 3].flatMap((from) =>
      [1, 2, 3].filter((to) => to !== from).map((to) => Object.assign({ from, to }, TRAFFIC)),
    )
    const current = new Map<string, Uint8Array>()
    for (const path of await files.list('')) current.set(path, (await files.read(path))!)
    const input: AuditInput = {
      files: { read: (path) => Promise.resolve(current.get(path)) },
      keys: {
        log: KEYS.log.vkey,
        coordinator: KEYS.coordinator.vkey,
        shareNodes: KEYS.shareNodes.map(vkeyOf),
        mpcNodes: KEYS.mpcNodes.map(vkeyOf),
        repositories: KEYS.repositories.map(vkeyOf),
        queriers: [KEYS.querier.vkey],
      },
      hash,
      verify,
      compile: () => PLAN,
      schedule: () => pairs,
      stopAtFirst: true,
    }
    expect((await audit(input)).ok).toBe(true)

    const unnoticed: string[] = []
    const foundBy = new Map<string, number>()
    for (const [path, bytes] of current) {
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const mask = 1 << (bit & 7)
        bytes[bit >> 3]! ^= mask
        const { firstFailure } = await audit(input)
        bytes[bit >> 3]! ^= mask
        const by = firstFailure?.id ?? 'nobody'
        foundBy.set(by, (foundBy.get(by) ?? 0) + 1)
        if (firstFailure === undefined) unnoticed.push(`${path} bit ${bit}`)
      }
    }
    expect(unnoticed).toEqual([])
    const bits = [...current.values()].reduce((sum, { length }) => sum + length * 8, 0)
    expect([...foundBy.values()].reduce((a, b) => a + b)).toBe(bits)
    // Each kind of file is guarded by its own check.
    expect([...foundBy.keys()].toSorted()).toEqual(['checkpoint', 'entries', 'tree'])
    expect((await audit(input)).ok).toBe(true)
  }, 300_000)
})
