/**
 * How a session of rounds ends early: who ends it says why to the others, in a farewell frame. Otherwise
 * one party that is gone would be blamed on those who noticed it first. Here are the errors that
 * name a party and a round, what is said of them, and what is heard.
 *
 * What a farewell says is hearsay: it becomes an accusation only if the party that hears it has seen the
 * same by itself (round-channel.ts).
 */
import type { Tag } from '../protocol/party.ts'
import { decodeFarewell, encodeFarewell } from '../protocol/wire/round-message.ts'
import { ShareholdError } from '../shares/errors.ts'

import { type Frame, wholeOf } from './frame.ts'
import type { FramedStream } from './framed-stream.ts'

/** Ends a stream with a reason, and resets it if the other side does not take that soon. */
export function sayFarewell(stream: FramedStream, failure: ShareholdError): void {
  try {
    const { code, message, party, round } = failure
    stream.enqueue(
      encodeFarewell({
        code,
        reason: message.slice(0, 1000),
        ...(party === undefined ? {} : { party }),
        ...(round === undefined ? {} : { round }),
      }),
    )
  } catch {
    stream.reset('the session is broken')
    return
  }
  // A failure to flush resets the stream: that says enough.
  stream.close({ timeoutMs: 1000 }).catch(() => {})
}

export interface Farewell {
  /** The error of whoever heard it: that the party has ended the session, and what it says. */
  readonly hearsay: ShareholdError
  /** Code of the failure that it says. */
  readonly code: string
  /** Name of the party that it blames for it. */
  readonly accused?: string | undefined
}

/**
 * Reads a farewell.
 *
 * @param name of the party that sent it
 * @param round of the hearer
 * @throws ShareholdError SH_WIRE_INVALID, SH_WIRE_OVERSIZE
 */
export function readFarewell(frame: Frame, name: string, round: number): Farewell {
  const { code, reason, party } = decodeFarewell(wholeOf(frame))
  const hearsay = new ShareholdError(
    'SH_ROUND_ABORTED',
    `${name} has ended the session. It says: ${reason}`,
    { party: name, round, hint: 'Look at the log of that party.' },
  )
  return { hearsay, code, accused: party }
}

/** Names the party and the round in an error of its stream. */
export function named(error: ShareholdError, name: string, round: number): ShareholdError {
  if (error.code === 'SH_NET_CLOSED' || error.code === 'SH_NET_RESET') {
    return gone(name, round, 'is gone', error)
  }
  if (error.party === name && error.round === round) return error
  return new ShareholdError(error.code, `${name}, round ${round}: ${error.message}`, {
    party: name,
    round,
    cause: error,
  })
}

export function silent(
  name: string,
  round: number,
  forMs: number,
  cause?: unknown,
): ShareholdError {
  return new ShareholdError(
    'SH_ROUND_TIMEOUT',
    `${name} was silent for ${forMs} ms in round ${round}.`,
    {
      party: name,
      round,
      hint: 'It is stuck, too slow for roundTimeoutMs, or waits for somebody else.',
      ...(cause === undefined ? {} : { cause }),
    },
  )
}

export function gone(name: string, round: number, what: string, cause?: unknown): ShareholdError {
  return new ShareholdError('SH_ROUND_PEER_GONE', `${name} ${what} (round ${round}).`, {
    party: name,
    round,
    hint: 'Its own log says why; the job can be tried again when it is back.',
    ...(cause === undefined ? {} : { cause }),
  })
}

export function wrongTag(
  name: string,
  tag: Tag,
  its: Tag,
  round: number,
  itsRound: number,
): ShareholdError {
  const place = (one: Tag, n: number): string => `${one.op}.${one.batch}.${one.step}#${n}`
  return new ShareholdError(
    'SH_ROUND_TAG',
    `${name} sent message ${place(its, itsRound)} where ${place(tag, round)} was due.`,
    { party: name, round, hint: 'Do all nodes run the same version?' },
  )
}

export function wrongLength(
  name: string,
  bytes: number,
  its: number,
  round: number,
): ShareholdError {
  return new ShareholdError(
    'SH_ROUND_LENGTH',
    `${name} sent ${its} bytes where ${bytes} were due (round ${round}).`,
    { party: name, round },
  )
}
