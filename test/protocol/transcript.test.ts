import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { andBits } from '../../protocol/boolean.ts'
import { execute } from '../../protocol/execute.ts'
import { flatLayout } from '../../protocol/layout.ts'
import { MemoryNetwork, type Message } from '../../protocol/memory-channel.ts'
import { MerkleStack } from '../../protocol/merkle-stack.ts'
import type { JobKeys, Place } from '../../protocol/party.ts'
import { TranscriptChannel } from '../../protocol/transcript.ts'
import { copy, xor, xorConst } from '../../shares/bits/plane.ts'
import { committee } from '../../shares/committee.ts'
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

type Said = Pick<Message, 'tag' | 'payload'>

const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i))
  return bytes
}
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
const tuple = (...parts: Uint8Array[]): Buffer =>
  Buffer.concat(parts.flatMap((part) => [u32(part.length), part]))

/** The root of one direction as docs/security.md has it. */
function documentedRoot(from: number, to: number, key: Uint8Array, messages: Said[]): Uint8Array {
  const leaves: Uint8Array[] = []
  for (let first = 0; first < messages.length;) {
    let bytes = 0
    let end = first
    while (end < messages.length && end < first + 64 && bytes < 4096) {
      bytes += messages[end++]!.payload.length
    }
    const run = messages
      .slice(first, end)
      .flatMap(({ tag: { op, batch, step }, payload }) => [
        u32(op, batch, step, payload.length),
        payload,
      ])
    const leaf = tuple(
      Buffer.from('sharehold/msg/v3'),
      Buffer.from(CONTEXT.job),
      u32(CONTEXT.attempt),
      u32(from),
      u32(to),
      u32(first),
      u32(end - first),
      u64(bytes),
      sha256(tuple(key, u32(first), sha256(Buffer.concat(run)))),
    )
    leaves.push(leafHash(leaf, hash))
    first = end
  }
  return root(leaves, hash)
}

/** Around each limit: of a run, of its buffer. */
const size = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 4070, max: 4100 }),
  fc.integer({ min: 5100, max: 5140 }),
  fc.integer({ min: 0, max: 20_000 }),
)

test('the root is the documented one, in both directions, however messages are given and come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(size, fc.integer({ min: 0, max: 3 })), { maxLength: 150 }),
      async (all) => {
        const network = new MemoryNetwork(3)
        const [a, b] = [1, 2].map(
          (index) => new TranscriptChannel(network.channel(index), index, CONTEXT, KEYS, hash),
        )
        const messages = all.map(([length, form], i) => ({
          tag: { op: i, batch: length, step: form },
          payload: new Uint8Array(length).fill(i + 1),
          form,
        }))
        for (const { tag, payload, form } of messages) {
          const pieces = [payload.subarray(0, form), payload.subarray(form)]
          await a!.send(2, tag, form === 0 ? payload : { bytes: payload.length, pieces })
        }
        for (const { tag, payload, form } of messages) {
          const placed = new Uint8Array(payload.length)
          const place = (piece: Uint8Array, offset: number): void => placed.set(piece, offset)
          const got = await b!.receive(1, tag, payload.length, form === 2 ? place : undefined)
          expect(form === 2 ? placed : got).toEqual(payload)
        }
        const said = messages.filter(({ payload }) => payload.length > 0)
        const row = {
          root: documentedRoot(1, 2, KEY, said),
          messages: said.length,
          bytes: said.reduce((sum, { payload }) => sum + payload.length, 0),
        }
        const rows = said.length === 0 ? [] : [row]
        expect(a!.transcript().sent).toEqual(rows.map((one) => ({ ...one, peer: 2 })))
        expect(b!.transcript().received).toEqual(rows.map((one) => ({ ...one, peer: 1 })))
      },
    ),
    { numRuns: 40 },
  )
})

describe.each([3, 5])('%i parties', (n) => {
  test('for every ordered pair the sender’s root is the receiver’s, over the messages in order', async () => {
    const { plan, params, columns, memberOfRow } = randomCase(n, 5)
    const messages: Message[] = []
    const { parties, network } = await testCommittee(n, 0, (message) => {
      messages.push(message)
      return message
    })
    const channels = parties.map(
      ({ channel, index, keys }) => new TranscriptChannel(channel, index, CONTEXT, keys, hash),
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
        const key = parties[row.peer - 1]!.keys.pair(i + 1, 'transcript', i + 1)
        const its = messages.filter(({ from, to }) => from === i + 1 && to === row.peer)
        expect(row.root).toEqual(new Uint8Array(documentedRoot(i + 1, row.peer, key, its)))
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
        receive(_from: number, _tag: unknown, bytes: number, place?: Place) {
          place!(new Uint8Array(bytes), 0)
          return Promise.resolve(new Uint8Array(0))
        },
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
