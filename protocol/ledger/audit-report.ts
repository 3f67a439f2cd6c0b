/** The outcome of an audit: a list of checks, each passed, failed or left out, in the order made. */
import { ShareholdError } from '../../shares/errors.ts'

export interface AuditItem {
  /** Stable and hierarchical, e.g. `checkpoint`, `dataset/trips/2`, `job/<job>/<attempt>/plan`. */
  readonly id: string
  /** What is checked, one line. */
  readonly title: string
  readonly ok: boolean
  /** What was found, one line. */
  readonly detail: string
  /** Number of the ledger entry that it is about. */
  readonly entry?: number
  /** The check could not be made for want of something that the caller did not hand in. `ok` is true. */
  readonly skipped?: true
}

/** A check did not pass. */
export class Finding extends Error {
  readonly entry: number | undefined

  constructor(detail: string, entry?: number) {
    super(detail)
    this.name = 'Finding'
    this.entry = entry
  }
}

/** Thrown through an audit that is to end with the first failure. */
export class StopAudit extends Error {}

/** Makes checks and writes down how they went. */
export class Checklist {
  readonly items: AuditItem[] = []
  readonly #stopAtFirst: boolean

  constructor(stopAtFirst: boolean) {
    this.#stopAtFirst = stopAtFirst
  }

  get ok(): boolean {
    return this.items.every((item) => item.ok)
  }

  /**
   * Makes one check.
   *
   * @param entry the entry that it is about; a Finding may name another
   * @param check returns what was found; throws if it does not pass (anything thrown counts: what an
   * auditor cannot check it must not confirm)
   * @returns whether it passed
   */
  async check(
    id: string,
    title: string,
    entry: number | undefined,
    check: () => string | Promise<string>,
  ): Promise<boolean> {
    let detail: string
    let at = entry
    let ok = true
    try {
      detail = await check()
    } catch (error) {
      if (error instanceof StopAudit) throw error
      ok = false
      detail = describe(error)
      if (error instanceof Finding && error.entry !== undefined) at = error.entry
    }
    this.items.push({ id, title, ok, detail, ...(at === undefined ? {} : { entry: at }) })
    if (!ok && this.#stopAtFirst) throw new StopAudit()
    return ok
  }

  /** Writes down that a check was not made. */
  skip(id: string, title: string, detail: string): void {
    this.items.push({ id, title, ok: true, skipped: true, detail })
  }
}

function describe(error: unknown): string {
  if (error instanceof ShareholdError) {
    const party = error.party === undefined ? '' : ` (${error.party})`
    return `${error.code}: ${error.message}${party}`
  }
  return error instanceof Error ? error.message : 'unknown failure'
}
