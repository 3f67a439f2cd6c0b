import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, describe, expect, it } from 'vitest'

import type { JobStatus } from '../../coordinator/api-types.ts'
import { HttpClient } from '../../coordinator/client/http-client.ts'
import type { ShareholdError } from '../../shares/errors.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A client of a server that answers like this. */
async function clientOf(listener: RequestListener): Promise<HttpClient> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return new HttpClient(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

const answer =
  (status: number, body: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(body)

const failure = (promise: Promise<unknown>): Promise<ShareholdError> =>
  promise.then(
    () => expect.unreachable(),
    (error: ShareholdError) => error,
  )

describe('failures', () => {
  it('of the connection say where nobody answers', async () => {
    const error = await failure(new HttpClient('http://127.0.0.1:9').datasets())
    expect(error.code).toBe('SH_COORDINATOR_UNREACHABLE')
    expect(error.message).toContain('http://127.0.0.1:9')
  })

  it('that the coordinator describes keep code, hint, party and round', async () => {
    const body = { code: 'SH_ROUND_TIMEOUT', message: 'M', hint: 'H', party: 'mpc-2', round: 7 }
    const client = await clientOf(answer(409, JSON.stringify(body)))
    expect(await failure(client.result('x'))).toMatchObject(body)
  })

  it('that it describes cannot steer a terminal', async () => {
    const body = { code: 'SH_X', message: 'a\u001B[2Jb', hint: 'c\nd' }
    const client = await clientOf(answer(400, JSON.stringify(body)))
    expect(await failure(client.datasets())).toMatchObject({ message: 'a [2Jb', hint: 'c d' })
  })

  it.each([
    ['a page of something else', 502, '<html>Bad gateway</html>'],
    ['no body', 500, ''],
    ['an error without a code', 400, '{"message":"x"}'],
  ])('with %s are not taken for ours', async (_, status, body) => {
    const error = await failure((await clientOf(answer(status, body))).datasets())
    expect(error.code).toBe('SH_COORDINATOR_RESPONSE')
    expect(error.message).toContain(String(status))
  })

  it.each(['', '<html></html>', '[]', '{"job":7}', 'null'])(
    'of understanding are named as that: %s',
    async (body) => {
      const client = await clientOf(answer(200, body))
      expect((await failure(client.submitJob('n'))).code).toBe('SH_COORDINATOR_RESPONSE')
    },
  )

  it('in the middle of a body are failures of the connection', async () => {
    const client = await clientOf((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('abc')
      setTimeout(() => response.destroy(), 20)
    })
    expect((await failure(client.ledgerFile('checkpoint'))).code).toBe('SH_COORDINATOR_UNREACHABLE')
  })

  it('by the caller’s own will are the caller’s reason', async () => {
    const client = await clientOf(() => {})
    const stop = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => stop.abort(reason), 30)
    await expect(client.datasets(stop.signal)).rejects.toBe(reason)
  })
})

describe('ledgerFile', () => {
  it('is null where there is none', async () => {
    const client = await clientOf(answer(404, '{"code":"SH_LEDGER_MISSING","message":"no"}'))
    expect(await client.ledgerFile('tile/0/000')).toBeNull()
  })
})

describe('follow', () => {
  const status = (state: JobStatus['state'], progress: number): JobStatus => ({
    job: 'j',
    attempt: 1,
    state,
    progress,
  })

  it('asks again and again where there is no socket', async () => {
    const said = [status('preparing', 0), status('running', 0.5), status('done', 1)]
    let asked = 0
    const client = await clientOf((request, response) => {
      if (request.url === '/v1/jobs/j')
        answer(200, JSON.stringify(said[asked++]))(request, response)
      else answer(404, '{}')(request, response)
    })
    const seen: number[] = []
    const last = await client.follow('j', ({ progress }) => seen.push(progress))
    expect(last.state).toBe('done')
    expect(seen).toEqual([0, 0.5, 1])
  })

  it('ends with the failure if there is no such job', async () => {
    const client = await clientOf(answer(404, '{"code":"SH_JOB_UNKNOWN","message":"no"}'))
    expect((await failure(client.follow('j', () => {}))).code).toBe('SH_JOB_UNKNOWN')
  })

  it('ends when the caller has enough', async () => {
    const client = await clientOf((request, response) => {
      if (request.url === '/v1/jobs/j') {
        answer(200, JSON.stringify(status('running', 0)))(request, response)
      } else answer(404, '{}')(request, response)
    })
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(client.follow('j', () => {}, stop.signal)).rejects.toThrow('enough')
  })
})
