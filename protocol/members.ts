/**
 * The public side of a dataset: which pseudonym has how many rows, part by part. A part is one
 * repository's import; its rows are ordered by pseudonym, so a list of runs says all.
 *
 * Leaks: pseudonyms and rows per member, to every share-node and MPC node of a job (query.md, Safe
 * answers). The coordinator and the ledger see only the hash of each list and the histogram of the union.
 * A list begins with a salt, which nobody but its repository and the nodes has: else the hash would
 * confirm a guess of the list, and lists are short and pseudonyms often easy to guess.
 */
import { ShareholdError } from '../shares/errors.ts'
import { hexOf } from '../shares/hex.ts'

/** `rows` consecutive rows of one member. */
export interface MemberRun {
  readonly member: string
  readonly rows: number
}

/** Bytes of the salt of a list. */
export const MEMBERS_SALT_BYTES = 32

const LONGEST_PSEUDONYM = 128
const CONTROL = /\p{Cc}/u
/** White space at the ends, characters that do not show. */
const DISGUISE = /^\s|\s$|\p{Cf}/u
const SALT_LINE = /^salt [0-9a-f]{64}$/u

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Refuses pseudonyms that could not stand on a line of their own, and those that look like another one: a
 * member who is counted twice makes a cohort look larger than it is.
 * @throws ShareholdError SH_MEMBERS_INVALID
 */
export function checkPseudonym(member: string): void {
  if (
    member === '' ||
    member.length > LONGEST_PSEUDONYM ||
    CONTROL.test(member) ||
    !member.isWellFormed()
  ) {
    throw new ShareholdError(
      'SH_MEMBERS_INVALID',
      'A member pseudonym must have 1 to 128 characters and no control characters.',
      { hint: 'Pseudonyms are public to all nodes: use an opaque identifier.' },
    )
  }
  if (DISGUISE.test(member) || member.normalize('NFC') !== member) {
    throw new ShareholdError(
      'SH_MEMBERS_INVALID',
      'A member pseudonym has spaces at its ends, invisible characters, or is not in Unicode form NFC.',
      { hint: 'Two spellings of one pseudonym would count as two members.' },
    )
  }
}

/**
 * Canonical bytes of a list of runs: a line `salt <64 hex digits>\n`, then one line
 * `<rows> <pseudonym>\n` a run, ascending by UTF-16 code units.
 * @param salt 32 fresh random bytes, for each import
 */
export function encodeMembers(runs: readonly MemberRun[], salt: Uint8Array): Uint8Array {
  if (salt.length !== MEMBERS_SALT_BYTES) throw new RangeError('a salt has 32 bytes')
  let last = ''
  const lines = [`salt ${hexOf(salt)}\n`]
  for (const { member, rows } of runs) {
    checkPseudonym(member)
    if (!(Number.isSafeInteger(rows) && rows > 0) || byBytes(last, member) >= 0) {
      throw new RangeError('member runs must be ascending, distinct and not empty')
    }
    last = member
    lines.push(`${rows} ${member}\n`)
  }
  return new TextEncoder().encode(lines.join(''))
}

const invalid = (why: string): ShareholdError =>
  new ShareholdError('SH_MEMBERS_INVALID', `The list of member runs is not canonical: ${why}.`)

/**
 * Reads what encodeMembers wrote; anything else is refused.
 * @throws ShareholdError SH_MEMBERS_INVALID
 */
export function decodeMembers(bytes: Uint8Array): MemberRun[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid('not UTF-8')
  }
  if (text !== '' && !text.endsWith('\n')) throw invalid('no final newline')
  const [salt, ...lines] = text.split('\n').slice(0, -1)
  if (salt === undefined || !SALT_LINE.test(salt)) throw invalid('it does not begin with a salt')
  const runs: MemberRun[] = []
  let last = ''
  for (const line of lines) {
    const parts = /^([1-9][0-9]{0,9}) ([^]+)$/u.exec(line)
    if (parts === null) throw invalid('a line is not "<rows> <pseudonym>"')
    const member = parts[2]!
    checkPseudonym(member)
    if (byBytes(last, member) >= 0) throw invalid('pseudonyms are not ascending')
    last = member
    runs.push({ member, rows: Number(parts[1]) })
  }
  return runs
}

/** The rows of all parts, in table order, joined with the members of their union. */
export interface MemberTable {
  /** memberOfRow[r]: index of row r's member among all members in ascending order. */
  readonly memberOfRow: Uint32Array
  readonly members: number
  /** [rows, members] ascending by rows: planParams.dataset.rowsPerMember. */
  readonly rowsPerMember: readonly (readonly [number, number])[]
}

/** Joins the parts of a dataset version (in the order of the version note). */
export function joinMembers(parts: readonly (readonly MemberRun[])[]): MemberTable {
  const totals = new Map<string, number>()
  let rows = 0
  for (const runs of parts) {
    for (const run of runs) {
      totals.set(run.member, (totals.get(run.member) ?? 0) + run.rows)
      rows += run.rows
    }
  }
  const index = new Map([...totals.keys()].toSorted(byBytes).map((member, i) => [member, i]))
  const memberOfRow = new Uint32Array(rows)
  let row = 0
  for (const runs of parts) {
    for (const run of runs) {
      memberOfRow.fill(index.get(run.member)!, row, row + run.rows)
      row += run.rows
    }
  }
  const histogram = new Map<number, number>()
  for (const total of totals.values()) histogram.set(total, (histogram.get(total) ?? 0) + 1)
  return {
    memberOfRow,
    members: index.size,
    rowsPerMember: [...histogram].toSorted((a, b) => a[0] - b[0]),
  }
}
