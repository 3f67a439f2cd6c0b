import { describe, expect, it } from 'vitest'

import type { Channel, Party, Place, Tag } from '../../protocol/party.ts'
import { exchange } from '../../protocol/round.ts'
import { committee } from '../../shares/committee.ts'
import { newArena, view } from '../../shares/field/memory.ts'

const TAG: Tag = { op: 1, batch: 2, step: 3 }
const arena = newArena()

/** Party 1 of three, of which `exchange` asks for nothing but the channel. */
function partyOver(channel: Channel): Party {
  const unused = (): never => {
    throw new Error('not to be used')
  }
  const keys = { set: unused, pair: unused }
  return { committee: committee(3), index: 1, keys, channel, prg: { fill: unused } }
}

describe('exchange', () => {
  it('takes a message in pieces', async () => {
    const channel: Channel = {
      send: async () => {},
      async receive(from, _tag, bytes, place) {
        const message = new Uint8Array(bytes).fill(from)
        place!(message.subarray(0, 5), 0)
        place!(message.subarray(5), 5)
        return new Uint8Array(0)
      },
    }
    const blocks = [2, 3].map((from) => ({ from, into: arena.bytes(16) }))
    await exchange(partyOver(channel), TAG, [], blocks)
    for (const { from, into } of blocks) {
      expect(view(into)).toEqual(new Uint8Array(16).fill(from))
    }
  })

  it('divides a message among blocks and sinks, however it is cut', async () => {
    const sizes = [16, 5, 32, 48, 1]
    const message = Uint8Array.from({ length: 102 }, (_, i) => i)
    for (const cut of [1, 7, 16, 50, 102]) {
      const channel: Channel = {
        send: async () => {},
        async receive(_from, _tag, _bytes, place) {
          for (let at = 0; at < message.length; at += cut) {
            place!(message.subarray(at, at + cut), at)
          }
          return new Uint8Array(0)
        },
      }
      const got = sizes.map((bytes) => new Uint8Array(bytes))
      const targets = got.map((out, k) =>
        k % 2 === 0
          ? arena.bytes(out.length)
          : {
              bytes: out.length,
              take: (piece: Uint8Array, offset: number) => out.set(piece, offset),
            },
      )
      const incoming = targets.map((into) => ({ from: 2, into }))
      await exchange(partyOver(channel), TAG, [], incoming)
      let at = 0
      for (const [k, target] of targets.entries()) {
        const its = 'ptr' in target ? view(target) : got[k]!
        expect([...its]).toEqual([...message.subarray(at, at + target.bytes)])
        at += target.bytes
      }
    }
  })

  it('computes after it has sent and before it has received', async () => {
    const order: string[] = []
    let arrive = (): void => {}
    const channel: Channel = {
      async send() {
        order.push('sent')
      },
      receive: (_from, _tag, bytes) =>
        new Promise((resolve) => {
          arrive = () => {
            order.push('received')
            resolve(new Uint8Array(bytes))
          }
        }),
    }
    await exchange(
      partyOver(channel),
      TAG,
      [{ to: 2, payload: Uint8Array.of(1) }],
      [{ from: 3, into: arena.bytes(16) }],
      () => {
        order.push('computed')
        arrive()
      },
    )
    expect(order).toEqual(['sent', 'computed', 'received'])
  })

  it('writes nothing to a block after it has failed: somebody else may own that by now', async () => {
    let late: Place | undefined
    const channel: Channel = {
      send: async () => {},
      receive: (from, _tag, _bytes, place) => {
        if (from === 2) return Promise.reject(new Error('gone'))
        late = place
        return new Promise(() => {})
      },
    }
    const into = arena.bytes(16)
    view(into).fill(7)
    const blocks = [
      { from: 2, into: arena.bytes(16) },
      { from: 3, into },
    ]
    await expect(exchange(partyOver(channel), TAG, [], blocks)).rejects.toThrow('gone')
    late!(new Uint8Array(16), 0)
    expect(view(into)).toEqual(new Uint8Array(16).fill(7))
  })

  it('does not write beyond the block, whatever the channel says', async () => {
    const channel: Channel = {
      send: async () => {},
      async receive(_from, _tag, _bytes, place) {
        place!(new Uint8Array(16), 1)
        return new Uint8Array(0)
      },
    }
    const into = arena.bytes(16)
    await expect(exchange(partyOver(channel), TAG, [], [{ from: 2, into }])).rejects.toThrow(
      RangeError,
    )
  })
})
