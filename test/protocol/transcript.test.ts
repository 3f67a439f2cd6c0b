import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { andBits } from '../../protocol/boolean.ts'
import { execute } from '../../protocol/execute.ts'
import { flatLayout } from '../../protocol/layout.ts'
import { MemoryNetwork, type Message } from '../../protocol/memory-channel.ts'
import { MerkleStack } from '../../protocol/merkle-stack.ts'
import type { JobKeys } from '../../protocol/party.ts'
import { messageLeaf, TranscriptChannel } from '../../protocol/transcript.ts'
import { copy, xor, xorConst } from '../../shares/bits/plane.ts'
import { committee } from '../../shares/committee.ts'
import type { Hash } from '../../shares/hash.ts'
import { leafHash, root } from '../../shares/merkle.ts'
import { component, newBitShare } from '../../shares/replicated.ts'
import { hash } from '../shares/noble.ts'

import { runAll, testCommittee } from './parties.ts'
import { randomCase } from './random-plan.ts'
import { plainSource } from './run-plan.ts'
import { shareBits, withArena } from './sharing.ts'

const CONTEXT = { job: 'job 7', attempt: 2 }
/** The same for every pair and direction. */
const KEY = Uint8Array.from({ length: 16 }, (_, i) => i)
const KEYS: Pick<JobKeys, 'pair'> = { pair: () => KEY }

test('the stack has the root of RFC 6962 after every leaf', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 40 }), (leaves) => {
      const stack = new MerkleStack(hash)
      expect(stack.root()).toEqual(root([], hash))
      leaves.forEach((leaf, k) => {
        stack.push(leaf)
        const hashes = leaves.slice(0, k + 1).map((data) => leafHash(data, hash))
        expect(stack.root()).toEqual(root(hashes, hash))
      })
      expect(stack.leaves).toBe(leaves.length)
    }),
  )
})

test('a leaf has the documented bytes', () => {
  const payload = Uint8Array.of(1, 2, 3)
  const part = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  }
  const u64 = Buffer.alloc(8)
  u64.writeBigUInt64BE(3n)
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  const digest = sha256(
    Buffer.concat([part(Buffer.from(KEY)), part(u32(9)), part(sha256(payload))]),
  )
  const expected = Buffer.concat(
    [
      Buffer.from('sharehold/msg/v2'),
      Buffer.from('job 7'),
      u32(2),
      u32(1),
      u32(3),
      u32(9),
      u32(4),
      u64,
      digest,
    ].map(part),
  )
  expect(Buffer.from(messageLeaf(CONTEXT, 1, 3, 9, 4, payload, KEY, hash))).toEqual(expected)
})

describe.each([3, 5])('%i parties', (n) => {
  test('for every ordered pair the sender’s root is the receiver’s, over the messages in order', async () => {
    const { plan, params, columns, memberOfRow } = randomCase(n, 5)
    const messages: Message[] = []
    const { parties, network } = await testCommittee(n, 0, (message) => {
      messages.push(message)
      return message
    })
    // Party 1 hashes messages whole, the others as they come: that must make no difference.
    const hashOf = (index: number): Hash =>
      index === 1 ? { sha256: (bytes) => hash.sha256(bytes) } : hash
    const channels = parties.map(
      ({ channel, index, keys }) =>
        new TranscriptChannel(channel, index, CONTEXT, keys, hashOf(index)),
    )
    await runAll(parties, network, (party) =>
      execute(
        { ...party, channel: channels[party.index - 1]! },
        plan,
        params,
        plainSource(party.index, n, params, columns, memberOfRow),
      ),
    )
    const transcripts = channels.map((channel) => channel.transcript())
    let rows = 0
    transcripts.forEach(({ sent }, i) => {
      for (const row of sent) {
        const other = transcripts[row.peer - 1]!.received.find(({ peer }) => peer === i + 1)
        expect(other).toEqual({ ...row, peer: i + 1 })
        const records = network.sent(i + 1, row.peer)
        expect(row.messages).toBe(records.length)
        expect(row.bytes).toBe(records.reduce((sum, { bytes }) => sum + bytes, 0))
        const leaves = messages
          .filter(({ from, to }) => from === i + 1 && to === row.peer)
          .map(({ from, to, tag, payload }, sequence) => {
            const key = parties[to - 1]!.keys.pair(from, 'transcript', from)
            const leaf = messageLeaf(CONTEXT, from, to, sequence, tag.op, payload, key, hash)
            return leafHash(leaf, hash)
          })
        expect(row.root).toEqual(root(leaves, hash))
        rows++
      }
    })
    expect(rows).toBeGreaterThanOrEqual(n)
  })
})

test('an altered message shows in the roots', async () => {
  const network = new MemoryNetwork(3, (message) => {
    const payload = message.payload.slice()
    if (message.tag.op === 1) payload[0]! ^= 1
    return { ...message, payload }
  })
  const [a, b] = [1, 2].map(
    (index) => new TranscriptChannel(network.channel(index), index, CONTEXT, KEYS, hash),
  )
  const send = async (op: number): Promise<boolean> => {
    const tag = { op, batch: 0, step: 0 }
    await a!.send(2, tag, Uint8Array.of(5, 6))
    await b!.receive(1, tag, 2)
    const [sent] = a!.transcript().sent
    const [received] = b!.transcript().received
    return Buffer.compare(sent!.root, received!.root) === 0
  }
  expect(await send(0)).toBe(true)
  expect(await send(1)).toBe(false)
})

/**
 * At n = 3 party 2 has the pad of whatever party 1 sends party 3 (it is the PRG receiver of dealer 1), so
 * it can compute that message from its own shares and a guess of the secrets.
 */
test('a published root does not confirm a guess of the secrets', async () => {
  let sent: Uint8Array | undefined
  const { parties, network } = await testCommittee(3, 'guess', (message) => {
    if (message.from === 1 && message.to === 3) sent = message.payload.slice()
    return message
  })
  const tag = { op: 0, batch: 0, step: 0 }
  await withArena(async (arena) => {
    const layout = flatLayout(1)
    const shares = ['x', 'y'].map((name) => shareBits(arena, 3, [1], layout, name))
    const channels = parties.map(
      ({ channel, index, keys }) => new TranscriptChannel(channel, index, CONTEXT, keys, hash),
    )
    await runAll(parties, network, (party) =>
      andBits({ ...party, channel: channels[party.index - 1]! }, arena, tag, [
        [shares[0]![party.index - 1]!, shares[1]![party.index - 1]!],
      ]),
    )
    const published = channels[0]!.transcript().sent.find(({ peer }) => peer === 3)!.root

    const corrupt = parties[1]!
    const { held, sets } = committee(3)
    const [with1, with3] = [1, 3].map((peer) =>
      held[1]!.findIndex((setIndex) => sets[setIndex]!.includes(peer)),
    )
    const known: JobKeys = {
      set: (setIndex, use, dealer) =>
        held[1]!.includes(setIndex) ? corrupt.keys.set(setIndex, use, dealer) : new Uint8Array(16),
      pair: (peer, use, dealer) =>
        peer === 2 ? corrupt.keys.pair(1, use, dealer) : new Uint8Array(16),
    }
    const computed: number[] = []
    const confirmed: number[] = []
    for (let guess = 0; guess < 4; guess++) {
      const mine = shares.map((ofAll, k) => {
        const { bytes } = ofAll[1]!
        const share = newBitShare(arena, committee(3), bytes)
        held[0]!.forEach((setIndex, position) => {
          const target = component(share, position)
          copy(target, component(ofAll[1]!, with1!))
          if (sets[setIndex]!.includes(2)) return
          // The component that party 2 lacks: all three together are the secret, in every lane.
          xor(target, target, component(ofAll[1]!, with3!))
          xorConst(target, target, ((guess >> k) & 1) as 0 | 1)
        })
        return share
      })
      const nowhere = {
        send(_to: number, _tag: unknown, payload: Uint8Array) {
          if (Buffer.compare(payload, sent!) === 0) computed.push(guess)
          return Promise.resolve()
        },
        receive: (_from: number, _tag: unknown, bytes: number) =>
          Promise.resolve(new Uint8Array(bytes)),
      }
      const channel = new TranscriptChannel(nowhere, 1, CONTEXT, known, hash)
      const { prg } = (await testCommittee(3, `guess ${guess}`)).parties[0]!
      const party = { committee: committee(3), index: 1, keys: known, channel, prg }
      await andBits(party, arena, tag, [[mine[0]!, mine[1]!]])
      const same = Buffer.compare(channel.transcript().sent[0]!.root, published) === 0
      if (same) confirmed.push(guess)
    }
    // Control: the right guess gives the very message, and no other does.
    expect(computed).toEqual([0b11])
    expect(confirmed).toEqual([])
  })
})
