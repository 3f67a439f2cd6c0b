/**
 * How the parties of a session of rounds meet: one framed stream per job attempt and pair of parties. The
 * lower index dials the higher one and says for which job in a `hello` frame; a stream that comes
 * before its job exists here is parked, in bounded number and for a bounded time.
 *
 * Against whom: the overlay proves who a peer is, and `hello` must say the same.
 */
import { decodeMessage, encodeMessage } from '../protocol/wire/codec.ts'
import { ShareholdError } from '../shares/errors.ts'

import { deadline } from './deadline.ts'
import { sayFarewell } from './farewell.ts'
import type { FramedStream } from './framed-stream.ts'
import type { Overlay } from './overlay.ts'
import { RoundChannel } from './round-channel.ts'
import type { NodeActor, Topology } from './topology.ts'

export const ROUNDS_PROTOCOL = '/sharehold/rounds/1.0.0'

export interface RoundSession {
  readonly committee: 'mpc' | 'share'
  readonly job: string
  /** From 1. */
  readonly attempt: number
  /** Ends the session, also while it is being joined. */
  readonly signal?: AbortSignal
  /** How long the others may take to join. Default: the topology's dialTimeoutMs. */
  readonly joinTimeoutMs?: number
  /** How long a party may be silent in a round. Default: the topology's roundTimeoutMs. */
  readonly roundTimeoutMs?: number
}

export interface Rounds {
  /**
   * Meets the other parties of the committee.
   *
   * @returns when there is a stream with each of them
   * @throws ShareholdError SH_ROUND_TIMEOUT naming the first that did not come, SH_ROUND_PEER_GONE,
   * SH_NET_UNREACHABLE, SH_NET_PROTOCOL, SH_NET_ABORTED
   */
  join(session: RoundSession): Promise<RoundChannel>
  /** Takes no more streams; aborts the parked ones. Channels that were handed out stay. */
  close(): Promise<void>
}

/** Where the streams of sessions meet: one per overlay. */
export async function acceptRounds(overlay: Overlay): Promise<Rounds> {
  const lobby = new Lobby(overlay)
  await overlay.handle(ROUNDS_PROTOCOL, (stream, peer) => lobby.welcome(stream, peer))
  return {
    join: (session) => join(overlay, lobby, session),
    async close() {
      await overlay.unhandle(ROUNDS_PROTOCOL)
      lobby.close()
    },
  }
}

interface Parked {
  readonly peer: string
  readonly stream: FramedStream
  readonly timer: NodeJS.Timeout
}

/** Streams that wait for their job, and jobs that wait for their streams. */
class Lobby {
  readonly #overlay: Overlay
  readonly #parked = new Map<string, Parked>()
  readonly #wanted = new Map<string, (stream: FramedStream) => void>()

  constructor(overlay: Overlay) {
    this.#overlay = overlay
  }

  async welcome(stream: FramedStream, peer: string): Promise<void> {
    const { topology } = this.#overlay
    const frame = await stream.receive({ timeoutMs: topology.limits.parkedMs })
    const { header } = decodeMessage(frame ?? new Uint8Array(0), 'hello')
    if (members(topology, header.committee)[header.from - 1]?.name !== peer) {
      throw new ShareholdError('SH_ROUND_HELLO', `${peer} said hello as somebody else.`, {
        party: peer,
      })
    }
    const key = sessionKey(header, peer)
    const take = this.#wanted.get(key)
    if (take !== undefined) {
      this.#wanted.delete(key)
      take(stream)
      return
    }
    const waiting = [...this.#parked.values()].filter((one) => one.peer === peer).length
    if (this.#parked.has(key) || waiting >= topology.limits.parkedStreams) {
      throw new ShareholdError('SH_ROUND_HELLO', `${peer} opened too many round streams.`, {
        party: peer,
      })
    }
    const timer = setTimeout(() => stream.reset('nobody came for it'), topology.limits.parkedMs)
    timer.unref()
    this.#parked.set(key, { peer, stream, timer })
    stream.onClose(() => {
      if (this.#parked.get(key)?.stream === stream) this.#unpark(key)
    })
  }

  /** The stream of a peer for a session, as soon as it is there. @throws SH_NET_ABORTED */
  async expect(key: string, signal: AbortSignal): Promise<FramedStream> {
    const parked = this.#unpark(key)
    if (parked !== undefined) return parked
    if (this.#wanted.has(key)) throw new RangeError('the session is being joined already')
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#wanted.delete(key)
        reject(new ShareholdError('SH_NET_ABORTED', 'The wait for a party was given up.'))
      }
      if (signal.aborted) {
        onAbort()
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#wanted.set(key, (stream) => {
        signal.removeEventListener('abort', onAbort)
        resolve(stream)
      })
    })
  }

  close(): void {
    for (const key of this.#parked.keys()) this.#unpark(key)?.reset('the node stops')
  }

  #unpark(key: string): FramedStream | undefined {
    const parked = this.#parked.get(key)
    if (parked === undefined) return undefined
    clearTimeout(parked.timer)
    this.#parked.delete(key)
    return parked.stream
  }
}

async function join(overlay: Overlay, lobby: Lobby, session: RoundSession): Promise<RoundChannel> {
  const { topology, self } = overlay
  const all = members(topology, session.committee)
  if (!all.some((one) => one.name === self.name)) {
    throw new RangeError(`${self.name} is not in the ${session.committee} committee`)
  }
  const timeoutMs = session.joinTimeoutMs ?? topology.limits.dialTimeoutMs
  const failed = new AbortController()
  const givenUp = deadline(undefined, failed.signal, session.signal)
  const limit = deadline(timeoutMs, givenUp.signal)
  const hello = encodeMessage('hello', {
    committee: session.committee,
    job: session.job,
    attempt: session.attempt,
    from: self.index,
  })

  const meet = async (other: NodeActor): Promise<FramedStream> => {
    if (self.index < other.index) {
      const options = { signal: givenUp.signal, timeoutMs }
      const stream = await overlay.open(other.name, ROUNDS_PROTOCOL, options)
      await stream.send(hello)
      return stream
    }
    try {
      return await lobby.expect(sessionKey(session, other.name), limit.signal)
    } catch (error) {
      if (!limit.timedOut) throw error
      throw new ShareholdError(
        'SH_ROUND_TIMEOUT',
        `${other.name} did not join the job within ${timeoutMs} ms.`,
        { party: other.name, round: 0, hint: 'Has it accepted the job, and is it running?' },
      )
    }
  }

  const streams = new Map<number, FramedStream>()
  let failure: unknown
  await Promise.all(
    all.map(async (other) => {
      if (other.name === self.name) return
      try {
        streams.set(other.index, await meet(other))
      } catch (error) {
        failure ??= error
        failed.abort()
      }
    }),
  )
  limit.dispose()
  givenUp.dispose()
  if (failure !== undefined) {
    for (const stream of streams.values()) {
      if (failure instanceof ShareholdError) sayFarewell(stream, failure)
      else stream.reset('joining failed')
    }
    throw failure instanceof Error ? failure : new Error('joining failed', { cause: failure })
  }
  const channel = new RoundChannel(self, new Map([...streams].toSorted(byIndex)), {
    roundTimeoutMs: session.roundTimeoutMs ?? topology.roundTimeoutMs,
    maxRoundBytes: topology.limits.maxRoundBytes,
    network: topology.network,
  })
  const giveUp = (): void => channel.abort('its job was given up')
  if (session.signal?.aborted === true) giveUp()
  else session.signal?.addEventListener('abort', giveUp, { once: true })
  return channel
}

const byIndex = (a: readonly [number, unknown], b: readonly [number, unknown]): number =>
  a[0] - b[0]

function members(topology: Topology, committee: 'mpc' | 'share'): readonly NodeActor[] {
  return committee === 'mpc' ? topology.mpcNodes : topology.shareNodes
}

function sessionKey(
  session: { readonly committee: string; readonly job: string; readonly attempt: number },
  peer: string,
): string {
  return JSON.stringify([session.committee, session.job, session.attempt, peer])
}
