/**
 * What the coordinator compares before it enters anything of a job in the ledger. Nodes and querier do
 * not rely on it; it finds out early what an audit would find fault with, and says so by name.
 */
import { canonicalJson } from '../protocol/canonical-json.ts'
import { joinSignatures } from '../protocol/ledger/note.ts'
import { openRecordOfAll } from '../protocol/ledger/records.ts'
import type { JobStartBody, ReportBody } from '../protocol/ledger/records.ts'
import { heldBy } from '../shares/committee.ts'
import type { Committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import type { Hash } from '../shares/hash.ts'
import { hexOf } from '../shares/hex.ts'

const COMMITMENT = /^(0|[1-9][0-9]*):([0-9a-f]{64})$/u

const disagree = (message: string, party?: string): ShareholdError =>
  new ShareholdError('SH_JOB_DISAGREE', message, party === undefined ? {} : { party })

/**
 * The key commitments of a committee, by set.
 *
 * @param said of each node, in order of index: `<set index>:<hex>` for each set that it is in
 * @returns one commitment per set, in the order of `of.sets`
 * @throws ShareholdError SH_JOB_DISAGREE, naming a node that does not say what it must, nobody if two
 * say different things
 */
export function agreedKeys(
  of: Committee,
  said: readonly { readonly name: string; readonly commitments: readonly string[] }[],
): string[] {
  const agreed = new Map<number, string>()
  for (const [i, { name, commitments }] of said.entries()) {
    const held = heldBy(of, i + 1)
    const parsed = commitments.map((text) => COMMITMENT.exec(text))
    if (parsed.map((match) => match?.[1]).join() !== held.join()) {
      throw disagree(`${name} does not commit to the keys of the sets that it is in.`, name)
    }
    for (const [k, set] of held.entries()) {
      const commitment = parsed[k]![2]!
      if ((agreed.get(set) ?? commitment) !== commitment) {
        throw disagree(`The nodes of key set ${set} commit to different keys.`)
      }
      agreed.set(set, commitment)
    }
  }
  return of.sets.map((_, set) => agreed.get(set)!)
}

/** Where a report comes from and what it must be about. */
export interface ReportContext {
  readonly origin: string
  readonly name: string
  readonly vkey: string
  readonly index: number
  readonly start: JobStartBody
  /** Hex. */
  readonly jobContext: string
}

/**
 * Opens a node's report on the attempt that `start` announced.
 * @throws ShareholdError SH_JOB_DISAGREE naming the node
 */
export function openReport(
  note: string,
  sealed: Uint8Array,
  context: ReportContext,
  hash: Hash,
): ReportBody {
  const { origin, name, vkey, index, start, jobContext } = context
  const report = byNode(name, 'report', () => openRecordOfAll(note, origin, 'report', [vkey]))
  const others = start.committee.map(({ i }) => i).filter((i) => i !== index)
  const agreed =
    report.job === start.job &&
    report.attempt === start.attempt &&
    report.index === index &&
    report.jobContext === jobContext &&
    report.plan === start.plan &&
    report.params === start.params &&
    report.sealedOutput === hexOf(hash.sha256(sealed)) &&
    report.peers.map(({ peer }) => peer).join() === others.join()
  if (!agreed) throw disagree(`The report of ${name} does not say what was agreed.`, name)
  return report
}

/**
 * Compares the reports of all nodes, node 1 first: same software, and what one sent is what the other
 * received.
 * @throws ShareholdError SH_JOB_DISAGREE naming nobody
 */
export function compareReports(reports: readonly ReportBody[]): void {
  if (new Set(reports.map(({ software }) => software)).size > 1) {
    throw disagree('The MPC nodes run different versions of Sharehold.')
  }
  for (const sender of reports) {
    for (const { peer, sent } of sender.peers) {
      const received = reports[peer - 1]?.peers.find((row) => row.peer === sender.index)?.received
      if (received === undefined || canonicalJson(received) !== canonicalJson(sent)) {
        throw disagree(
          `MPC nodes ${sender.index} and ${peer} differ on what the first sent the second.`,
        )
      }
    }
  }
}

/**
 * Checks one node's signature line on the completion.
 * @throws ShareholdError SH_JOB_DISAGREE naming the node
 */
export function checkSignature(
  text: string,
  line: string,
  node: Pick<ReportContext, 'origin' | 'name' | 'vkey'>,
): void {
  byNode(node.name, 'signature', () =>
    openRecordOfAll(joinSignatures(text, [line]), node.origin, 'completion', [node.vkey]),
  )
}

function byNode<T>(name: string, what: string, open: () => T): T {
  try {
    return open()
  } catch (cause) {
    if (!(cause instanceof ShareholdError)) throw cause
    throw new ShareholdError(
      'SH_JOB_DISAGREE',
      `The ${what} of ${name} is not good: ${cause.message}`,
      { party: name, cause },
    )
  }
}
