/** Whatever one party does to its messages, the honest ones stop and name it, or it does not matter. */
import { describe, expect, test } from 'vitest'

import { schedule } from '../../protocol/cost.ts'
import { execute } from '../../protocol/execute.ts'
import { type Message, MemoryNetwork } from '../../protocol/memory-channel.ts'
import type { Plan } from '../../protocol/plan.ts'
import { bytesBetween } from '../../protocol/tally.ts'
import type { ShareholdError } from '../../shares/errors.ts'

import { settleAll, testCommittee } from './parties.ts'
import { paramsFor, plainSource } from './run-plan.ts'

const ROWS = [130, 20]
const MEMBER_OF_ROW = Uint32Array.from({ length: 150 }, (_, row) => row % 60)
const COLUMNS = {
  x: {
    codes: Array.from({ length: 150 }, (_, row) => row % 4),
    values: Array.from({ length: 150 }, (_, row) => row),
  },
}
/** One operator of every kind that sends. */
const PLAN: Plan = {
  version: 1,
  operators: [
    { kind: 'load-bits', dataset: 'trips', column: 'x', planes: 2, validity: false },
    { kind: 'load-field', dataset: 'trips', column: 'x' },
    {
      kind: 'circuit',
      inputs: [
        { op: 0, part: 0 },
        { op: 0, part: 1 },
      ],
      circuit: { inputs: 2, gates: [[1, 2, 3]], outputs: [4] },
    },
    { kind: 'bit-to-field', inputs: [{ op: 2, part: 0 }] },
    {
      kind: 'multiply',
      pairs: [
        [
          { op: 1, part: 0 },
          { op: 3, part: 0 },
        ],
      ],
    },
    {
      kind: 'dot',
      pairs: [
        [
          { op: 4, part: 0 },
          { op: 1, part: 0 },
        ],
      ],
    },
    { kind: 'any-row', inputs: [{ op: 2, part: 0 }] },
    { kind: 'popcount', inputs: [{ op: 6, part: 0 }], width: 6 },
    { kind: 'output', inputs: [{ op: 5, part: 0 }] },
  ],
}
const FIELD_OPERATORS = new Set([3, 4, 5])

/** Where the field elements of a message of party 2 end, if it has any; operators share messages. */
function endOfField(n: number, { to, tag }: Message): number | undefined {
  const cost = schedule(PLAN, paramsFor(n, ROWS, MEMBER_OF_ROW))
  const round = cost.rounds.find(
    ([first]) => first?.op === tag.op && first.batch === tag.batch && first.step === tag.step,
  )
  let end = 0
  for (const part of round ?? []) {
    const bytes = bytesBetween(cost, part, 2, to)
    end += bytes
    if (bytes > 0 && FIELD_OPERATORS.has(part.op)) return end
  }
  return undefined
}

/** Runs with party 2's k-th message altered; returns its receiver's error, or undefined. */
async function attack(
  n: number,
  k: number,
  alter: (message: Message) => Message | undefined,
): Promise<ShareholdError | undefined> {
  let seen = 0
  let victim = 0
  const intercept = (message: Message): Message | undefined => {
    if (message.from !== 2 || seen++ !== k) return message
    victim = message.to
    return alter(message)
  }
  const { parties, network } = await testCommittee(n, 0, intercept)
  const params = paramsFor(n, ROWS, MEMBER_OF_ROW)
  const ends = await settleAll(parties, network, (party) =>
    execute(party, PLAN, params, plainSource(party.index, n, params, COLUMNS, MEMBER_OF_ROW)),
  )
  const end = ends[victim - 1]
  return end?.status === 'rejected' ? end.reason : undefined
}

async function messageCount(n: number): Promise<number> {
  let count = 0
  const { parties, network } = await testCommittee(n)
  const params = paramsFor(n, ROWS, MEMBER_OF_ROW)
  await settleAll(parties, network, (party) =>
    execute(party, PLAN, params, plainSource(party.index, n, params, COLUMNS, MEMBER_OF_ROW)),
  )
  for (const party of parties) if (party.index !== 2) count += network.sent(2, party.index).length
  return count
}

describe.each([3, 5])('%i parties, each message of party 2', (n) => {
  const altered: [string, string, (message: Message) => Message | undefined][] = [
    ['another operator', 'SH_ROUND_TAG', ({ tag, ...m }) => ({ ...m, tag: { ...tag, op: 99 } })],
    ['another batch', 'SH_ROUND_TAG', ({ tag, ...m }) => ({ ...m, tag: { ...tag, batch: 99 } })],
    ['another step', 'SH_ROUND_TAG', ({ tag, ...m }) => ({ ...m, tag: { ...tag, step: 99 } })],
    [
      'a byte less',
      'SH_ROUND_LENGTH',
      (message) => ({ ...message, payload: message.payload.subarray(1) }),
    ],
    [
      'a byte more',
      'SH_ROUND_LENGTH',
      (message) => ({ ...message, payload: Uint8Array.of(...message.payload, 0) }),
    ],
    ['nothing', 'SH_ROUND_TIMEOUT', () => undefined],
  ]

  test.each(altered)('%s: abort that names it', async (_name, code, alter) => {
    const count = await messageCount(n)
    expect(count).toBeGreaterThanOrEqual(12)
    for (let k = 0; k < count; k += 1 + (k >> 2)) {
      expect(await attack(n, k, alter)).toMatchObject({ code, party: '2' })
    }
  })

  test('an element that is not canonical: abort that names it', async () => {
    const count = await messageCount(n)
    let fields = 0
    for (let k = 0; k < count; k++) {
      let isField = false
      const error = await attack(n, k, (message) => {
        const end = endOfField(n, message)
        isField = end !== undefined
        if (end === undefined) return message
        const payload = message.payload.slice()
        // p itself: the smallest number that is not canonical, as the last element.
        payload.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], end - 8)
        return { ...message, payload }
      })
      if (!isField) continue
      fields++
      expect(error).toMatchObject({ code: 'SH_ROUND_CANONICAL', party: '2' })
    }
    expect(fields).toBeGreaterThanOrEqual(3)
  })
})

test('a party that leaves is named', async () => {
  const { parties, network } = await testCommittee(3)
  const params = paramsFor(3, ROWS, MEMBER_OF_ROW)
  const ends = await settleAll(parties, network, async (party) => {
    if (party.index === 2) throw new Error('power cut')
    return execute(party, PLAN, params, plainSource(party.index, 3, params, COLUMNS, MEMBER_OF_ROW))
  })
  // Party 1 waits for party 2; whoever waits for party 1 is told that party 1 left.
  expect(ends[0]).toMatchObject({ reason: { code: 'SH_ROUND_PEER_GONE', party: '2' } })
  expect(ends[2]).toMatchObject({ reason: { code: 'SH_ROUND_PEER_GONE', party: '1' } })
})

test('slow messages change nothing', async () => {
  const delayed = async (message: Message): Promise<Message> => {
    for (let k = 0; k < (message.from * 7 + message.tag.step * 3) % 5; k++) await Promise.resolve()
    return message
  }
  const params = paramsFor(3, ROWS, MEMBER_OF_ROW)
  const outputs = await Promise.all(
    [undefined, delayed].map(async (intercept) => {
      const { parties, network } = await testCommittee(3, 0, intercept)
      return settleAll(parties, network, (party) =>
        execute(party, PLAN, params, plainSource(party.index, 3, params, COLUMNS, MEMBER_OF_ROW)),
      )
    }),
  )
  expect(outputs[0]!.every(({ status }) => status === 'fulfilled')).toBe(true)
  expect(outputs[1]).toEqual(outputs[0])
})

test('the network knows its parties', () => {
  const network = new MemoryNetwork(3)
  expect(() => network.sent(1, 1)).toThrow(RangeError)
  expect(() => network.sent(1, 4)).toThrow(RangeError)
})
