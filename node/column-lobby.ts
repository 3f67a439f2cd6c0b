/**
 * Where an MPC node's jobs meet the share-nodes that bring their columns, and are told what it holds
 * already.
 *
 * Against whom: a stranger, or a share-node for a job that nobody expects: reset. A coordinator that tells
 * the two committees different things under one job id: every share-node says what it serves (`subjectOf`),
 * and it must be what this node was told.
 */
import type { Headers } from '../protocol/wire/messages.ts'
import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import type { FramedStream } from './framed-stream.ts'
import { receiveMessage, sendMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'

type Begin = Headers['columnsBegin']

interface Expected {
  readonly subject: string
  readonly held: Headers['columnsHeld']
  readonly streams: Map<number, FramedStream>
  /** What each share-node says that it serves. */
  readonly begun: Map<number, Headers['columnsBegin']>
  /** Wakes `take` when a stream came. */
  arrived: () => void
}

/** The share-nodes of a job, arrived. */
export interface Delivery {
  /** From share-node 1..n. */
  readonly streams: readonly FramedStream[]
  /** The name of what they will deal. */
  readonly sharing: string
}

/** Streams of columns that a job of this node waits for; others are refused. */
export class ColumnLobby {
  readonly #overlay: Overlay
  readonly #jobs = new Map<string, Expected>()

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  /**
   * From now on share-nodes may bring columns for this attempt.
   * @param subject from `subjectOf`
   * @param held what they are told when they come
   */
  expect(job: string, attempt: number, subject: string, held: Headers['columnsHeld']): void {
    const [streams, begun] = [new Map<number, FramedStream>(), new Map<number, Begin>()]
    this.#jobs.set(`${job}/${attempt}`, { subject, held, streams, begun, arrived() {} })
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
    expected.begun.set(header.from, header)
    expected.arrived()
    await sendMessage(stream, 'columnsHeld', expected.held, undefined, wait)
  }

  /**
   * All share-nodes' streams.
   * @throws ShareholdError SH_NET_TIMEOUT naming who did not come; SH_PROTOCOL_COLUMN naming who serves
   * something else than this node was told
   */
  async take(
    job: string,
    attempt: number,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Delivery> {
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
    const of = (index: number): Begin => expected.begun.get(index)!
    const other = nodes.find(({ index }) => of(index).subject !== expected.subject)
    if (other !== undefined) {
      throw new ShareholdError(
        'SH_PROTOCOL_COLUMN',
        `${other.name} was told another request, plan or dataset version than this node.`,
        { party: other.name, hint: 'The coordinator said different things to the two.' },
      )
    }
    const { sharing } = of(1)
    if (nodes.some(({ index }) => of(index).sharing !== sharing)) {
      throw new ShareholdError(
        'SH_PROTOCOL_COLUMN',
        'The share-nodes do not deal in the same job context.',
        { hint: 'The coordinator told them different nonces.' },
      )
    }
    return { streams: nodes.map(({ index }) => expected.streams.get(index)!), sharing }
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
