import { createHash } from 'node:crypto'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { execute } from '../../protocol/execute.ts'
import { MemoryNetwork, type Message } from '../../protocol/memory-channel.ts'
import { MerkleStack } from '../../protocol/merkle-stack.ts'
import { messageLeaf, TranscriptChannel } from '../../protocol/transcript.ts'
import { leafHash, root } from '../../shares/merkle.ts'
import { hash } from '../shares/noble.ts'

import { runAll, testCommittee } from './parties.ts'
import { randomCase } from './random-plan.ts'
import { plainSource } from './run-plan.ts'

const CONTEXT = { job: 'job 7', attempt: 2 }

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
  const expected = Buffer.concat(
    [
      Buffer.from('sharehold/msg/v1'),
      Buffer.from('job 7'),
      u32(2),
      u32(1),
      u32(3),
      u32(9),
      u32(4),
      u64,
      createHash('sha256').update(payload).digest(),
    ].map(part),
  )
  expect(Buffer.from(messageLeaf(CONTEXT, 1, 3, 9, 4, payload, hash))).toEqual(expected)
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
      ({ channel, index }) => new TranscriptChannel(channel, index, CONTEXT, hash),
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
          .map(({ from, to, tag, payload }, sequence) =>
            leafHash(messageLeaf(CONTEXT, from, to, sequence, tag.op, payload, hash), hash),
          )
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
    (index) => new TranscriptChannel(network.channel(index), index, CONTEXT, hash),
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
