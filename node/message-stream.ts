/**
 * Typed messages (protocol/wire) over a framed stream. A peer that says `abort` or `refused` where
 * something else is expected ends the conversation with its reason.
 */
import { decodeMessage, encodeParts } from '../protocol/wire/codec.ts'
import type { Headers, Kind, Message } from '../protocol/wire/messages.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { FramedStream, WaitOptions } from './framed-stream.ts'

export async function sendMessage<K extends Kind>(
  stream: FramedStream,
  kind: K,
  header: Headers[K],
  payload?: Uint8Array,
  wait?: WaitOptions,
): Promise<void> {
  await stream.send(encodeParts(kind, header, payload), wait)
}

/**
 * The next message, which must be of one of these kinds.
 *
 * @throws ShareholdError what the peer gave as its reason, if it aborted or refused; SH_NET_CLOSED;
 * SH_NET_TIMEOUT; SH_WIRE_INVALID
 */
export async function receiveMessage<K extends Kind>(
  stream: FramedStream,
  kinds: readonly K[],
  wait: WaitOptions = {},
): Promise<Message<K>> {
  const frame = await stream.receive(wait)
  if (frame === null) {
    throw new ShareholdError('SH_NET_CLOSED', `${stream.peer} ended the conversation.`, {
      party: stream.peer,
    })
  }
  const message = decodeMessage<K | 'abort' | 'refused'>(frame, ...kinds, 'abort', 'refused')
  if (!(kinds as readonly Kind[]).includes(message.kind))
    throw reasonOf(message as Message, stream.peer)
  return message as Message<K>
}

function reasonOf(message: Message, peer: string): ShareholdError {
  if (message.kind === 'abort') {
    const { code, reason, party, round } = message.header
    return new ShareholdError(code, reason, {
      party: party ?? peer,
      ...(round === undefined ? {} : { round }),
    })
  }
  if (message.kind === 'refused') {
    const { code, message: text, hint } = message.header
    return new ShareholdError(code, text, {
      party: peer,
      ...(hint === undefined ? {} : { hint }),
    })
  }
  return new ShareholdError('SH_WIRE_INVALID', `${peer} sent ${message.kind} out of turn.`, {
    party: peer,
  })
}

/** What a peer may know of a failure: code and message of ours, never a foreign error's text. */
export function abortHeader(error: unknown): Headers['abort'] {
  if (!(error instanceof ShareholdError)) {
    return { code: 'SH_JOB_FAILED', reason: 'The node failed; its log says more.' }
  }
  return {
    code: error.code,
    reason: error.message,
    ...(error.party === undefined ? {} : { party: error.party }),
    ...(error.round === undefined ? {} : { round: error.round }),
  }
}

/** As abortHeader, before anything was promised. */
export function refusedHeader(error: unknown): Headers['refused'] {
  const { code, reason } = abortHeader(error)
  const hint = error instanceof ShareholdError ? error.hint : undefined
  return { code, message: reason, ...(hint === undefined ? {} : { hint }) }
}
