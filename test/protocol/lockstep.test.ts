import { describe, expect, test } from 'vitest'

import { type DoRound, inLockstep, type Program } from '../../protocol/lockstep.ts'
import { type Channel, type Tag, wholePayload } from '../../protocol/party.ts'
import { commonRound, type Outgoing, type RoundPart } from '../../protocol/round.ts'
import { newArena, view } from '../../shares/field/memory.ts'

/** Notes messages and computations in their order; whatever is received is made of 1, 2, 3, ... */
class NotingChannel implements Channel {
  readonly notes: string[] = []

  async send(...[to, tag, payload]: Parameters<Channel['send']>): Promise<void> {
    this.notes.push(`to ${to} ${nameOf(tag)}: ${wholePayload(payload).join(' ')}`)
  }

  async receive(...[from, tag, bytes, place]: Parameters<Channel['receive']>): Promise<Uint8Array> {
    await Promise.resolve()
    this.notes.push(`from ${from} ${nameOf(tag)}: ${bytes}`)
    const message = Uint8Array.from({ length: bytes }, (_, k) => k + 1)
    // In pieces that end in the middle of the blocks.
    for (let at = 0; at < bytes; at += 3) place!(message.subarray(at, at + 3), at)
    return new Uint8Array(0)
  }
}

const nameOf = ({ op, batch, step }: Tag): string => `${op}/${batch}/${step}`

const part = (op: number, step: number, rest: Partial<RoundPart> = {}): RoundPart => ({
  tag: { op, batch: 0, step },
  outgoing: [],
  incoming: [],
  ...rest,
})

const bytesTo = (to: number, ...bytes: number[]): Outgoing => ({
  to,
  payload: Uint8Array.from(bytes),
})

const over =
  (channel: Channel): DoRound =>
  (parts) =>
    commonRound(channel, parts)

/** Hands out one list of programs after the other, whenever there is nothing to wait for. */
function inTurns(...turns: Program[][]): () => Program[] {
  return () => turns.shift() ?? []
}

describe('inLockstep', () => {
  test('one message a peer and round, payloads in the order of operators, blocks filled in it', async () => {
    const channel = new NotingChannel()
    const arena = newArena()
    const [first, second] = [arena.bytes(4), arena.bytes(5)]
    const later: Program = async (rounds) => {
      await rounds.exchange(part(5, 0, { outgoing: [bytesTo(2, 50, 51), bytesTo(3, 52)] }))
      await rounds.exchange(part(5, 1, { incoming: [{ from: 2, into: second }] }))
    }
    const sooner: Program = async (rounds) => {
      await rounds.exchange(part(2, 7, { outgoing: [bytesTo(2, 20)] }))
      await rounds.exchange(part(2, 8, { incoming: [{ from: 2, into: first }] }))
    }
    await inLockstep(over(channel), inTurns([later, sooner]))
    expect(channel.notes).toEqual(['to 2 2/0/7: 20 50 51', 'to 3 2/0/7: 52', 'from 2 2/0/8: 9'])
    expect([...view(first), ...view(second)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    arena.release()
  })

  test('a round waits for programs that are busy without one, and for those that become ready', async () => {
    const channel = new NotingChannel()
    const rounds = (op: number, count: number): Program => {
      return async (common) => {
        for (let step = 0; step < count; step++) {
          await common.exchange(part(op, step, { outgoing: [bytesTo(2, op)] }))
        }
      }
    }
    const loads: Program = async () => {
      for (let k = 0; k < 20; k++) await Promise.resolve()
    }
    await inLockstep(
      over(channel),
      inTurns([rounds(3, 3), loads], [rounds(1, 1)], [], [rounds(0, 1)]),
    )
    expect(channel.notes).toEqual(['to 2 1/0/0: 1 3', 'to 2 0/0/0: 0 3', 'to 2 3/0/2: 3'])
  })

  test('all compute while the messages are on their way', async () => {
    const channel = new NotingChannel()
    const arena = newArena()
    const computing = (op: number): Program => {
      const into = arena.bytes(1)
      return async (rounds) => {
        const meanwhile = (): unknown => channel.notes.push(`computed ${op}`)
        await rounds.exchange(
          part(op, 0, { outgoing: [bytesTo(2, op)], incoming: [{ from: 3, into }], meanwhile }),
        )
      }
    }
    await inLockstep(over(channel), inTurns([computing(1), computing(2)]))
    expect(channel.notes).toEqual([
      'to 2 1/0/0: 1 2',
      'computed 1',
      'computed 2',
      'from 3 1/0/0: 2',
    ])
    arena.release()
  })

  test('what waits to be sent is found again after kernel memory has grown', async () => {
    const channel = new NotingChannel()
    const arena = newArena()
    const waits: Program = async (rounds) => {
      const block = arena.bytes(4)
      view(block).set([1, 2, 3, 4])
      await rounds.exchange(part(0, 0, { outgoing: [{ to: 2, payload: block }] }))
    }
    const grows: Program = async (rounds) => {
      const { buffer } = view(arena.bytes(1))
      while (view(arena.bytes(1)).buffer === buffer) arena.bytes(2 ** 26)
      await rounds.exchange(part(1, 0, { outgoing: [bytesTo(2, 5)] }))
    }
    await inLockstep(over(channel), inTurns([waits, grows]))
    expect(channel.notes).toEqual(['to 2 0/0/0: 1 2 3 4 5'])
    arena.release()
  })

  test('pieces are walked once, when the round goes out', async () => {
    const channel = new NotingChannel()
    const pieces = function* (name: string, byte: number): Generator<Uint8Array> {
      channel.notes.push(`makes ${name}`)
      yield Uint8Array.of(byte)
      yield Uint8Array.of(byte + 1)
    }
    const sends = (op: number): Program => {
      return async (rounds) => {
        const payload = { bytes: 2, pieces: pieces(`${op}`, 10 * op) }
        await rounds.exchange(part(op, 0, { outgoing: [{ to: 2, payload }] }))
      }
    }
    await inLockstep(over(channel), inTurns([sends(1), sends(2)]))
    expect(channel.notes).toEqual(['makes 1', 'makes 2', 'to 2 1/0/0: 10 11 20 21'])
  })

  test('a program that fails ends the others at their next round, and is what is thrown', async () => {
    const channel = new NotingChannel()
    const ends: string[] = []
    const fails: Program = async (rounds) => {
      await rounds.exchange(part(0, 0))
      throw new Error('of the first')
    }
    const waits: Program = async (rounds) => {
      await rounds.exchange(part(1, 0))
      try {
        await rounds.exchange(part(1, 1))
      } finally {
        ends.push('waits')
      }
    }
    const busy: Program = async (rounds) => {
      await rounds.exchange(part(2, 0))
      for (let k = 0; k < 50; k++) await Promise.resolve()
      ends.push('busy')
    }
    const never: Program = async () => expect.unreachable()
    const running = inLockstep(over(channel), inTurns([fails, waits, busy], [], [never]))
    await expect(running).rejects.toThrow('of the first')
    expect(ends).toEqual(['waits', 'busy'])
  })

  test('a round that fails, fails for all that share it', async () => {
    const arena = newArena()
    const channel: Channel = {
      send: async () => {},
      receive: (from) => Promise.reject(new Error(`party ${from} is gone`)),
    }
    const seen: unknown[] = []
    const shares = (op: number, into: readonly number[]): Program => {
      const incoming = into.map((from) => ({ from, into: arena.bytes(1) }))
      return async (rounds) => {
        await rounds.exchange(part(op, 0, { incoming })).catch((error: unknown) => {
          seen.push(error)
          throw error
        })
      }
    }
    const running = inLockstep(over(channel), inTurns([shares(0, []), shares(1, [3])]))
    await expect(running).rejects.toThrow('party 3 is gone')
    expect(seen).toHaveLength(2)
    arena.release()
  })
})
