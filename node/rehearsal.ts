/**
 * Rehearsed jobs: what a node computes first is thrown away. V8 runs code slowly until it has seen it a few
 * times, so the first query of a process takes two to three times as long as later ones. Here a whole committee
 * in this process (memory channels, keys that nobody else ever has) answers typical queries on a made-up
 * table of zeros, until they are no longer new to V8 or the time for it is over.
 *
 * Against whom: nobody. Nothing of it leaves the process, and nothing of a job comes into it. The parties'
 * outputs must agree, so it is a self-test as well. Cost: one to two seconds of processor time, in turns
 * of the event loop; a job that comes meanwhile ends it. Measured: bench/RESULTS.md.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'

import { type ColumnSource, execute } from '../protocol/execute.ts'
import { deriveJobKeys } from '../protocol/job-context.ts'
import { MemoryNetwork } from '../protocol/memory-channel.ts'
import { openOutputs, sealOutput } from '../protocol/output.ts'
import type { Prg } from '../protocol/party.ts'
import type { Choice, Plan, PlanParams, Ref } from '../protocol/plan.ts'
import { generateResultKey } from '../protocol/seal.ts'
import { agreeOnKeys } from '../protocol/setup.ts'
import { compile } from '../protocol/sql/compile.ts'
import { TranscriptChannel } from '../protocol/transcript.ts'
import { type Committee, committee as committeeOf, parties } from '../shares/committee.ts'
import { view } from '../shares/field/memory.ts'
import { fill } from '../shares/field/vector.ts'
import { newBitShare, wholeBlock } from '../shares/replicated.ts'
import type { Schema } from '../shares/schema.ts'
import { asShamirShare } from '../shares/shamir.ts'

import { hash, randomFill, rng } from './crypto.ts'
import type { Log } from './log.ts'

const SCHEMA: Schema = {
  dataset: 'rehearsal',
  member: 'member',
  kMin: 10,
  purposes: ['rehearsal'],
  columns: [
    { name: 'place', type: 'integer', nullable: false, min: 0, max: 7 },
    { name: 'amount', type: 'integer', nullable: true, min: 0, max: 100_000 },
    {
      name: 'price',
      type: 'decimal',
      precision: 5,
      scale: 2,
      nullable: false,
      min: '0.00',
      max: '999.99',
    },
  ],
}

/** Between them they use the operators that queries mostly use. */
const QUERIES: readonly string[] = [
  'SELECT SUM(amount), COUNT(*) FROM rehearsal WHERE place = 3 AND amount >= 10 AND price < 5',
  'SELECT place, AVG(price) AS mean FROM rehearsal WHERE amount > 20 GROUP BY place',
]

const AMOUNT_PLANES = 17

const amounts: Choice = { planes: refs(0, AMOUNT_PLANES), among: { op: 0, part: AMOUNT_PLANES } }

/** The largest and the median of `amount`. */
const CHOICES: Plan = {
  version: 1,
  operators: [
    {
      kind: 'load-bits',
      dataset: 'rehearsal',
      column: 'amount',
      planes: AMOUNT_PLANES,
      validity: true,
    },
    { kind: 'extreme', choices: [{ ...amounts, largest: true }] },
    {
      kind: 'select',
      choices: [{ ...amounts, times: 1, plus: 1, over: 2 }],
      digit: 2,
      addingRounds: 2,
    },
    { kind: 'bit-to-field', inputs: [...refs(1, AMOUNT_PLANES), ...refs(2, AMOUNT_PLANES)] },
    { kind: 'output', inputs: refs(3, 2 * AMOUNT_PLANES) },
  ],
}

/** The first planes or vectors of an operator. */
function refs(op: number, count: number): Ref[] {
  return Array.from({ length: count }, (_, part) => ({ op, part }))
}

/** As many rows as make kernels and messages long enough for V8 to take trouble. A multiple of 3. */
const ROWS = 3000

/** How often everything is rehearsed, if there is time: more brings little. */
const PASSES = 8

export interface RehearsalOptions {
  /** Of the MPC committee. */
  readonly n: number
  readonly network: PlanParams['network']
  /** What jobs draw from as well. */
  readonly prg: Prg
  /** Milliseconds after which no further query is begun. */
  readonly budgetMs: number
  /** How often each query is tried, if there is time. */
  readonly passes?: number
}

/** A rehearsal that runs beside whatever else the process does. */
export interface Rehearsal {
  /** Ends it; resolves when it has ended, within a turn or two of the event loop. */
  stop(): Promise<void>
}

/** Begins in the next turn. What goes wrong is said in the log and does no harm. */
export function startRehearsal(options: RehearsalOptions, log: Log): Rehearsal {
  const stopped = new AbortController()
  const ended = rehearse(options, stopped.signal).then(
    (queries) => log.debug({ queries }, 'rehearsed'),
    (error: unknown) => log.error({ err: String(error) }, 'the rehearsal failed'),
  )
  return {
    async stop() {
      stopped.abort()
      await ended
    },
  }
}

/**
 * Rehearses.
 * @param signal ends it at the next turn
 * @returns how many queries were answered
 * @throws ShareholdError if the parties' shares of an answer do not agree
 */
export async function rehearse(options: RehearsalOptions, signal: AbortSignal): Promise<number> {
  const { n, network, budgetMs, passes = PASSES } = options
  const params = paramsFor(n, network)
  const end = performance.now() + budgetMs
  let answered = 0
  for (let pass = 0; pass < passes; pass++) {
    for (const sql of [...QUERIES, undefined]) {
      await nextTurn()
      if (signal.aborted || performance.now() >= end) return answered
      const plan = sql === undefined ? CHOICES : (await compile(sql, SCHEMA, params)).plan
      if (!(await answer(plan, params, options, signal))) return answered
      answered++
    }
  }
  return answered
}

/** One row each for half of the members, two for the others. */
function paramsFor(n: number, network: PlanParams['network']): PlanParams {
  return {
    committee: { n, t: (n - 1) / 2 },
    security: 'passive',
    dataset: {
      name: SCHEMA.dataset,
      version: 1,
      chunks: [ROWS],
      rowsPerMember: [
        [1, ROWS / 3],
        [2, ROWS / 3],
      ],
    },
    chunksInFlight: 16,
    network,
  }
}

/** Runs a plan at all parties, up to the querier's last step but one. @returns false if it was ended */
async function answer(
  plan: Plan,
  params: PlanParams,
  { n, prg }: RehearsalOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const committee = committeeOf(n)
  const context = rng(32)
  const setup = new MemoryNetwork(n)
  const masters = await Promise.all(
    parties(committee).map((index) =>
      agreeOnKeys(committee, index, setup.channel(index), context, { fill: randomFill }),
    ),
  )
  // A turn a message: nothing else in the process has to wait for long.
  const network = new MemoryNetwork(n, async (message) => {
    await nextTurn()
    return signal.aborted ? undefined : message
  })
  const resultKey = generateResultKey(rng)
  const runs = masters.map(async (master) => {
    const { index } = master
    try {
      const keys = deriveJobKeys(master, context)
      const attempt = { job: SCHEMA.dataset, attempt: 1 }
      const channel = new TranscriptChannel(network.channel(index), index, attempt, keys, hash)
      const party = { committee, index, keys, channel, prg }
      const shares = await execute(party, plan, params, zeros(committee))
      channel.transcript()
      const place = { jobContext: context, n, index }
      const sealed = sealOutput(resultKey.publicKey, place, shares, rng)
      return { lanes: shares.length / 8, sealed }
    } catch (error) {
      network.close(index) // or the others would wait for it
      throw error
    }
  })
  const ends = await Promise.allSettled(runs)
  // Whoever waits for a message that is not delivered any more is told that its sender is late.
  if (signal.aborted) return false
  const outputs = ends.map((one) => {
    if (one.status === 'rejected') throw one.reason
    return one.value
  })
  const sealed = outputs.map((one) => one.sealed)
  openOutputs(resultKey.secretKey, { jobContext: context, n }, outputs[0]!.lanes, sealed)
  return true
}

/** Columns of zeros: shares of 0 may all be 0, at every party. */
function zeros(committee: Committee): ColumnSource {
  const single = ROWS / 3
  return {
    memberOfRow: Uint32Array.from({ length: ROWS }, (_, row) =>
      row < single ? row : single + Math.floor((row - single) / 2),
    ),
    bits: ({ planes, validity }, { layout }, arena) =>
      Promise.resolve(
        Array.from({ length: planes + (validity ? 1 : 0) }, () => {
          const share = newBitShare(arena, committee, layout.planeBytes)
          view(wholeBlock(share)).fill(0)
          return share
        }),
      ),
    field: (_load, { layout }, arena) => {
      const share = arena.elements(layout.lanes)
      fill(share, 0n)
      return Promise.resolve(asShamirShare(share))
    },
  }
}
