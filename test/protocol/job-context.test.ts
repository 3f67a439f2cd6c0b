import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { prg } from '../../node/crypto.ts'
import { execute } from '../../protocol/execute.ts'
import {
  deriveJobKeys,
  jobContext,
  type JobContextParts,
  keyCommitment,
  type MasterKeys,
} from '../../protocol/job-context.ts'
import { guardReuse } from '../../protocol/key-guard.ts'
import { MemoryNetwork } from '../../protocol/memory-channel.ts'
import type { KeyUse } from '../../protocol/party.ts'
import { agreeOnKeys } from '../../protocol/setup.ts'
import { encodeTuple } from '../../protocol/tuple.ts'
import { committee as committeeOf, parties } from '../../shares/committee.ts'
import { ivOf } from '../../shares/prg.ts'
import { seededRng } from '../shares/noble.ts'

import { runAll, settleAll } from './parties.ts'
import { randomCase } from './random-plan.ts'
import { plainSource } from './run-plan.ts'

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

const PARTS: JobContextParts = {
  signedQuery: bytes(40, 1),
  planHash: bytes(32, 2),
  paramsHash: bytes(32, 3),
  inputRoots: [bytes(32, 4), bytes(32, 5)],
  committee: ['node1', 'node2', 'node3'],
  attempt: 1,
  nonces: [bytes(32, 6), bytes(32, 7), bytes(32, 8)],
}

async function masters(n: number, seed: number | string = 0): Promise<MasterKeys[]> {
  const committee = committeeOf(n)
  const network = new MemoryNetwork(n)
  return runAll(parties(committee), network, (index) =>
    agreeOnKeys(committee, index, network.channel(index), bytes(1, 1), seededRng(index, seed)),
  )
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

describe('encodeTuple', () => {
  test('different tuples have different encodings', () => {
    const part = fc.oneof(fc.string(), fc.uint8Array({ maxLength: 5 }))
    fc.assert(
      fc.property(fc.array(part), fc.array(part), (a, b) => {
        const plain = (tuple: (string | Uint8Array)[]) =>
          JSON.stringify(tuple.map((x) => hex(typeof x === 'string' ? Buffer.from(x) : x)))
        expect(hex(encodeTuple(a)) === hex(encodeTuple(b))).toBe(plain(a) === plain(b))
      }),
    )
  })

  test('numbers that do not fit are refused', () => {
    for (const value of [-1, 0.5, 2 ** 32, 2n ** 64n, -1n]) {
      expect(() => encodeTuple([value])).toThrow(RangeError)
    }
  })
})

describe('jobContext', () => {
  test('every part changes it: another plan under the same job is another context', () => {
    const variants: JobContextParts[] = [
      PARTS,
      { ...PARTS, signedQuery: bytes(41, 1) },
      { ...PARTS, planHash: bytes(32, 9) },
      { ...PARTS, paramsHash: bytes(32, 9) },
      { ...PARTS, inputRoots: [bytes(64, 4)] },
      { ...PARTS, inputRoots: [bytes(32, 5), bytes(32, 4)] },
      { ...PARTS, committee: ['node1', 'node3', 'node2'] },
      { ...PARTS, committee: ['node1n', 'ode2', 'node3'] },
      { ...PARTS, attempt: 2 },
      { ...PARTS, nonces: [bytes(32, 6), bytes(32, 7), bytes(32, 9)] },
    ]
    const contexts = variants.map((parts) => hex(jobContext(parts)))
    expect(new Set(contexts).size).toBe(variants.length)
  })

  test('a missing or short nonce is refused', () => {
    expect(() => jobContext({ ...PARTS, nonces: PARTS.nonces.slice(1) })).toThrow(RangeError)
    expect(() =>
      jobContext({ ...PARTS, nonces: [...PARTS.nonces.slice(1), bytes(31, 1)] }),
    ).toThrow(RangeError)
  })
})

describe.each([3, 5, 7])('keys of %i parties', (n) => {
  const uses: KeyUse[] = [
    'prss',
    'przs',
    'deal',
    'input-bits',
    'and',
    'b2a',
    'open',
    'reshare',
    'transcript',
  ]

  test('members agree on every key, others hold none, and all are distinct', async () => {
    const all = (await masters(n)).map((master) => ({
      master,
      keys: deriveJobKeys(master, jobContext(PARTS)),
    }))
    const committee = committeeOf(n)
    const seen = new Map<string, string>()
    const note = (key: Uint8Array, name: string): void => {
      expect(key).toHaveLength(16)
      expect(seen.get(hex(key)) ?? name).toBe(name)
      seen.set(hex(key), name)
    }
    for (const { master, keys } of all) {
      for (const use of uses) {
        for (let dealer = 1; dealer <= n; dealer++) {
          committee.sets.forEach((set, index) => {
            const name = `set ${index} ${use} ${dealer}`
            if (set.includes(master.index)) note(keys.set(index, use, dealer), name)
            else expect(() => keys.set(index, use, dealer)).toThrow(RangeError)
          })
          for (const peer of parties(committee)) {
            if (peer === master.index) {
              expect(() => keys.pair(peer, use, dealer)).toThrow(RangeError)
              continue
            }
            const [low, high] = [peer, master.index].toSorted((a, b) => a - b)
            note(keys.pair(peer, use, dealer), `pair ${low} ${high} ${use} ${dealer}`)
          }
        }
      }
    }
    const pairs = (n * (n - 1)) / 2
    expect(seen.size).toBe(uses.length * n * (committee.sets.length + pairs))
  })

  test('another context gives other keys and other commitments; members commit alike', async () => {
    const [first, second] = await masters(n)
    const shared = committeeOf(n).sets.findIndex((set) => set.includes(1) && set.includes(2))
    const [a, b] = [jobContext(PARTS), jobContext({ ...PARTS, attempt: 2 })]
    expect(keyCommitment(first!, shared, a)).toEqual(keyCommitment(second!, shared, a))
    expect(keyCommitment(first!, shared, a)).not.toEqual(keyCommitment(first!, shared, b))
    expect(deriveJobKeys(first!, a).set(shared, 'and', 1)).not.toEqual(
      deriveJobKeys(first!, b).set(shared, 'and', 1),
    )
    expect(deriveJobKeys(first!, a).pair(2, 'deal', 1)).not.toEqual(
      deriveJobKeys(first!, b).pair(2, 'deal', 1),
    )
  })

  test('a leader who hands out different keys is found out', async () => {
    const committee = committeeOf(n)
    // Party 1 leads the first set; the copy of its last member is altered on its way.
    const victim = committee.sets[0]!.at(-1)!
    const network = new MemoryNetwork(n, (message) => {
      if (message.from !== 1 || message.to !== victim || message.tag.step !== 0) return message
      const payload = message.payload.slice()
      payload[3]! ^= 1
      return { ...message, payload }
    })
    const ends = await settleAll(parties(committee), network, (index) =>
      agreeOnKeys(committee, index, network.channel(index), bytes(1, 1), seededRng(index)),
    )
    for (const member of committee.sets[0]!) {
      expect(ends[member - 1]).toMatchObject({ reason: { code: 'SH_PROTOCOL_SETUP' } })
    }
  })

  test('parties of different sessions do not agree', async () => {
    const committee = committeeOf(n)
    const network = new MemoryNetwork(n)
    const ends = await settleAll(parties(committee), network, (index) =>
      agreeOnKeys(
        committee,
        index,
        network.channel(index),
        bytes(1, index === 2 ? 9 : 1),
        seededRng(index),
      ),
    )
    expect(ends[1]).toMatchObject({ status: 'rejected', reason: { code: 'SH_PROTOCOL_SETUP' } })
  })
})

describe('guardReuse', () => {
  const key = bytes(16, 1)
  const fill = (
    guarded: ReturnType<typeof guardReuse>,
    use: Uint8Array,
    iv: Uint8Array,
    length: number,
  ): Uint8Array => {
    const out = new Uint8Array(length)
    guarded.fill(use, iv, out)
    return out
  }
  const ivAt = (op: number, block: number): Uint8Array => {
    const iv = ivOf({ op, batch: 0, step: 0 })
    new DataView(iv.buffer).setUint32(12, block)
    return iv
  }

  test('passes the stream through', () => {
    const out = new Uint8Array(40)
    prg.fill(key, ivAt(1, 0), out)
    expect(fill(guardReuse(prg), key, ivAt(1, 0), 40)).toEqual(out)
  })

  test('refuses the same range, and any overlap, under the same key only', () => {
    const guarded = guardReuse(prg)
    const refusal = expect.objectContaining({ code: 'SH_PROTOCOL_KEY_REUSE' })
    fill(guarded, key, ivAt(1, 4), 33)
    for (const [block, length] of [
      [4, 1],
      [6, 1],
      [0, 65],
      [0, 200],
    ] as const) {
      expect(() => fill(guarded, key, ivAt(1, block), length)).toThrow(refusal)
    }
    fill(guarded, key, ivAt(1, 0), 64)
    fill(guarded, key, ivAt(1, 7), 16)
    fill(guarded, key, ivAt(2, 4), 33)
    fill(guarded, bytes(16, 2), ivAt(1, 4), 33)
    expect(() => fill(guarded, key, ivAt(3, 2 ** 32 - 1), 17)).toThrow(refusal)
  })

  test('a job never repeats a range; the same job twice does, unless its context differs', async () => {
    const n = 3
    const all = await masters(n)
    const guards = all.map(() => guardReuse(prg))
    const runJob = async (seed: number, parts: JobContextParts): Promise<void> => {
      const { plan, params, columns, memberOfRow } = randomCase(n, seed)
      const network = new MemoryNetwork(n)
      await runAll(parties(committeeOf(n)), network, (index) =>
        execute(
          {
            committee: committeeOf(n),
            index,
            keys: deriveJobKeys(all[index - 1]!, jobContext(parts)),
            channel: network.channel(index),
            prg: guards[index - 1]!,
          },
          plan,
          params,
          plainSource(index, n, params, columns, memberOfRow),
        ),
      )
    }
    await runJob(1, PARTS)
    await runJob(1, { ...PARTS, attempt: 2 })
    await runJob(2, { ...PARTS, planHash: bytes(32, 77) })
    await expect(runJob(1, PARTS)).rejects.toMatchObject({ code: 'SH_PROTOCOL_KEY_REUSE' })
  })
})
