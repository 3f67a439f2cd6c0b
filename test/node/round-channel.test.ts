import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { afterAll, afterEach, describe, expect, it } from 'vitest'

import type { RoundChannel } from '../../node/round-channel.ts'
import { acceptRounds, ROUNDS_PROTOCOL, type Rounds, type RoundSession } from '../../node/rounds.ts'
import type { Tag } from '../../protocol/party.ts'
import { encodeMessage } from '../../protocol/wire/codec.ts'
import { encodeRoundHeader, ROUND_FRAGMENT_BYTES } from '../../protocol/wire/round-message.ts'

import { pattern, startNetwork, type Network } from './network.ts'
import type { PartyOrder } from './silent-party.ts'

const MiB = 1024 * 1024

/** The part of the WebAssembly interface used here: @types/node 20 does not declare it. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): number }
}

const NAMES = ['mpc-1', 'mpc-2', 'mpc-3']

/** Most tests share one network: each has jobs of its own. */
let shared: { network: Network; rounds: Rounds[] } | undefined
let network: Network
let child: ChildProcess | undefined
const channels: RoundChannel[] = []
let jobs = 0

afterEach(async () => {
  for (const channel of channels.splice(0)) channel.abort('the test is over')
  child?.kill('SIGKILL')
  child = undefined
  if (network !== shared?.network) await network.close()
})

afterAll(() => shared?.network.close())

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  )

const tag = (op: number, batch = 0, step = 0): Tag => ({ op, batch, step })

const newJob = (): string => `job-${++jobs}`

async function start(overrides: Record<string, unknown> = {}, names = NAMES): Promise<Rounds[]> {
  network = await startNetwork(names, { overrides })
  return Promise.all(names.map((name) => acceptRounds(network.overlay(name))))
}

async function startShared(): Promise<Rounds[]> {
  if (shared === undefined) {
    const rounds = await start()
    shared = { network, rounds }
  }
  network = shared.network
  return shared.rounds
}

async function joinAll(
  rounds: readonly Rounds[],
  options: Partial<RoundSession> = {},
): Promise<RoundChannel[]> {
  const session = { committee: 'mpc', job: newJob(), attempt: 1, ...options } as const
  const joined = await Promise.all(rounds.map((one) => one.join(session)))
  channels.push(...joined)
  return joined
}

/** A stream to mpc-2 on which the test says what it likes, in the name of mpc-1. */
async function impostor(job: string): Promise<(frame: Uint8Array) => Promise<void>> {
  const stream = await network.overlay('mpc-1').open('mpc-2', ROUNDS_PROTOCOL)
  await stream.send(encodeMessage('hello', { committee: 'mpc', job, attempt: 1, from: 1 }))
  return (frame) => stream.send(frame)
}

describe('RoundChannel', () => {
  it('carries messages of every size between all pairs, in order and whole', async () => {
    const parties = await joinAll(await startShared())
    const sizes = [
      0,
      1,
      ROUND_FRAGMENT_BYTES - 1,
      ROUND_FRAGMENT_BYTES,
      ROUND_FRAGMENT_BYTES + 1,
      3 * MiB + 5,
    ]
    const others = (party: RoundChannel): RoundChannel[] => parties.filter((one) => one !== party)
    for (const [op, size] of sizes.entries()) {
      await Promise.all(
        parties.map(async (party) => {
          for (const other of others(party)) {
            await party.send(other.index, tag(op, 2, 3), pattern(size, party.index * 3 + op))
          }
          for (const other of others(party)) {
            const got = await party.receive(other.index, tag(op, 2, 3), size)
            expect(Buffer.compare(got, pattern(size, other.index * 3 + op))).toBe(0)
            expect(got.byteOffset).toBe(0)
          }
        }),
      )
    }
    const bytes = sizes.reduce((a, b) => a + b)
    expect(parties[0]!.traffic()).toEqual(
      [2, 3].map((party) => ({
        party,
        sentMessages: sizes.length,
        sentBytes: bytes,
        receivedMessages: sizes.length,
        receivedBytes: bytes,
      })),
    )
  })

  it('copies the payload before send returns: kernel memory may change or move', async () => {
    const [a, b] = await joinAll(await startShared())
    const memory = new WebAssembly.Memory({ initial: 16 })
    const view = new Uint8Array(memory.buffer, 8, 600_000)
    view.set(pattern(600_000, 5))
    const sending = a!.send(2, tag(1), view)
    view.fill(0)
    memory.grow(1) // detaches the view
    await sending
    const got = await b!.receive(1, tag(1), 600_000)
    expect(Buffer.compare(got, pattern(600_000, 5))).toBe(0)
  })

  it('serves receives of one party in the order in which they were called', async () => {
    const [a, b] = await joinAll(await startShared())
    const receiving = [1, 2, 3].map((op) => b!.receive(1, tag(op), 1))
    for (const op of [1, 2, 3]) await a!.send(2, tag(op), Uint8Array.of(op))
    expect((await Promise.all(receiving)).map((one) => one[0])).toEqual([1, 2, 3])
  })

  it('does not deadlock when both sides send far more than fits before they receive', async () => {
    const [a, b] = await joinAll(await startShared())
    const size = 20 * MiB
    const exchange = async (me: RoundChannel, other: number): Promise<void> => {
      for (let op = 0; op < 4; op++) await me.send(other, tag(op), pattern(size, me.index))
      for (let op = 0; op < 4; op++) {
        const got = await me.receive(other, tag(op), size)
        if (Buffer.compare(got, pattern(size, other)) !== 0) throw new Error('bytes differ')
      }
    }
    await Promise.all([exchange(a!, 2), exchange(b!, 1)])
  })

  it('keeps jobs, attempts and committees apart', async () => {
    const rounds = await startShared()
    const [one, two] = [newJob(), newJob()]
    const sessions = [
      { committee: 'mpc', job: one, attempt: 1 },
      { committee: 'mpc', job: one, attempt: 2 },
      { committee: 'mpc', job: two, attempt: 1 },
    ] as const
    const joined = await Promise.all(
      sessions.map((session) => Promise.all(rounds.map((one) => one.join(session)))),
    )
    channels.push(...joined.flat())
    await Promise.all(joined.map(([a], i) => a!.send(3, tag(0), Uint8Array.of(i))))
    const got = await Promise.all(joined.map(([, , c]) => c!.receive(1, tag(0), 1)))
    expect(got.map((one) => one[0])).toEqual([0, 1, 2])
    await expect(rounds[0]!.join({ committee: 'share', job: one, attempt: 1 })).rejects.toThrow(
      RangeError,
    )
  })

  it('parks streams, and what was sent on them, until the local job exists', async () => {
    const rounds = await startShared()
    const job = newJob()
    const early = rounds.slice(0, 2).map((one) => one.join({ committee: 'mpc', job, attempt: 1 }))
    // mpc-1 can send to mpc-3 only after mpc-3 has taken the stream; so ask when both have dialled.
    await new Promise((resolve) => setTimeout(resolve, 200))
    const late = await rounds[2]!.join({ committee: 'mpc', job, attempt: 1 })
    const [a] = await Promise.all(early)
    channels.push(late, ...(await Promise.all(early)))
    await a!.send(3, tag(4), Uint8Array.of(9))
    expect(await late.receive(1, tag(4), 1)).toEqual(Uint8Array.of(9))
  })

  it('drops a parked stream for which nobody comes, and bounds their number', async () => {
    await start({ limits: { parkedMs: 300, parkedStreams: 3 } })
    const closed: string[] = []
    for (let i = 0; i < 5; i++) {
      const stream = await network.overlay('mpc-1').open('mpc-2', ROUNDS_PROTOCOL)
      stream.onClose(() => closed.push(`job-${i}`))
      const header = { committee: 'mpc', job: `job-${i}`, attempt: 1, from: 1 } as const
      await stream.send(encodeMessage('hello', header))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await expect.poll(() => closed.length).toBe(5)
    // The two above the bound go at once, the others when their time is up.
    expect(closed.slice(0, 2)).toEqual(['job-3', 'job-4'])
  })

  it.each([
    ['another index', { committee: 'mpc', job: 'x', attempt: 1, from: 3 }],
    ['another committee', { committee: 'share', job: 'x', attempt: 1, from: 1 }],
  ] as const)('refuses a hello under %s', async (_what, hello) => {
    await startShared()
    const stream = await network.overlay('mpc-1').open('mpc-2', ROUNDS_PROTOCOL)
    await stream.send(encodeMessage('hello', hello))
    await expect(stream.receive()).rejects.toMatchObject({ code: 'SH_NET_RESET' })
  })

  describe('when a party misbehaves', () => {
    const header = (change: Partial<Record<'op' | 'batch' | 'step' | 'seq', number>>): Uint8Array =>
      encodeRoundHeader(
        { op: change.op ?? 1, batch: change.batch ?? 2, step: change.step ?? 3 },
        change.seq ?? 0,
        4,
        0,
      )
    const body = Uint8Array.of(1, 2, 3, 4)
    const fragment = (head: Uint8Array, payload = body): Uint8Array =>
      Uint8Array.from([...head, ...payload])

    it.each([
      ['SH_ROUND_TAG', 'another operator', fragment(header({ op: 9 }))],
      ['SH_ROUND_TAG', 'another batch', fragment(header({ batch: 9 }))],
      ['SH_ROUND_TAG', 'another step', fragment(header({ step: 9 }))],
      ['SH_ROUND_TAG', 'a message out of order', fragment(header({ seq: 1 }))],
      [
        'SH_ROUND_LENGTH',
        'another length',
        fragment(encodeRoundHeader(tag(1, 2, 3), 0, 5, 0), Uint8Array.of(1, 2, 3, 4, 5)),
      ],
      ['SH_WIRE_INVALID', 'a cut payload', fragment(header({}), body.subarray(1))],
      ['SH_WIRE_INVALID', 'no header', Uint8Array.of(1)],
    ])('blames it: %s for %s', async (code, _what, frame) => {
      const rounds = await startShared()
      const job = newJob()
      const [, ...rest] = rounds
      const join = Promise.all(rest.map((one) => one.join({ committee: 'mpc', job, attempt: 1 })))
      const say = await impostor(job)
      const other = await network.overlay('mpc-1').open('mpc-3', ROUNDS_PROTOCOL)
      await other.send(encodeMessage('hello', { committee: 'mpc', job, attempt: 1, from: 1 }))
      const joined = await join
      channels.push(...joined)
      await say(frame)
      await expect(joined[0]!.receive(1, tag(1, 2, 3), 4)).rejects.toMatchObject({
        code,
        party: 'mpc-1',
        round: 0,
      })
      // The session is over for everybody, and everybody hears a name.
      await expect(joined[1]!.receive(2, tag(0), 1)).rejects.toMatchObject({
        code: 'SH_ROUND_ABORTED',
        party: 'mpc-2',
        message: expect.stringContaining('mpc-1') as string,
      })
    })
  })

  it('names the party that is silent, and the round', async () => {
    const [a, b] = await joinAll(await startShared(), { roundTimeoutMs: 400 })
    await b!.send(1, tag(0), Uint8Array.of(1))
    await a!.receive(2, tag(0), 1)
    await expect(a!.receive(2, tag(1), 1)).rejects.toMatchObject({
      code: 'SH_ROUND_TIMEOUT',
      party: 'mpc-2',
      round: 1,
    })
    await expect(a!.send(3, tag(1), Uint8Array.of(1))).rejects.toMatchObject({
      code: 'SH_ROUND_TIMEOUT',
      party: 'mpc-2',
    })
  })

  it('names whom it waits for itself, for nearly as long, when it is said to be silent', async () => {
    const rounds = await startShared()
    const told = async (mpc1TimeoutMs: number): Promise<unknown> => {
      const session = { committee: 'mpc', job: newJob(), attempt: 1 } as const
      const patience = [mpc1TimeoutMs, 500, 60_000]
      const joined = await Promise.all(
        patience.map((roundTimeoutMs, i) => rounds[i]!.join({ ...session, roundTimeoutMs })),
      )
      channels.push(...joined)
      // mpc-3 hangs. mpc-1 waits for it, and mpc-2 for mpc-1, but mpc-2 loses patience first.
      const waiting = [joined[0]!.receive(3, tag(0), 1), joined[1]!.receive(1, tag(0), 1)]
      const [first, second] = await Promise.all(waiting.map(failureOf))
      expect(second).toMatchObject({ code: 'SH_ROUND_TIMEOUT', party: 'mpc-1' })
      return first
    }
    expect(await told(700)).toMatchObject({ code: 'SH_ROUND_TIMEOUT', party: 'mpc-3' })
    expect(await told(60_000)).toMatchObject({ code: 'SH_ROUND_ABORTED', party: 'mpc-2' })
  })

  it('ends the session when the pieces of a message are not as long as they say', async () => {
    for (const pieces of [[3, 2], [3], [3, 7], []]) {
      const [a, b] = await joinAll(await startShared())
      const receiving = failureOf(b!.receive(1, tag(0), 4))
      const message = { bytes: 4, pieces: pieces.map((length) => new Uint8Array(length)) }
      await expect(a!.send(2, tag(0), message)).rejects.toThrow(RangeError)
      expect(await receiving).toMatchObject({ code: 'SH_ROUND_ABORTED', party: 'mpc-1' })
    }
  })

  it('sends a message in pieces as it sends a whole one', async () => {
    const [a, b] = await joinAll(await startShared())
    const whole = pattern(2 * ROUND_FRAGMENT_BYTES + 9, 4)
    const cuts = [0, 0, 5, ROUND_FRAGMENT_BYTES, ROUND_FRAGMENT_BYTES + 1, 2 * ROUND_FRAGMENT_BYTES]
    const pieces = cuts.map((at, i) => whole.slice(at, cuts[i + 1]))
    await a!.send(2, tag(0), { bytes: whole.length, pieces: pieces.values() })
    await a!.send(2, tag(1), Uint8Array.of(6))
    expect(Buffer.compare(await b!.receive(1, tag(0), whole.length), whole)).toBe(0)
    expect(await b!.receive(1, tag(1), 1)).toEqual(Uint8Array.of(6))
  })

  it('sends a long message as its pieces are made, and what is sent after it after it', async () => {
    const [a, b] = await joinAll(await start({ network: 'lan' }))
    const size = 100_000
    const count = 60
    const total = size * count
    let made = 0
    const memory = new WebAssembly.Memory({ initial: 16 })
    const pieces = function* (): Iterable<Uint8Array> {
      for (; made < count; made++) {
        const view = new Uint8Array(memory.buffer, 0, size)
        view.set(pattern(size, made))
        yield view
        expect(view.length).toBe(size) // nobody else was let in before all of it was copied
        memory.grow(1)
      }
    }
    const whole = Buffer.concat(Array.from({ length: count }, (_, i) => pattern(size, i)))
    let came = 0
    let ahead = count
    const receiving = b!.receive(1, tag(0), total, (piece, offset) => {
      expect(Buffer.compare(piece, whole.subarray(offset, offset + piece.length))).toBe(0)
      came += piece.length
      ahead = Math.min(ahead, made)
    })
    const sending = a!.send(2, tag(0), { bytes: total, pieces: pieces() })
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThan(count)
    await receiving
    expect(came).toBe(total)
    expect(ahead).toBeLessThan(count) // some came before the last was made
    await sending

    made = 0
    const first = a!.send(2, tag(1), { bytes: total, pieces: pieces() })
    expect(made).toBeLessThan(count)
    const second = a!.send(2, tag(2), Uint8Array.of(8))
    expect(made).toBe(count)
    expect(Buffer.compare(await b!.receive(1, tag(1), total), whole)).toBe(0)
    expect(await b!.receive(1, tag(2), 1)).toEqual(Uint8Array.of(8))
    await Promise.all([first, second])
  })

  it('makes a message at once where that is quicker, unless it is very long', async () => {
    const [a, b] = await joinAll(await startShared())
    let made = 0
    const pieces = function* (count: number): Iterable<Uint8Array> {
      for (made = 0; made < count; made++) yield new Uint8Array(100_000)
    }
    const send = (step: number, count: number): Promise<unknown> => {
      const bytes = count * 100_000
      const receiving = b!.receive(1, tag(0, 0, step), bytes, () => {})
      const sending = a!.send(2, tag(0, 0, step), { bytes, pieces: pieces(count) })
      return Promise.all([sending, receiving])
    }
    const short = send(0, 100)
    expect(made).toBe(100)
    await short
    const long = send(1, 400)
    expect(made).toBeLessThan(200)
    await long
    expect(made).toBe(400)
  })

  it('ends the session when a piece cannot be made', async () => {
    const [a, b] = await joinAll(await startShared())
    const pieces = function* (): Iterable<Uint8Array> {
      for (let i = 0; i < 30; i++) yield new Uint8Array(100_000)
      throw new Error('no more')
    }
    const receiving = failureOf(b!.receive(1, tag(0), 4_000_000))
    const message = { bytes: 4_000_000, pieces: pieces() }
    await expect(a!.send(2, tag(0), message)).rejects.toThrow('no more')
    expect(await receiving).toMatchObject({ code: 'SH_ROUND_ABORTED', party: 'mpc-1' })
  })

  it('makes no more of a message after the session has ended', async () => {
    const [a, b] = await joinAll(await startShared())
    let made = 0
    const pieces = function* (): Iterable<Uint8Array> {
      for (; ; made++) yield new Uint8Array(100_000)
    }
    const sending = failureOf(a!.send(2, tag(0), { bytes: 1e9, pieces: pieces() }))
    b!.abort('enough')
    expect(await sending).toMatchObject({ code: 'SH_ROUND_ABORTED', party: 'mpc-2' })
    expect(made).toBeLessThan(1000)
  })

  it('writes down nothing more of a message whose place has failed', async () => {
    const [a, b] = await joinAll(await startShared())
    await a!.send(2, tag(0), Uint8Array.of(1))
    await a!.send(2, tag(1), Uint8Array.of(2))
    const place = (): void => {
      throw new RangeError('no such place')
    }
    await expect(b!.receive(1, tag(0), 1, place)).rejects.toThrow('no such place')
    await expect(b!.receive(1, tag(1), 1)).rejects.toThrow('no such place')
  })

  it('does not count the time in which this process computed', async () => {
    const [a, b] = await joinAll(await startShared(), { roundTimeoutMs: 400 })
    const receiving = a!.receive(2, tag(0), 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    const sending = b!.send(1, tag(0), Uint8Array.of(5))
    const end = performance.now() + 1200
    while (performance.now() < end); // the loop is blocked for three times the timeout
    await sending
    expect(await receiving).toEqual(Uint8Array.of(5))
  })

  it('lets a party finish while the others still work', async () => {
    const [a, b, c] = await joinAll(await start())
    const large = pattern(20 * MiB, 1)
    await b!.send(1, tag(0), Uint8Array.of(1))
    await b!.send(3, tag(0), large)
    const closing = b!.close()
    b!.abort('a habit of cleaning up') // no effect any more
    await new Promise((resolve) => setTimeout(resolve, 300)) // the others are in no hurry
    expect(Buffer.compare(await c!.receive(2, tag(0), large.length), large)).toBe(0)
    await closing
    await network.overlay('mpc-2').close()
    expect(await a!.receive(2, tag(0), 1)).toEqual(Uint8Array.of(1))
    await c!.send(1, tag(0), Uint8Array.of(2))
    expect(await a!.receive(3, tag(0), 1)).toEqual(Uint8Array.of(2))
    await expect(a!.receive(2, tag(1), 1)).rejects.toMatchObject({
      code: 'SH_ROUND_PEER_GONE',
      party: 'mpc-2',
      round: 1,
    })
  })

  it('fails at once, whoever was waited for, when a party gives up', async () => {
    const [a, b, c] = await joinAll(await startShared(), { roundTimeoutMs: 600_000 })
    const waiting = [
      a!.receive(3, tag(0), 1),
      b!.receive(1, tag(0), 1),
      c!.receive(1, tag(0), 1),
    ].map(failureOf)
    b!.abort('the disk is full')
    const told = {
      code: 'SH_ROUND_ABORTED',
      party: 'mpc-2',
      message: expect.stringContaining('the disk is full') as string,
    }
    expect(await Promise.all(waiting)).toMatchObject([told, { code: 'SH_NET_ABORTED' }, told])
  })

  it('names a party that was killed, though another one was waited for', async () => {
    const [first, third] = ['mpc-1', 'mpc-3']
    const rounds = await start({ roundTimeoutMs: 600_000 }, [first, third])
    child = fork(fileURLToPath(new URL('silent-party.ts', import.meta.url)), {
      execArgv: ['--import', 'tsx'],
    })
    const said = (): Promise<unknown> => new Promise((resolve) => child!.once('message', resolve))
    const order: PartyOrder = {
      skey: network.keys.get('mpc-2')!.skey,
      topology: network.json,
      addresses: [first, third].map((name) => [name, network.overlay(name).addresses[0]!]),
      job: 'killed',
    }
    child.send(order)
    const { address } = (await said()) as { address: string }
    for (const name of [first, third]) network.overlay(name).setAddress('mpc-2', address)
    const sent = said()
    const [a, c] = await joinAll(rounds, { job: 'killed' })
    await sent
    expect(await a!.receive(2, tag(0), 8)).toEqual(new Uint8Array(8).fill(7))
    const waiting = [a!.receive(3, tag(0), 1), c!.receive(1, tag(0), 1)].map(failureOf)
    child.kill('SIGKILL')
    const named = { code: 'SH_ROUND_PEER_GONE', party: 'mpc-2' }
    expect(await Promise.all(waiting)).toMatchObject([named, named])
  })

  it('tells those who joined that the committee is not complete', async () => {
    const rounds = await start({}, ['mpc-1', 'mpc-2'])
    const session = { committee: 'mpc', job: 'x', attempt: 1 } as const
    const joining = rounds[0]!.join({ ...session, joinTimeoutMs: 300 })
    await expect(joining).rejects.toMatchObject({ code: 'SH_NET_UNREACHABLE', party: 'mpc-3' })
    const late = await network.start('mpc-3')
    network.overlay('mpc-2').setAddress('mpc-3', late.addresses[0]!)
    const third = (await acceptRounds(late)).join({ ...session, joinTimeoutMs: 700 })
    await expect(third).rejects.toMatchObject({ code: 'SH_ROUND_TIMEOUT', party: 'mpc-1' })
    // mpc-1's stream was parked at mpc-2 all the while, with its farewell.
    const channel = await rounds[1]!.join(session)
    channels.push(channel)
    await expect(channel.receive(3, tag(0), 1)).rejects.toMatchObject({ code: 'SH_ROUND_ABORTED' })
  })

  it('names the party that does not join', async () => {
    const rounds = await start({}, ['mpc-1', 'mpc-3'])
    const session = { committee: 'mpc', job: 'x', attempt: 1, joinTimeoutMs: 500 } as const
    const joins = await Promise.allSettled(rounds.map((one) => one.join(session)))
    expect(joins.map((one) => one.status === 'rejected' && one.reason)).toMatchObject([
      { code: 'SH_NET_UNREACHABLE', party: 'mpc-2' },
      { code: 'SH_ROUND_TIMEOUT', party: 'mpc-2', round: 0 },
    ])
  })

  it('gives up joining, and the session, by signal', async () => {
    const rounds = await startShared()
    const controller = new AbortController()
    const session = {
      committee: 'mpc',
      job: newJob(),
      attempt: 1,
      signal: controller.signal,
    } as const
    const alone = rounds[2]!.join(session)
    setTimeout(() => controller.abort(), 50)
    await expect(alone).rejects.toMatchObject({ code: 'SH_NET_ABORTED' })
    await expect(rounds[0]!.join(session)).rejects.toMatchObject({ code: 'SH_NET_ABORTED' })
    const again = new AbortController()
    const parties = await joinAll(rounds, { signal: again.signal })
    const waiting = parties[0]!.receive(2, tag(0), 1)
    again.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'SH_NET_ABORTED' })
  })
})
