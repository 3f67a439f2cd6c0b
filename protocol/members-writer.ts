/**
 * Writes the canonical list of member runs (members.ts) from pseudonyms in UTF-8, without a string or an
 * object a member.
 */
import { hexOf } from '../shares/hex.ts'

import { MEMBERS_SALT_BYTES } from './members.ts'

const NEWLINE = 0x0a
const SPACE = 0x20
const DIGIT_0 = 0x30
/** Digits of the largest number of rows, a space and a newline. */
const MOST_AROUND = 12

export class MemberListWriter {
  #list: Uint8Array
  #used: number
  #members = 0

  /** @param salt 32 fresh random bytes, for each import */
  constructor(salt: Uint8Array) {
    if (salt.length !== MEMBERS_SALT_BYTES) throw new RangeError('a salt has 32 bytes')
    this.#list = new TextEncoder().encode(`salt ${hexOf(salt)}\n`)
    this.#used = this.#list.length
  }

  /** Runs so far. */
  get members(): number {
    return this.#members
  }

  /**
   * The next run: `rows` rows of the member whose pseudonym is bytes from..to-1. The caller has checked the
   * pseudonyms and has them in order: the list is what its reader will refuse otherwise.
   */
  add(bytes: Uint8Array, from: number, to: number, rows: number): void {
    const most = this.#used + (to - from) + MOST_AROUND
    if (most > this.#list.length) {
      const larger = new Uint8Array(Math.max(most, 2 * this.#list.length))
      larger.set(this.#list)
      this.#list = larger
    }
    const list = this.#list
    let at = this.#used
    let digits = 1
    for (let bound = 10; rows >= bound; bound *= 10) digits++
    for (let k = digits - 1, rest = rows; k >= 0; k--, rest = Math.floor(rest / 10)) {
      list[at + k] = DIGIT_0 + (rest % 10)
    }
    at += digits
    list[at++] = SPACE
    for (let k = from; k < to; k++) list[at++] = bytes[k]!
    list[at++] = NEWLINE
    this.#used = at
    this.#members++
  }

  /** The list. */
  finish(): Uint8Array {
    return this.#list.slice(0, this.#used)
  }
}
