/**
 * The coordinator's API from the caller's side: typed requests, every failure a ShareholdError. Runs
 * in Node and in a browser.
 */
import { z } from 'zod'

import { ShareholdError } from '../../shares/errors.ts'
import {
  DatasetInfo,
  DatasetList,
  ErrorBody,
  JobResult,
  JobStatus,
  NetworkInfo,
  SchemaInfo,
} from '../api-types.ts'

/** Longest time until an answer has begun. */
const REQUEST_TIMEOUT_MS = 60_000
/** The coordinator speaks every 2 s on a job's socket: a socket silent for so long is dead. */
const SILENCE_MS = 15_000
const POLL_MS = 500

export class HttpClient {
  readonly #base: string

  /** @param base the topology's `coordinator.http` */
  constructor(base: string) {
    this.#base = base.replace(/\/+$/u, '')
  }

  datasets(signal?: AbortSignal): Promise<DatasetList> {
    return this.#json('GET', '/v1/datasets', DatasetList, undefined, signal)
  }

  dataset(name: string, signal?: AbortSignal): Promise<DatasetInfo> {
    const path = `/v1/datasets/${encodeURIComponent(name)}`
    return this.#json('GET', path, DatasetInfo, undefined, signal)
  }

  /** What the MPC nodes have measured of the lines between them. */
  network(signal?: AbortSignal): Promise<NetworkInfo> {
    return this.#json('GET', '/v1/network', NetworkInfo, undefined, signal)
  }

  /** The schema of a dataset, also before its first version or while signatures are missing. */
  schema(dataset: string, signal?: AbortSignal): Promise<SchemaInfo> {
    const path = `/v1/schemas/${encodeURIComponent(dataset)}`
    return this.#json('GET', path, SchemaInfo, undefined, signal)
  }

  /** Adds the signatures of this note to the schema; `missing` says whose are still wanted. */
  submitSchema(note: string, signal?: AbortSignal): Promise<SchemaInfo> {
    return this.#json('POST', '/v1/schemas', SchemaInfo, { note }, signal)
  }

  submitVersion(
    note: string,
    receipts: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ entry: number }> {
    const answer = z.object({ entry: z.number() })
    return this.#json('POST', '/v1/versions', answer, { note, receipts }, signal)
  }

  submitJob(note: string, signal?: AbortSignal): Promise<{ job: string }> {
    return this.#json('POST', '/v1/jobs', z.object({ job: z.string() }), { note }, signal)
  }

  status(job: string, signal?: AbortSignal): Promise<JobStatus> {
    const path = `/v1/jobs/${encodeURIComponent(job)}`
    return this.#json('GET', path, JobStatus, undefined, signal)
  }

  result(job: string, signal?: AbortSignal): Promise<JobResult> {
    const path = `/v1/jobs/${encodeURIComponent(job)}/result`
    return this.#json('GET', path, JobResult, undefined, signal)
  }

  /** A finished result by its name (protocol/result-name.ts), if there is one. */
  async findResult(name: string, signal?: AbortSignal): Promise<JobResult | undefined> {
    try {
      return await this.#json('GET', `/v1/results/${name}`, JobResult, undefined, signal)
    } catch (error) {
      if (error instanceof ShareholdError && error.code === 'SH_JOB_UNKNOWN') return undefined
      throw error
    }
  }

  /** Bytes of a ledger file, or null if there is none. */
  async ledgerFile(file: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const path = `/v1/ledger/${file}`
    const response = await this.#request('GET', path, undefined, signal)
    if (response.status === 404) return null
    if (!response.ok) throw await errorOf(response)
    const bytes = await response.arrayBuffer().catch((cause: unknown) => {
      throw this.#unreachable(signal, cause)
    })
    return new Uint8Array(bytes)
  }

  /**
   * Follows a job to its end, over a WebSocket if there is one, else by asking again and again.
   *
   * @returns the last status, `done` or `aborted`
   * @throws ShareholdError SH_JOB_UNKNOWN, SH_COORDINATOR_*; the signal's reason
   */
  async follow(
    job: string,
    changed: (status: JobStatus) => void,
    signal?: AbortSignal,
  ): Promise<JobStatus> {
    let status = await this.#listen(job, changed, signal)
    for (;;) {
      signal?.throwIfAborted()
      if (status?.state === 'done' || status?.state === 'aborted') return status
      // The socket may break while the job goes on: asking says how it stands.
      status = await this.status(job, signal)
      changed(status)
      if (status.state === 'done' || status.state === 'aborted') return status
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS)
      })
    }
  }

  /** What the socket said last when it closed. */
  async #listen(
    job: string,
    changed: (status: JobStatus) => void,
    signal: AbortSignal | undefined,
  ): Promise<JobStatus | null> {
    signal?.throwIfAborted()
    const Socket = globalThis.WebSocket ?? ((await import('ws')).WebSocket as never)
    const url = `${this.#base.replace(/^http/u, 'ws')}/v1/jobs/${encodeURIComponent(job)}/progress`
    const socket = new Socket(url)
    const stop = (): void => socket.close()
    signal?.addEventListener('abort', stop, { once: true })
    let silence: ReturnType<typeof setTimeout> | undefined
    try {
      return await new Promise<JobStatus | null>((resolve) => {
        let latest: JobStatus | null = null
        const end = (): void => resolve(latest)
        const listenOn = (): void => {
          clearTimeout(silence)
          silence = setTimeout(end, SILENCE_MS)
        }
        listenOn()
        socket.addEventListener('message', (event) => {
          listenOn()
          const status = parseStatus(event.data)
          if (status === null) return
          latest = status
          changed(status)
        })
        socket.addEventListener('close', end)
        socket.addEventListener('error', end)
      })
    } finally {
      clearTimeout(silence)
      signal?.removeEventListener('abort', stop)
      socket.close()
    }
  }

  async #json<T>(
    method: 'GET' | 'POST',
    path: string,
    schema: z.ZodType<T>,
    content?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const response = await this.#request(method, path, content, signal)
    if (!response.ok) throw await errorOf(response)
    const parsed = schema.safeParse(await response.json().catch(() => undefined))
    if (parsed.success) return parsed.data
    throw new ShareholdError(
      'SH_COORDINATOR_RESPONSE',
      `The coordinator's answer to ${method} ${path} is not of the expected form.`,
      { hint: 'Do both sides run the same version of Sharehold?' },
    )
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    content: unknown,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    // Not AbortSignal.any: on Node 20 it may be collected as garbage before it fires.
    const limit = new AbortController()
    const stop = (): void => limit.abort()
    const timer = setTimeout(stop, REQUEST_TIMEOUT_MS)
    signal?.addEventListener('abort', stop, { once: true })
    try {
      signal?.throwIfAborted()
      return await fetch(`${this.#base}${path}`, {
        method,
        signal: limit.signal,
        ...(content === undefined
          ? {}
          : {
              body: JSON.stringify(content),
              headers: { 'content-type': 'application/json' },
            }),
      })
    } catch (cause) {
      throw this.#unreachable(signal, cause)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
    }
  }

  /** @throws the signal's reason, if that is why */
  #unreachable(signal: AbortSignal | undefined, cause: unknown): ShareholdError {
    signal?.throwIfAborted()
    return new ShareholdError(
      'SH_COORDINATOR_UNREACHABLE',
      `The coordinator at ${this.#base} does not answer.`,
      {
        hint: 'Is it running? `npm run dev` starts a whole network; see README.md.',
        cause,
      },
    )
  }
}

function parseStatus(data: unknown): JobStatus | null {
  try {
    return JobStatus.parse(JSON.parse(String(data)))
  } catch {
    return null
  }
}

async function errorOf(response: Response): Promise<ShareholdError> {
  const parsed = ErrorBody.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) {
    return new ShareholdError(
      'SH_COORDINATOR_RESPONSE',
      `The coordinator answered with HTTP status ${response.status}.`,
      { hint: 'Is something else than a Sharehold coordinator listening there?' },
    )
  }
  return toError(parsed.data)
}

/**
 * A failure that the other side described, as the caller's own error. Its texts may end on a terminal:
 * control characters are left out.
 */
export function toError({ code, message, hint, party, round }: ErrorBody): ShareholdError {
  const plain = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ')
  return new ShareholdError(plain(code), plain(message), {
    ...(hint === undefined ? {} : { hint: plain(hint) }),
    ...(party === undefined ? {} : { party: plain(party) }),
    ...(round === undefined ? {} : { round }),
  })
}
