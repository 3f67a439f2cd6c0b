/**
 * Where an MPC node's jobs meet the share-nodes that bring their columns.
 *
 * Against whom: a stranger, or a share-node for a job that nobody expects: reset. A coordinator that tells
 * the two committees different things under one job id: every share-node says what it serves (`subjectOf`),
 * and it must be what this node was told.
 */
import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import type { FramedStream } from './framed-stream.ts'
import { receiveMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'

interface Expected {
  readonly subject: string
  readonly streams: Map<number, FramedStream>
  /** What each share-node says it serves. */
  readonly subjects: Map<number, string>
  /** Wakes `take` when a stream came. */
  arrived: () => void
}

/** Streams of columns that a job of this node waits for; others are refused. */
export class ColumnLobby {
  readonly #overlay: Overlay
  readonly #jobs = new Map<string, Expected>()

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  /** From now on share-nodes may bring columns for this attempt. @param subject from `subjectOf` */
  expect(job: string, attempt: number, subject: string): void {
    const [streams, subjects] = [new Map<number, FramedStream>(), new Map<number, string>()]
    this.#jobs.set(`${job}/${attempt}`, { subject, streams, subjects, arrived() {} })
  }

  /** Takes a share-node's stream, or resets it. */
  async welcome(stream: FramedStream, peer: string): Promise<void> {
    const { topology } = this.#overlay
    const wait = { timeoutMs: topology.roundTimeoutMs }
    const { header } = await receiveMessage(stream, ['columnsBegin'], wait)
    const expected = this.#jobs.get(`${header.job}/${header.attempt}`)
    if (
      expected === undefined ||
      topology.shareNodes[header.from - 1]?.name !== peer ||
      expected.streams.has(header.from)
    ) {
      stream.reset('no job waits for these columns')
      return
    }
    expected.streams.set(header.from, stream)
    expected.subjects.set(header.from, header.subject)
    expected.arrived()
  }

  /**
   * All share-nodes' streams, in order.
   * @throws ShareholdError SH_NET_TIMEOUT naming who did not come; SH_PROTOCOL_COLUMN naming who serves
   * something else than this node was told
   */
  async take(
    job: string,
    attempt: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<FramedStream[]> {
    const expected = this.#jobs.get(`${job}/${attempt}`)!
    const nodes = this.#overlay.topology.shareNodes
    const limit = deadline(timeoutMs, signal)
    try {
      while (expected.streams.size < nodes.length) {
        await new Promise<void>((resolve) => {
          expected.arrived = resolve
          if (limit.signal.aborted) resolve()
          else limit.signal.addEventListener('abort', () => resolve(), { once: true })
        })
        signal.throwIfAborted()
        const missing = nodes.find((node) => !expected.streams.has(node.index))
        if (limit.timedOut && missing !== undefined) {
          throw new ShareholdError(
            'SH_NET_TIMEOUT',
            `${missing.name} did not bring its columns within ${timeoutMs} ms.`,
            { party: missing.name },
          )
        }
      }
    } finally {
      limit.dispose()
    }
    const other = nodes.find(({ index }) => expected.subjects.get(index) !== expected.subject)
    if (other !== undefined) {
      throw new ShareholdError(
        'SH_PROTOCOL_COLUMN',
        `${other.name} was told another request, plan or dataset version than this node.`,
        { party: other.name, hint: 'The coordinator said different things to the two.' },
      )
    }
    return nodes.map((node) => expected.streams.get(node.index)!)
  }

  /** The attempt is over: its streams are closed. */
  forget(job: string, attempt: number): void {
    const key = `${job}/${attempt}`
    for (const stream of this.#jobs.get(key)?.streams.values() ?? []) {
      stream.close().catch(() => undefined)
    }
    this.#jobs.delete(key)
  }
}
