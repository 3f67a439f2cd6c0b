import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { JobResult } from '../../coordinator/api-types.ts'
import { viewDatasets } from '../../coordinator/client/dataset-view.ts'
import { networkKeys } from '../../coordinator/client/network-keys.ts'
import { verifyResult, type ExpectedResult } from '../../coordinator/client/verify-result.ts'
import { parseNote, signNote } from '../../protocol/ledger/note.ts'
import { compile } from '../../protocol/sql/compile.ts'
import type { ShareholdError } from '../../shares/errors.ts'

import { nextVersion, requestNote, skey } from './fixture.ts'
import { openStage, type Stage } from './stage.ts'

const SQL = 'SELECT COUNT(*) FROM trips'

let stage: Stage
let expected: ExpectedResult
let result: JobResult
let other: JobResult
beforeAll(async () => {
  stage = await openStage()
  const keys = networkKeys(stage.paper.topology)
  const finished = async (note: string): Promise<JobResult> => {
    const { job } = await stage.client.submitJob(note)
    await stage.client.follow(job, () => {})
    return stage.client.result(job)
  }
  const note = requestNote(stage.paper, { sql: SQL })
  const view = await viewDatasets(stage.client, keys, SQL)
  const { planHash } = await compile(SQL, view.datasets[0]!.schema, view.params)
  result = await finished(note)
  other = await finished(requestNote(stage.paper, { sql: SQL }))
  expected = { job: result.job, requestNote: note, planHash, view, keys }
})
afterAll(() => stage.close())

/** The message of the refusal. */
function refusal(changed: Partial<JobResult>, wanted: Partial<ExpectedResult> = {}): string {
  try {
    verifyResult({ ...result, ...changed }, { ...expected, ...wanted })
  } catch (error) {
    expect(error).toMatchObject({ code: 'SH_RESULT_INVALID' })
    return (error as ShareholdError).message
  }
  return expect.unreachable()
}

/** A note with another text, signed by these. */
function resigned(
  note: string,
  signers: readonly string[],
  edit: (text: string) => string,
): string {
  const { text } = parseNote(note)
  const edited = edit(text)
  expect(edited).not.toBe(text)
  return signNote(
    edited,
    signers.map((name) => skey(stage.paper, name)),
  )
}

const MPC = ['mpc-1', 'mpc-2', 'mpc-3']

describe('a result', () => {
  it('is taken as it is', () => {
    const { jobContext, sealed } = verifyResult(result, expected)
    expect(jobContext).toHaveLength(32)
    expect(sealed).toHaveLength(3)
  })

  it('of another job is refused, whole or in parts', () => {
    expect(refusal(other)).toContain('another job')
    expect(refusal({ ...other, job: result.job })).toContain('another job')
    expect(refusal({ completionNote: other.completionNote })).toContain('another start')
    expect(refusal({ startNote: other.startNote })).toContain('another job')
    expect(refusal({ sealed: other.sealed })).toContain('sealed outputs')
    expect(refusal({ attempt: 2 })).toContain('another job')
  })

  it.each<[string, (sealed: readonly string[]) => string[]]>([
    ['missing', (sealed) => sealed.slice(1)],
    ['doubled', (sealed) => [...sealed, sealed[0]!]],
    ['swapped', ([a, b, c]) => [b!, a!, c!]],
    ['changed', ([a, b, c]) => [a!, b!, c!.replace(/^./u, (char) => (char === 'A' ? 'B' : 'A'))]],
    ['not base64', ([a, b]) => [a!, b!, '!']],
  ])('with a sealed output %s is refused', (_, edit) => {
    expect(refusal({ sealed: edit(result.sealed) })).toContain('sealed outputs')
  })

  it('with other reports than were signed for is refused; without any it is taken', () => {
    const reportNotes = result.reportNotes!
    expect(verifyResult(result, expected).reports).toHaveLength(3)
    expect(refusal({ reportNotes: reportNotes.toReversed() })).toContain('reports')
    expect(refusal({ reportNotes: reportNotes.slice(1) })).toContain('reports')
    expect(refusal({ reportNotes: other.reportNotes })).toContain('reports')
    const { reportNotes: _, ...old } = result
    expect(verifyResult(old, expected).reports).toBeUndefined()
  })

  it.each([['mpc-1'], ['mpc-2'], ['mpc-3']])('that %s has not signed is refused', (name) => {
    const lines = result.completionNote.split('\n').filter((line) => !line.startsWith(`— ${name} `))
    expect(refusal({ completionNote: lines.join('\n') })).toContain(name)
  })

  it('with a changed byte in a note is refused', () => {
    for (const field of ['startNote', 'completionNote'] as const) {
      const note = result[field]
      for (let at = 0; at < note.length; at += 37) {
        const digit = note[at] === '0' ? '1' : '0'
        const changed = note.slice(0, at) + digit + note.slice(at + 1)
        expect(refusal({ [field]: changed })).toMatch(/cannot be trusted/u)
      }
    }
  })

  it.each([
    ['attempt', /"attempt":1/u, '"attempt":2'],
    ['threshold’s committee', /"i":1,"vkey":"mpc-1/u, '"i":1,"vkey":"mpc-9'],
    ['plan', /"plan":"./u, '"plan":"0'],
    ['parameters', /"params":"./u, '"params":"0'],
    ['inputs', /"roots":\["./u, '"roots":["0'],
    ['keys', /"keys":\["./u, '"keys":["0'],
    ['start', /"start":"./u, '"start":"0'],
    ['output', /"output":"./u, '"output":"0'],
  ])('whose nodes have signed for another %s is refused', (_, from, to) => {
    const twice = (text: string): string => text.replace(from, to)
    const edit = (text: string): string =>
      twice(text) === text ? text.replace(from, to.replace(/0$/u, '1')) : twice(text)
    expect(refusal({ completionNote: resigned(result.completionNote, MPC, edit) })).not.toBe('')
  })

  it('whose start the coordinator made up is refused', () => {
    const edit = (text: string): string => text.replace(/"time":\d/u, '"time":9')
    const startNote = resigned(result.startNote, ['coordinator'], edit)
    expect(refusal({ startNote })).toContain('another start')
    const byOther = resigned(result.startNote, ['mpc-1'], edit)
    expect(refusal({ startNote: byOther })).toContain('start note')
  })

  it('of another question, plan, version or committee is refused', async () => {
    const { view, keys } = expected
    expect(refusal({}, { requestNote: requestNote(stage.paper) })).toContain('another request')
    expect(refusal({}, { planHash: 'ab'.repeat(32) })).toContain('another plan')
    const params = { ...view.params, chunksInFlight: 3 }
    expect(refusal({}, { view: { ...view, params } })).toContain('planParams')
    const version = nextVersion(stage.paper, 'east').body
    expect(refusal({}, { view: { ...view, datasets: [{ version }] } })).toContain(
      'version of the dataset',
    )
    const mpcNodes = keys.mpcNodes.toReversed()
    expect(refusal({}, { keys: { ...keys, mpcNodes } })).toContain('another committee')
  })
})
