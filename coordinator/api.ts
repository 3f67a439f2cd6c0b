/**
 * The coordinator's HTTP and WebSocket API: a thin skin over CoordinatorService. Binds to the host and
 * port of the topology's `coordinator.http`.
 *
 * Against whom: anyone may connect. Reading is public (catalogue, ledger, sealed results: none of it
 * reveals a value or an answer); writing needs notes signed by keys of the topology, which the
 * service checks. Bodies are limited to 1 MiB.
 */
import websocket from '@fastify/websocket'
import fastify from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { WebSocket } from 'ws'
import { z } from 'zod'

import { silent } from '../node/log.ts'
import type { Log } from '../node/log.ts'
import { ShareholdError } from '../shares/errors.ts'

import type {
  DatasetInfo,
  DatasetList,
  ErrorBody,
  JobResult,
  JobStatus,
  NetworkInfo,
  SchemaInfo,
} from './api-types.ts'

export interface CoordinatorService {
  datasets(): DatasetList
  dataset(name: string): DatasetInfo
  /** Also before the dataset's first version. */
  schema(dataset: string): SchemaInfo
  submitSchema(note: string): Promise<SchemaInfo>
  submitVersion(note: string, receipts: readonly string[]): Promise<{ entry: number }>
  submitJob(note: string): Promise<{ job: string }>
  status(job: string): JobStatus
  result(job: string): Promise<JobResult>
  /** By what it depends on (protocol/result-name.ts). @throws ShareholdError SH_JOB_UNKNOWN */
  findResult(name: string): Promise<JobResult>
  /** Calls back at every change of status until the returned function is called. */
  watch(job: string, changed: (status: JobStatus) => void): () => void
  /** Lines between the MPC nodes. */
  network(): Promise<NetworkInfo>
  /** Bytes of a ledger file (`checkpoint`, `tile/…`), or null. */
  ledgerFile(file: string): Promise<Uint8Array | null>
}

/** While a job runs its status is said again this often, so that a client can tell silence from work. */
const HEARTBEAT_MS = 2_000

const NoteBody = z.strictObject({ note: z.string() })
const VersionBody = z.strictObject({ note: z.string(), receipts: z.array(z.string()).max(7) })
const LEDGER_FILE = /^(?:checkpoint|tile\/[0-9a-z/.]+)$/u

/** What a caller may know of a failure. */
export function errorBody(error: unknown): ErrorBody {
  if (!(error instanceof ShareholdError)) {
    return { code: 'SH_JOB_FAILED', message: 'Internal error; the coordinator’s log says more.' }
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.party === undefined ? {} : { party: error.party }),
    ...(error.round === undefined ? {} : { round: error.round }),
  }
}

function httpStatus(error: unknown): number {
  if (!(error instanceof ShareholdError) || error.code === 'SH_LEDGER_STORAGE') return 500
  if (/_UNKNOWN/u.test(error.code)) return 404
  if (/_DUPLICATE|_CONFLICT|_NOT_DONE/u.test(error.code)) return 409
  if (error.code.startsWith('SH_AUTH_')) return 403
  return 400
}

function body<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ShareholdError(
    'SH_COORDINATOR_REQUEST',
    `The request body is malformed: ${z.prettifyError(parsed.error)}`,
  )
}

export async function createApi(
  service: CoordinatorService,
  log: Log = silent,
): Promise<FastifyInstance> {
  const api = fastify({
    bodyLimit: 1 << 20,
    logger: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1024 },
    // What fastify refuses before it looks for a route, such as a malformed address.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const body: ErrorBody = { code: 'SH_COORDINATOR_REQUEST', message: error.message }
      void reply.status(error.statusCode ?? 400).send(body)
    },
  })
  await api.register(websocket, { options: { maxPayload: 4096 } })
  api.setErrorHandler(async (error, _request, reply) => {
    const tooLarge = (error as { statusCode?: number }).statusCode
    if (!(error instanceof ShareholdError) && tooLarge !== undefined && tooLarge < 500) {
      await reply
        .status(tooLarge)
        .send({ code: 'SH_COORDINATOR_REQUEST', message: (error as Error).message })
      return
    }
    const status = httpStatus(error)
    if (status === 500) log.error({ err: error }, 'a request failed')
    await reply.status(status).send(errorBody(error))
  })
  api.setNotFoundHandler(async (_request, reply) => {
    await reply
      .status(404)
      .send({ code: 'SH_COORDINATOR_REQUEST', message: 'There is nothing at this address.' })
  })

  api.get('/v1/datasets', () => service.datasets())
  api.get<{ Params: { name: string } }>('/v1/datasets/:name', (request) =>
    service.dataset(request.params.name),
  )
  api.get<{ Params: { name: string } }>('/v1/schemas/:name', (request) =>
    service.schema(request.params.name),
  )
  api.get('/v1/network', () => service.network())
  api.post('/v1/schemas', (request) => service.submitSchema(body(NoteBody, request.body).note))
  api.post('/v1/versions', (request) => {
    const { note, receipts } = body(VersionBody, request.body)
    return service.submitVersion(note, receipts)
  })
  api.post('/v1/jobs', (request) => service.submitJob(body(NoteBody, request.body).note))
  api.get<{ Params: { job: string } }>('/v1/jobs/:job', (request) =>
    service.status(request.params.job),
  )
  api.get<{ Params: { job: string } }>('/v1/jobs/:job/result', (request) =>
    service.result(request.params.job),
  )
  api.get<{ Params: { name: string } }>('/v1/results/:name', (request) =>
    service.findResult(request.params.name),
  )
  api.get<{ Params: { job: string } }>(
    '/v1/jobs/:job/progress',
    { websocket: true },
    (socket: WebSocket, request) => {
      socket.on('error', () => socket.terminate())
      try {
        follow(service, request.params.job, socket)
      } catch (error) {
        socket.close(4404, errorBody(error).code)
      }
    },
  )
  api.get<{ Params: { '*': string } }>('/v1/ledger/*', async (request, reply) => {
    const file = request.params['*']
    const bytes = LEDGER_FILE.test(file) ? await service.ledgerFile(file) : null
    if (bytes === null) {
      await reply.status(404).send({ code: 'SH_LEDGER_MISSING', message: `There is no ${file}.` })
      return
    }
    await reply.type('application/octet-stream').send(Buffer.from(bytes))
  })
  return api
}

/** Says every change of a job's status until its end, and the same again while nothing changes. */
function follow(service: CoordinatorService, job: string, socket: WebSocket): void {
  const say = (status: JobStatus): void => {
    socket.send(JSON.stringify(status))
    if (status.state === 'done' || status.state === 'aborted') socket.close(1000)
  }
  const stop = service.watch(job, say)
  const heartbeat = setInterval(() => say(service.status(job)), HEARTBEAT_MS)
  socket.on('close', () => {
    clearInterval(heartbeat)
    stop()
  })
}
