/**
 * The coordinator's API from the caller's side: typed requests, every failure a ShareholdError. Runs
 * in Node and in a browser.
 */
import { z } from 'zod'

import { ShareholdError } from '../../shares/errors.ts'
import { DatasetInfo, DatasetList, ErrorBody, JobResult, JobStatus } from '../api-types.ts'

export class HttpClient {
  readonly #base: string

  constructor(base: string) {
    this.#base = base.replace(/\/+$/u, '')
  }

  datasets(signal?: AbortSignal): Promise<DatasetList> {
    return this.#json('GET', '/v1/datasets', DatasetList, undefined, signal)
  }

  dataset(name: string, signal?: AbortSignal): Promise<DatasetInfo> {
    return this.#json(
      'GET',
      `/v1/datasets/${encodeURIComponent(name)}`,
      DatasetInfo,
      undefined,
      signal,
    )
  }

  submitSchema(note: string, signal?: AbortSignal): Promise<{ schemaHash: string }> {
    return this.#json('POST', '/v1/schemas', z.object({ schemaHash: z.string() }), { note }, signal)
  }

  submitVersion(
    note: string,
    receipts: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ entry: number }> {
    return this.#json(
      'POST',
      '/v1/versions',
      z.object({ entry: z.number() }),
      { note, receipts },
      signal,
    )
  }

  submitJob(note: string, signal?: AbortSignal): Promise<{ job: string }> {
    return this.#json('POST', '/v1/jobs', z.object({ job: z.string() }), { note }, signal)
  }

  status(job: string, signal?: AbortSignal): Promise<JobStatus> {
    return this.#json('GET', `/v1/jobs/${job}`, JobStatus, undefined, signal)
  }

  result(job: string, signal?: AbortSignal): Promise<JobResult> {
    return this.#json('GET', `/v1/jobs/${job}/result`, JobResult, undefined, signal)
  }

  /** Bytes of a ledger file, or null if there is none. */
  async ledgerFile(file: string, signal?: AbortSignal): Promise<Uint8Array | null> {
    const response = await this.#request('GET', `/v1/ledger/${file}`, undefined, signal)
    if (response.status === 404) return null
    if (!response.ok) throw await errorOf(response)
    return new Uint8Array(await response.arrayBuffer())
  }

  /** Follows a job to its end. @returns the last status, `done` or `aborted`. */
  async follow(
    job: string,
    changed: (status: JobStatus) => void,
    signal?: AbortSignal,
  ): Promise<JobStatus> {
    const Socket = globalThis.WebSocket ?? ((await import('ws')).WebSocket as never)
    const socket = new Socket(`${this.#base.replace(/^http/u, 'ws')}/v1/jobs/${job}/progress`)
    const stop = (): void => socket.close()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      const last = await new Promise<JobStatus | null>((resolve) => {
        let latest: JobStatus | null = null
        socket.addEventListener('message', (event) => {
          const parsed = JobStatus.safeParse(JSON.parse(String(event.data)))
          if (!parsed.success) return
          latest = parsed.data
          changed(latest)
        })
        socket.addEventListener('close', () => resolve(latest))
        socket.addEventListener('error', () => resolve(latest))
      })
      signal?.throwIfAborted()
      // The socket may break while the job goes on: the status says how it stands.
      for (let status = last; ;) {
        if (status !== null && (status.state === 'done' || status.state === 'aborted')) {
          return status
        }
        status = await this.status(job, signal)
        changed(status)
        await new Promise((resolve) => {
          setTimeout(resolve, 250)
        })
      }
    } finally {
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
    try {
      return await fetch(`${this.#base}${path}`, {
        method,
        ...(content === undefined
          ? {}
          : {
              body: JSON.stringify(content),
              headers: { 'content-type': 'application/json' },
            }),
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (cause) {
      signal?.throwIfAborted()
      throw new ShareholdError(
        'SH_COORDINATOR_UNREACHABLE',
        `The coordinator at ${this.#base} does not answer.`,
        {
          hint: 'Is it running? `npm run dev` starts a whole network; see README.md.',
          cause,
        },
      )
    }
  }
}

async function errorOf(response: Response): Promise<ShareholdError> {
  const parsed = ErrorBody.safeParse(await response.json().catch(() => undefined))
  if (!parsed.success) {
    return new ShareholdError(
      'SH_COORDINATOR_RESPONSE',
      `The coordinator answered with HTTP status ${response.status}.`,
    )
  }
  return toError(parsed.data)
}

/** A failure that the other side described, as the caller's own error. */
export function toError({ code, message, hint, party, round }: ErrorBody): ShareholdError {
  return new ShareholdError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(party === undefined ? {} : { party }),
    ...(round === undefined ? {} : { round }),
  })
}
