import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

import { agreedKeys } from '../../coordinator/job-checks.ts'
import { reasonAmong, type Failure } from '../../coordinator/job-nodes.ts'
import { runAttempt, type AttemptOutcome } from '../../coordinator/job-run.ts'
import { hash } from '../../node/crypto.ts'
import { admissionKeys } from '../../node/job-server.ts'
import { silent } from '../../node/log.ts'
import type { Overlay } from '../../node/overlay.ts'
import {
  admit,
  datasetParams,
  jobIdOf,
  proposeParams,
  type AdmittedJob,
} from '../../protocol/admission.ts'
import { canonicalJson } from '../../protocol/canonical-json.ts'
import { memoryFiles } from '../../protocol/ledger/files.ts'
import { Log } from '../../protocol/ledger/log.ts'
import { renameSignerKey } from '../../protocol/ledger/note.ts'
import {
  noteHash,
  openRecordOfAll,
  outputRoot,
  peekRecord,
  type LedgerRecord,
} from '../../protocol/ledger/records.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { committee } from '../../shares/committee.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { hexOf } from '../../shares/hex.ts'

import {
  abortWith,
  after,
  FakeNetwork,
  hang,
  vanish,
  type Script,
  type Stage,
} from './fake-nodes.ts'
import {
  nextVersion,
  paperNetwork,
  requestNote,
  schemaNote,
  SCHEMA,
  skey,
  type Paper,
} from './fixture.ts'

/** For nodes that answer, on however busy a machine. */
const PATIENT_MS = 20_000
/** For nodes that do not. */
const HASTY_MS = 2_000

interface Ran {
  readonly network: FakeNetwork
  readonly records: readonly LedgerRecord[]
  readonly notes: readonly string[]
  readonly vkeys: readonly string[]
  readonly origin: string
  readonly admitted: AdmittedJob
  readonly outcome: AttemptOutcome | undefined
  readonly entry: number | undefined
  readonly error: ShareholdError | undefined
  /** Size of the ledger when the outcome was kept. */
  readonly keptAt: number | undefined
  readonly progress: readonly string[]
}

interface Theatre {
  readonly paper: Paper
  readonly network: FakeNetwork
}

/** Nodes that admit as real ones do. */
async function startNetwork(n: number, roundTimeoutMs = PATIENT_MS): Promise<Theatre> {
  const limits = { dialTimeoutMs: roundTimeoutMs }
  const paper = await paperNetwork(n, { roundTimeoutMs, limits })
  const keys = admissionKeys(paper.topology)
  const network = await FakeNetwork.start(paper, {
    admit: (header) => admit(header, keys, Math.floor(Date.now() / 1000), hash),
  })
  return { paper, network }
}

let three: Theatre
let hasty: Theatre
beforeAll(async () => {
  three = await startNetwork(3)
  hasty = await startNetwork(3, HASTY_MS)
})
afterAll(() => Promise.all([three.network.close(), hasty.network.close()]))

/** One attempt with scripted nodes, on a ledger of its own. */
async function run(
  script: Script,
  options: {
    on?: Theatre
    absent?: string[]
    /** Processes that are stopped: connected, and deaf. */
    stopped?: string[]
    signal?: AbortSignal
    now?: number
  } = {},
): Promise<Ran> {
  const { paper, network } = options.on ?? three
  await network.revive(options.absent)
  network.script = script
  const { topology } = paper
  const ledger = await Log.open({
    files: memoryFiles(),
    skey: renameSignerKey(skey(paper, 'coordinator'), topology.origin),
    hash,
  })
  const schema = schemaNote(paper, ['east', 'west'])
  const version = nextVersion(paper, 'east')
  const keys = admissionKeys(topology)
  const params = proposeParams({ dataset: datasetParams(version.body) }, keys.n, topology)
  const request = requestNote(paper, { versionNote: version.note })
  const { planHash } = await compile('SELECT COUNT(*) FROM trips', SCHEMA, params)
  const proposal = {
    job: jobIdOf(request),
    requestNote: request,
    schemaNotes: [schema],
    versionNotes: [version.note],
    planParams: canonicalJson(params),
    planHash,
  }
  const admitted = await admit(proposal, keys, Math.floor(Date.now() / 1000), hash)
  let outcome: AttemptOutcome | undefined
  let keptAt: number | undefined
  const progress: string[] = []
  let entry: number | undefined
  let error: ShareholdError | undefined
  try {
    const ended = await runAttempt({
      overlay: deafTo(network.coordinator, options.stopped ?? []),
      key: paper.keys.get('coordinator')!,
      ledger,
      log: silent,
      now: () => options.now ?? Date.now(),
      admitted,
      attempt: 1,
      schemaNotes: [schema],
      versionNotes: [version.note],
      signal: options.signal ?? new AbortController().signal,
      onProgress: (state, share) => progress.push(`${state} ${share}`),
      keep: async (kept) => {
        outcome = kept
        keptAt = ledger.size
      },
    })
    entry = ended.entry
  } catch (caught) {
    if (!(caught instanceof ShareholdError)) throw caught
    error = caught
  }
  const notes = await Promise.all(
    Array.from({ length: ledger.size }, async (_, seq) => (await ledger.read(seq)).note),
  )
  return {
    network,
    notes,
    records: notes.map((note) => peekRecord(note, topology.origin)),
    vkeys: topology.mpcNodes.map(({ vkey }) => vkey),
    origin: topology.origin,
    admitted,
    outcome,
    entry,
    error,
    keptAt,
    progress,
  }
}

/** The overlay, as it is when these processes are stopped: pings go unanswered. */
function deafTo(overlay: Overlay, stopped: readonly string[]): Overlay {
  return new Proxy(overlay, {
    get(target, property) {
      if (property === 'responds') {
        return async (name: string, timeoutMs: number): Promise<boolean> =>
          !stopped.includes(name) && target.responds(name, timeoutMs)
      }
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const kinds = ({ records }: Ran): string[] => records.map(({ kind }) => kind)

describe('an attempt that succeeds', () => {
  it.each([3, 5])('has start, reports and completion in the ledger (n = %i)', async (n) => {
    const on = n === 3 ? three : await startNetwork(n)
    if (on !== three) onTestFinished(() => on.network.close())
    const ran = await run({}, { on })
    expect(ran.error).toBeUndefined()
    const reports = Array.from({ length: n }, () => 'report')
    expect(kinds(ran)).toEqual(['job-start', ...reports, 'completion'])
    expect(ran.entry).toBe(n + 1)
    const [startNote] = ran.notes
    const completionNote = ran.notes.at(-1)!
    const completion = openRecordOfAll(completionNote, ran.origin, 'completion', ran.vkeys)
    expect(completion.start).toBe(noteHash(startNote!))
    expect(completion.reports).toEqual(ran.notes.slice(1, n + 1).map((note) => noteHash(note)))
    const { sealed } = ran.outcome!
    const hashes = sealed.map((bytes) => hexOf(hash.sha256(bytes)))
    expect(completion.output).toBe(outputRoot(hashes, hash))
    expect(ran.outcome).toMatchObject({ startNote, completionNote })
    // Kept before it is entered: an entered completion always has its outputs.
    expect(ran.keptAt).toBe(1)
    for (const name of ['share-1', 'share-2', 'mpc-1', 'mpc-3'])
      expect((await ran.network.told(ran.admitted.job, name))?.kind).toBe('jobClosed')
    expect(ran.progress[0]).toBe('preparing 0')
    expect(ran.progress.at(-1)).toBe('signing 1')
    expect(ran.progress).toContain('running 1')
  })

  it('does not mind a share-node that leaves after it is done', async () => {
    const ran = await run({
      at: {
        // Not at once: a connection that ends with the last frame in it may take it along.
        'share-2': { closed: after(300, vanish) },
        'mpc-1': { done: after(1000, async () => 'go on') },
      },
    })
    expect(ran.error).toBeUndefined()
    expect(kinds(ran).at(-1)).toBe('completion')
  })
})

describe('a node that vanishes', () => {
  const stages: Stage[] = ['prepared', 'committed', 'progress', 'done']
  it.each(stages.flatMap((stage) => [['share-3', stage] as const, ['mpc-2', stage] as const]))(
    '%s before %s is named, and the others are told',
    async (name, stage) => {
      const ran = await run({ at: { [name]: { [stage]: vanish } } })
      expect(ran.error).toMatchObject({ code: 'SH_JOB_NODE_GONE', party: name })
      const started = stage === 'progress' || stage === 'done' ? ['job-start'] : []
      expect(kinds(ran)).toEqual([...started, 'abort'])
      expect(ran.records.at(-1)!.body).toMatchObject({
        job: ran.admitted.job,
        attempt: 1,
        code: 'SH_JOB_NODE_GONE',
        blamed: name,
      })
      expect(await ran.network.told(ran.admitted.job, 'mpc-1')).toMatchObject({
        kind: 'abort',
        header: { party: name },
      })
      expect(ran.outcome).toBeUndefined()
    },
  )

  it('before it signs is named, and nothing is completed', async () => {
    const ran = await run({ at: { 'mpc-3': { signed: vanish } } })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_NODE_GONE', party: 'mpc-3' })
    expect(kinds(ran)).toEqual(['job-start', 'abort'])
    expect(ran.outcome).toBeUndefined()
  })

  it('is named even if another node first says that somebody is gone', async () => {
    const ran = await run({
      at: {
        'mpc-1': {
          done: abortWith({ code: 'SH_ROUND_PEER_GONE', reason: 'Party left.', party: 'mpc-2' }),
        },
        'mpc-3': {
          done: after(
            30,
            abortWith({ code: 'SH_ROUND_PEER_GONE', reason: 'Party left.', party: 'mpc-1' }),
          ),
        },
        'mpc-2': { done: after(100, vanish) },
      },
    })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_NODE_GONE', party: 'mpc-2' })
  })

  it('is missed before the job if it was never there', async () => {
    const ran = await run({}, { on: hasty, absent: ['share-1'] })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_NODE_MISSING', party: 'share-1' })
    expect(kinds(ran)).toEqual(['abort'])
  })
})

describe('a node that is silent', () => {
  it.each(['prepared', 'signed'] as const)('before %s runs out of time', async (stage) => {
    const ran = await run({ at: { 'mpc-2': { [stage]: hang } } }, { on: hasty })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_TIMEOUT', party: 'mpc-2' })
    expect(kinds(ran).at(-1)).toBe('abort')
  })

  it('in a round is named by those who wait for it', async () => {
    const header = { code: 'SH_ROUND_TIMEOUT', reason: 'Nothing came.', party: 'mpc-2', round: 3 }
    const ran = await run({
      at: { 'mpc-2': { done: hang }, 'mpc-3': { done: abortWith(header) } },
    })
    expect(ran.error).toMatchObject({ code: 'SH_ROUND_TIMEOUT', party: 'mpc-2', round: 3 })
    expect(ran.error!.message).toBe('Nothing came. (reported by mpc-3)')
    expect(ran.records.at(-1)!.body).toMatchObject({ blamed: 'mpc-2' })
  })

  it('in a round is named though those who wait for it were accused before they could say so', async () => {
    const hearsay = {
      code: 'SH_ROUND_ABORTED',
      reason: 'mpc-1 has ended the session. It says: mpc-2 was silent.',
      party: 'mpc-1',
      round: 2,
    }
    const script = { at: { 'mpc-3': { done: hang }, 'mpc-2': { done: abortWith(hearsay) } } }
    const ran = await run(script, { stopped: ['mpc-3'] })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_TIMEOUT', party: 'mpc-3' })
    expect(ran.records.at(-1)!.body).toMatchObject({ blamed: 'mpc-3' })
    // All answer: what was said stands.
    expect((await run(script)).error).toMatchObject({ code: 'SH_ROUND_ABORTED', party: 'mpc-1' })
  })
})

describe('a node that gives up', () => {
  it('by refusing names nobody, and its code and hint come through', async () => {
    const { sendMessage } = await import('../../node/message-stream.ts')
    const refusal = { code: 'SH_AUTH_REPLAY', message: 'Seen before.', hint: 'Sign again.' }
    const ran = await run({
      at: {
        'share-1': {
          prepared: async ({ stream }) => {
            await sendMessage(stream, 'refused', refusal)
            await stream.close()
            return 'stop'
          },
        },
      },
    })
    expect(ran.error).toMatchObject({ code: 'SH_AUTH_REPLAY', hint: 'Sign again.' })
    expect(ran.error!.party).toBeUndefined()
    expect(ran.error!.message).toBe('share-1 refuses the job: Seen before.')
    expect(kinds(ran)).toEqual(['abort'])
  })

  it.each([
    ['its own failure', { code: 'SH_JOB_FAILED', reason: 'Failed.' }, 'mpc-1'],
    ['an index', { code: 'SH_ROUND_LENGTH', reason: 'Short.', party: '3' }, 'mpc-3'],
    ['a share-node', { code: 'SH_NET_TIMEOUT', reason: 'Late.', party: 'share-2' }, 'share-2'],
    ['a key', { code: 'SH_NOTE_SIGNATURE', reason: 'Bad.', party: 'mpc-2+01234567' }, 'mpc-2'],
    ['nobody', { code: 'SH_PROTOCOL_SETUP', reason: 'Keys differ.' }, undefined],
    ['a stranger', { code: 'SH_ROUND_TAG', reason: 'Odd.', party: 'mallory' }, undefined],
  ])('with %s', async (_, header, blamed) => {
    const ran = await run({ at: { 'mpc-1': { done: abortWith(header) } } })
    expect(ran.error).toMatchObject({ code: header.code })
    expect(ran.error!.party).toBe(blamed)
    expect(ran.records.at(-1)!.body).toMatchObject({ code: header.code, blamed: blamed ?? '' })
  })
})

describe('nodes that contradict', () => {
  it.each(['mpc-1', 'share-2'])('each other on keys (%s): nobody is blamed', async (name) => {
    const commitment = (who: string): string | undefined =>
      who === name ? 'ee'.repeat(32) : undefined
    const ran = await run({ commitment })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_DISAGREE' })
    expect(ran.error!.party).toBeUndefined()
    expect(kinds(ran)).toEqual(['abort'])
  })

  it.each<[string, NonNullable<Script['report']>]>([
    ['another job', (_, body) => ({ ...body, job: 'another' })],
    ['another attempt', (_, body) => ({ ...body, attempt: 2 })],
    ['another context', (_, body) => ({ ...body, jobContext: 'aa'.repeat(32) })],
    ['another plan', (_, body) => ({ ...body, plan: 'aa'.repeat(32) })],
    ['other parameters', (_, body) => ({ ...body, params: 'aa'.repeat(32) })],
    ['another output', (_, body) => ({ ...body, sealedOutput: 'aa'.repeat(32) })],
    ['another node', (_, body) => ({ ...body, index: 1 })],
  ])('their start in a report on %s are named', async (_, edit) => {
    const report: Script['report'] = (name, body) => (name === 'mpc-2' ? edit(name, body) : body)
    const ran = await run({ report })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_DISAGREE', party: 'mpc-2' })
    expect(kinds(ran)).toEqual(['job-start', 'abort'])
  })

  it('each other on what was sent: nobody is blamed', async () => {
    const ran = await run({
      report: (name, body) =>
        name === 'mpc-2'
          ? {
              ...body,
              peers: body.peers.map((row) => ({ ...row, sent: { ...row.sent, messages: 1 } })),
            }
          : body,
    })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_DISAGREE' })
    expect(ran.error!.party).toBeUndefined()
  })

  it('the completion by signing another one are named', async () => {
    const signs = (name: string, text: string): string =>
      name === 'mpc-3' ? text.replace('"attempt":1', '"attempt":2') : text
    const ran = await run({ signs })
    expect(ran.error).toMatchObject({ code: 'SH_JOB_DISAGREE', party: 'mpc-3' })
    expect(kinds(ran)).toEqual(['job-start', 'abort'])
    expect(ran.outcome).toBeUndefined()
  })
})

describe('the coordinator', () => {
  it('gives an attempt up when it is stopped', async () => {
    const stop = new AbortController()
    const reason = new ShareholdError('SH_JOB_CLOSED', 'Stopped.')
    const ran = await run(
      {
        at: {
          'mpc-1': {
            done: async () => {
              stop.abort(reason)
              return 'stop'
            },
          },
        },
      },
      { signal: stop.signal },
    )
    expect(ran.error).toMatchObject({ code: 'SH_JOB_CLOSED' })
    expect(kinds(ran)).toEqual(['job-start', 'abort'])
    expect(await ran.network.told(ran.admitted.job, 'mpc-2')).toMatchObject({ kind: 'abort' })
  })

  it('starts nothing that has expired meanwhile', async () => {
    const ran = await run({}, { now: Date.now() + 3_600_000 })
    expect(ran.error).toMatchObject({ code: 'SH_AUTH_EXPIRED' })
    expect(kinds(ran)).toEqual(['abort'])
  })
})

describe('agreedKeys', () => {
  const honest = (n: number): { name: string; commitments: string[] }[] => {
    const of = committee(n)
    const hex = (set: number): string => hexOf(hash.sha256(Uint8Array.of(set)))
    return of.held.map((sets, i) => ({
      name: `node-${i + 1}`,
      commitments: sets.map((set) => `${set}:${hex(set)}`),
    }))
  }

  it.each([3, 5, 7])('has one commitment per set when all agree (n = %i)', (n) => {
    const keys = agreedKeys(committee(n), honest(n))
    expect(keys).toHaveLength(committee(n).sets.length)
    expect(keys.every((key, set) => key === hexOf(hash.sha256(Uint8Array.of(set))))).toBe(true)
  })

  it('refuses whatever one node changes', () => {
    const size = fc.constantFrom(3, 5, 7)
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), fc.nat(5), (n, who, which, how) => {
        const said = honest(n)
        const { commitments, name } = said[who % n]!
        const at = which % commitments.length
        const text = commitments[at]!
        const changed = [
          text.replace(/.$/u, (digit) => (digit === '0' ? '1' : '0')),
          text.replace(/^\d+/u, '99'),
          `0${text}`,
          text.toUpperCase(),
          `${text}00`,
          '',
        ][how]!
        if (changed === text) return
        commitments[at] = changed
        try {
          agreedKeys(committee(n), said)
        } catch (error) {
          const { code, party } = error as ShareholdError
          expect(code).toBe('SH_JOB_DISAGREE')
          expect(party).toBe(how === 0 ? undefined : name)
          return
        }
        expect.unreachable()
      }),
    )
  })
})

describe('reasonAmong', () => {
  const says = (node: string, party?: string): Failure => ({
    node,
    error: new ShareholdError('SH_ROUND_PEER_GONE', node, party === undefined ? {} : { party }),
  })
  const chosen = (failures: Failure[]): string => (reasonAmong(failures) as Error).message

  it('follows blame to its end', () => {
    expect(chosen([says('a', 'b'), says('b', 'c'), says('c')])).toBe('c')
    expect(chosen([says('a', 'b'), says('c', 'a'), says('b', 'b')])).toBe('b')
  })

  it('stays with the first who blames somebody that has said nothing', () => {
    expect(chosen([says('a', 'd'), says('b', 'a')])).toBe('a')
  })

  it('ends where blame goes around', () => {
    expect(chosen([says('a', 'b'), says('b', 'a')])).toBe('b')
  })
})
