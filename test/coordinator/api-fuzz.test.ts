import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

import { ERROR_TABLES } from '../../cli/error-tables.ts'
import { ErrorBody } from '../../coordinator/api-types.ts'
import { HOSTILE_TEXTS } from '../protocol/sql/hostile-texts.ts'

import { nextVersion, requestNote, schemaNote } from './fixture.ts'
import { openStage, type Stage } from './stage.ts'

const CODES = new Set(ERROR_TABLES.flatMap(({ table }) => Object.keys(table)))
const POSTS = ['/v1/schemas', '/v1/versions', '/v1/jobs'] as const

let stage: Stage
let good: readonly unknown[]
beforeAll(async () => {
  stage = await openStage()
  const { paper } = stage
  const { note, receipts } = nextVersion(paper, 'west')
  good = [
    { note: schemaNote(paper, ['east']) },
    { note, receipts },
    { note: requestNote(paper, { purpose: 'none' }) },
  ]
})
afterAll(() => stage.close())

/** Sends anything; whatever comes back must be an error of ours that blames the caller, or a success. */
async function send(
  path: string,
  body: string | Uint8Array,
  type = 'application/json',
): Promise<void> {
  const response = await fetch(stage.coordinator.http + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  const text = await response.text()
  expect(response.status, text).toBeLessThan(500)
  if (response.ok) return
  const error = ErrorBody.parse(JSON.parse(text))
  expect(CODES, error.code).toContain(error.code)
}

const post = fc.constantFrom(...POSTS)
const runs = { numRuns: 150 }

describe('no body is a failure of the coordinator:', () => {
  it('any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(post, fc.json(), (path, body) => send(path, body)),
      runs,
    )
  })

  it('any text in the right fields', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
    const record = fc.record({ note: text, receipts: fc.array(text, { maxLength: 8 }) })
    await fc.assert(
      fc.asyncProperty(post, record, async (path, { note, receipts }) => {
        await send(path, JSON.stringify(path === '/v1/versions' ? { note, receipts } : { note }))
      }),
      runs,
    )
  })

  it('a good note with one character changed, at any address', async () => {
    const edit = fc.record({
      which: fc.nat(2),
      at: fc.nat(),
      char: fc.oneof(
        fc.constantFrom('', '"', '{', '\n', '— ', '\\', '0'),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
    })
    await fc.assert(
      fc.asyncProperty(post, edit, async (path, { which, at, char }) => {
        const text = JSON.stringify(good[which])
        const place = at % text.length
        await send(path, text.slice(0, place) + char + text.slice(place + 1))
      }),
      runs,
    )
  })

  it('any bytes under any content type', async () => {
    const type = fc.constantFrom(
      'application/json',
      'text/plain',
      'application/octet-stream',
      'x',
      'multipart/form-data',
    )
    await fc.assert(
      fc.asyncProperty(post, fc.uint8Array(), type, (path, bytes, kind) => send(path, bytes, kind)),
      { numRuns: 60 },
    )
  })

  it('a request for hostile SQL, signed by a querier', async () => {
    for (const sql of HOSTILE_TEXTS) {
      const note = requestNote(stage.paper, { sql })
      const response = await fetch(`${stage.coordinator.http}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ note }),
      })
      const text = await response.text()
      expect(response.status, text).toBeGreaterThanOrEqual(400)
      expect(response.status, text).toBeLessThan(500)
      expect(ErrorBody.parse(JSON.parse(text)).code, sql.slice(0, 80)).toMatch(
        /^SH_(?:SQL_(?!INTERNAL)|POLICY_|LEDGER_RECORD)/u,
      )
    }
    // And the next one is answered.
    const asked = await stage.ask('SELECT COUNT(*) AS rides FROM trips')
    expect(asked.answer.rows).toHaveLength(1)
  })

  it('more than a mebibyte', async () => {
    await send('/v1/jobs', JSON.stringify({ note: 'x'.repeat(1 << 20) }))
  })

  it('deep nesting', async () => {
    await send('/v1/jobs', '['.repeat(100_000))
    await send('/v1/jobs', `{"note":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)
  })

  it('names of Object’s own properties', async () => {
    await send('/v1/jobs', '{"__proto__":{"note":"x"}}')
    await send('/v1/jobs', '{"note":"x","constructor":{"prototype":{}}}')
  })
})

describe('no address is a failure of the coordinator:', () => {
  const get = async (path: string): Promise<number> => {
    const response = await fetch(stage.coordinator.http + path)
    const text = await response.text()
    expect(response.status, `${path}: ${text}`).toBeLessThan(500)
    if (!response.ok) expect(CODES).toContain(ErrorBody.parse(JSON.parse(text)).code)
    return response.status
  }

  it('any segment', async () => {
    const at = fc.constantFrom(
      (name: string) => `/v1/datasets/${name}`,
      (name: string) => `/v1/schemas/${name}`,
      (name: string) => `/v1/jobs/${name}`,
      (name: string) => `/v1/jobs/${name}/result`,
      (name: string) => `/v1/ledger/${name}`,
      (name: string) => `/${name}`,
    )
    const name = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => encodeURIComponent(text)),
      fc.constantFrom(
        '__proto__',
        'constructor',
        '%',
        '%E0%A4%A',
        '..%2f..%2fetc%2fpasswd',
        'a'.repeat(3000),
        '%00',
      ),
    )
    await fc.assert(
      fc.asyncProperty(at, name, async (path, text) => void (await get(path(text)))),
      runs,
    )
  })

  it('and no file outside of the ledger is served', async () => {
    expect(await get('/v1/ledger/checkpoint')).toBe(200)
    for (const file of [
      'tile/..%2f..%2fpending-schemas.json',
      '..%2fresults%2fx.json',
      'tile/0/000.p/0',
      'tile/0/000.p/999',
      'tile/entries/x001/000',
    ]) {
      expect(await get(`/v1/ledger/${file}`), file).not.toBe(200)
    }
  })

  it('a socket that talks back is closed or ignored', async () => {
    const url = stage.coordinator.http.replace('http', 'ws')
    const { job } = await stage.client.submitJob(requestNote(stage.paper))
    const socket = new WebSocket(`${url}/v1/jobs/${job}/progress`)
    const closed = new Promise((resolve) => {
      socket.on('close', resolve)
    })
    socket.on('error', () => {})
    socket.on('open', () => socket.send(new Uint8Array(100_000)))
    await closed
    expect(await get('/v1/datasets')).toBe(200)
    await stage.client.follow(job, () => {})
  })
})
