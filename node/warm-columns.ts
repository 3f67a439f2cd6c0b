/**
 * What an MPC node keeps of a dataset version for further jobs: its shares of columns as they were dealt
 * for one job, and the public member of each row. In memory only, counted and capped: what was used
 * longest ago goes first, and a job on a newer version drops what is kept of the older ones.
 *
 * A share may only be used again together with the other nodes' shares of the same sharing, and only with
 * the share-nodes' leave: column-ticket.ts.
 */

/** A dataset version, named by the hash of its note: two versions of one number may have been signed. */
export interface VersionId {
  readonly dataset: string
  readonly version: number
  readonly note: string
}

/** One thing that is kept. Whoever has it from `use` or `reserve` gives it back with `release`. */
export interface WarmColumn {
  readonly of: VersionId
  /** What it is within the version. */
  readonly name: string
  readonly bytes: number
  /** Which sharing the shares are of; '' while it is being filled. */
  readonly sharing: string
  /** The bytes, in pieces as its maker likes; wiped when nobody uses them and they are dropped. */
  readonly chunks: Uint8Array[]
}

interface Entry extends WarmColumn {
  sharing: string
  users: number
}

const keyOf = ({ note }: VersionId, name: string): string => `${note}/${name}`

export class WarmColumns {
  readonly #limit: number
  /** Filled ones, the one that was used longest ago first. */
  readonly #kept = new Map<string, Entry>()
  #bytes = 0

  /** @param limitBytes 0 keeps nothing */
  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  /** Of all that is kept, being filled, or dropped and still in use: never more than the limit. */
  get bytes(): number {
    return this.#bytes
  }

  /** A job on this version has been admitted: drops what is kept of those that it replaces. */
  enter(version: VersionId): void {
    for (const entry of this.#kept.values()) {
      const { dataset, version: number, note } = entry.of
      if (dataset === version.dataset && number <= version.version && note !== version.note) {
        this.#drop(entry)
      }
    }
  }

  /** What is kept under this name, if anything is. */
  use(of: VersionId, name: string): WarmColumn | undefined {
    const key = keyOf(of, name)
    const entry = this.#kept.get(key)
    if (entry === undefined) return undefined
    this.#kept.delete(key)
    this.#kept.set(key, entry)
    entry.users++
    return entry
  }

  /**
   * Room for something new, made by dropping what nobody uses.
   * @returns what is to be filled; undefined if there is not enough room
   */
  reserve(of: VersionId, name: string, bytes: number): WarmColumn | undefined {
    const unused = [...this.#kept.values()].filter(({ users }) => users === 0)
    const room = unused.reduce((sum, entry) => sum + entry.bytes, this.#limit - this.#bytes)
    if (bytes > room) return undefined
    for (const entry of unused) {
      if (this.#bytes + bytes <= this.#limit) break
      this.#drop(entry)
    }
    this.#bytes += bytes
    const entry: Entry = { of, name, bytes, sharing: '', chunks: [], users: 1 }
    return entry
  }

  /** It is filled: from now on `use` finds it, in place of what was there. @param sharing not '' */
  keep(column: WarmColumn, sharing: string): void {
    const entry = column as Entry
    const older = this.#kept.get(keyOf(entry.of, entry.name))
    if (older !== undefined) this.#drop(older)
    entry.sharing = sharing
    this.#kept.set(keyOf(entry.of, entry.name), entry)
  }

  /** It will not be used again, once those who use it now have released it. */
  discard(column: WarmColumn): void {
    const entry = column as Entry
    if (this.#isKept(entry)) this.#drop(entry)
  }

  /** Its user needs it no more. */
  release(column: WarmColumn): void {
    const entry = column as Entry
    entry.users--
    this.#wipeIfDone(entry)
  }

  #isKept(entry: Entry): boolean {
    return this.#kept.get(keyOf(entry.of, entry.name)) === entry
  }

  #drop(entry: Entry): void {
    this.#kept.delete(keyOf(entry.of, entry.name))
    this.#wipeIfDone(entry)
  }

  #wipeIfDone(entry: Entry): void {
    if (entry.users > 0 || this.#isKept(entry)) return
    for (const chunk of entry.chunks) chunk.fill(0)
    entry.chunks.length = 0
    this.#bytes -= entry.bytes
  }
}
