/**
 * A network of n parties inside one process: messages of each ordered pair arrive in order. It keeps a
 * record of every message, which tests compare with cost.ts, and lets a test alter, drop or delay
 * any of them. Nothing waits for a clock: a dropped message makes its receiver fail at once, as if
 * its time were up.
 */
import { ShareholdError } from '../shares/errors.ts'

import { checkMessage } from './message-check.ts'
import { type Channel, type Tag, wholePayload } from './party.ts'

/** One message on its way. */
export interface Message {
  readonly from: number
  readonly to: number
  readonly tag: Tag
  readonly payload: Uint8Array
}

/** What a message was, without its content. */
export interface MessageRecord extends Tag {
  readonly bytes: number
}

/**
 * Sees every message before it is delivered, and returns what is delivered instead: another message,
 * or undefined for none. A returned promise delays this message, and those of the pair behind it.
 */
export type Intercept = (message: Message) => Message | undefined | Promise<Message | undefined>

export class MemoryNetwork {
  readonly #n: number
  readonly #intercept: Intercept | undefined
  readonly #links = new Map<string, Link>()
  readonly #gone = new Set<number>()

  /** @param n number of parties, 1..n */
  constructor(n: number, intercept?: Intercept) {
    this.#n = n
    this.#intercept = intercept
  }

  /** The channel of one party. */
  channel(self: number): Channel {
    return {
      send: async (to, tag, payload) => {
        const link = this.#link(self, to)
        const whole = wholePayload(payload)
        link.sent.push({ ...tag, bytes: whole.length })
        // Copied now: the payload may be a view of memory that the sender goes on using.
        const message = { from: self, to, tag: { ...tag }, payload: whole }
        link.deliver(this.#intercept === undefined ? message : this.#intercept(message))
      },
      receive: async (from, tag, bytes, place) => {
        const message = await this.#link(from, self).next()
        if (message === undefined) {
          throw new ShareholdError('SH_ROUND_TIMEOUT', `Party ${from} did not send in time.`, {
            party: `${from}`,
          })
        }
        const payload = checkMessage(from, message.tag, message.payload, tag, bytes)
        if (place === undefined) return payload
        // Cut in two, somewhere: whoever can take pieces has to.
        const cut = Math.floor(bytes / 3)
        if (cut > 0) place(payload.subarray(0, cut), 0)
        if (cut < bytes) place(payload.subarray(cut), cut)
        return new Uint8Array(0)
      },
    }
  }

  /** All messages that `from` sent to `to`, in order. */
  sent(from: number, to: number): readonly MessageRecord[] {
    return this.#link(from, to).sent
  }

  /** Ends the process of a party: whoever waits for its messages is told so. */
  close(party: number): void {
    this.#gone.add(party)
    for (let peer = 1; peer <= this.#n; peer++) {
      if (peer !== party) this.#link(party, peer).close()
    }
  }

  #link(from: number, to: number): Link {
    const name = `${from}>${to}`
    let link = this.#links.get(name)
    if (link === undefined) {
      if (from === to || Math.min(from, to) < 1 || Math.max(from, to) > this.#n) {
        throw new RangeError(`no link from party ${from} to party ${to}`)
      }
      link = new Link(from)
      if (this.#gone.has(from)) link.close()
      this.#links.set(name, link)
    }
    return link
  }
}

/** Messages of one ordered pair, in order. */
class Link {
  readonly sent: MessageRecord[] = []
  readonly #from: number
  readonly #queue: Promise<Message | undefined>[] = []
  readonly #waiting: ((message: Promise<Message | undefined>) => void)[] = []
  #closed = false

  constructor(from: number) {
    this.#from = from
  }

  deliver(message: Message | undefined | Promise<Message | undefined>): void {
    const arriving = Promise.resolve(message)
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#queue.push(arriving)
    else waiter(arriving)
  }

  next(): Promise<Message | undefined> {
    const queued = this.#queue.shift()
    if (queued !== undefined) return queued
    if (this.#closed) return this.#refusal()
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** What was sent before stays readable. */
  close(): void {
    this.#closed = true
    for (const waiter of this.#waiting.splice(0)) waiter(this.#refusal())
  }

  #refusal(): Promise<never> {
    return Promise.reject(
      new ShareholdError('SH_ROUND_PEER_GONE', `Party ${this.#from} left.`, {
        party: `${this.#from}`,
      }),
    )
  }
}
