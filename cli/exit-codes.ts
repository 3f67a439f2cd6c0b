/**
 * Exit codes: what a script may rely on. Documented in README.md and `sharehold --help`.
 */
import { ShareholdError } from '../shares/errors.ts'

export const EXIT = {
  ok: 0,
  unexpected: 1,
  badInput: 2,
  refused: 3,
  network: 4,
  verification: 5,
} as const

export const EXIT_HELP: readonly (readonly [number, string])[] = [
  [EXIT.ok, 'done'],
  [EXIT.unexpected, 'unexpected failure (a defect: please report it)'],
  [EXIT.badInput, 'bad input: SQL, schema, file, topology, option'],
  [EXIT.refused, 'refused: not allowed by signature, purpose, policy or expiry'],
  [EXIT.network, 'a process is missing, late or went away; the job was aborted'],
  [EXIT.verification, 'a check failed: shares, signatures or the ledger do not agree'],
]

/** By the beginning of the code, usually its area (`SH_<AREA>_`); the longest that fits wins. */
const BY_PREFIX: readonly (readonly [string, number])[] = [
  // asking
  ['SH_SQL_', EXIT.badInput],
  ['SH_SQL_INTERNAL', EXIT.unexpected],
  ['SH_PLAN_', EXIT.badInput],
  ['SH_POLICY_', EXIT.refused],
  ['SH_AUTH_', EXIT.refused],
  ['SH_ANSWER_', EXIT.badInput],
  ['SH_ANSWER_INCONSISTENT', EXIT.verification],
  // bringing data in
  ['SH_SCHEMA_', EXIT.badInput],
  ['SH_ENCODE_', EXIT.badInput],
  ['SH_MEMBERS_', EXIT.badInput],
  ['SH_IMPORT_', EXIT.badInput],
  ['SH_IMPORT_DENIED', EXIT.refused],
  ['SH_IMPORT_BLOCKS', EXIT.verification],
  ['SH_IMPORT_ROOT', EXIT.verification],
  ['SH_IMPORT_UNION', EXIT.verification],
  ['SH_CATALOGUE_', EXIT.badInput],
  ['SH_CATALOGUE_RECEIPT', EXIT.verification],
  ['SH_CATALOGUE_VERSION', EXIT.verification],
  // setting up
  ['SH_TOPOLOGY_', EXIT.badInput],
  ['SH_KEYS_', EXIT.badInput],
  ['SH_CLI_', EXIT.badInput],
  ['SH_NET_LISTEN', EXIT.badInput],
  ['SH_NET_STRANGER', EXIT.badInput],
  ['SH_COORDINATOR_LISTEN', EXIT.badInput],
  ['SH_STORE_UNAVAILABLE', EXIT.badInput],
  // processes and their connections
  ['SH_NET_', EXIT.network],
  ['SH_WIRE_', EXIT.network],
  ['SH_ROUND_', EXIT.network],
  ['SH_JOB_', EXIT.network],
  ['SH_JOB_UNKNOWN', EXIT.badInput],
  ['SH_JOB_NOT_DONE', EXIT.badInput],
  ['SH_JOB_DUPLICATE', EXIT.refused],
  ['SH_COORDINATOR_', EXIT.network],
  ['SH_COORDINATOR_REQUEST', EXIT.badInput],
  ['SH_KERNEL_', EXIT.network],
  ['SH_LEDGER_STORAGE', EXIT.network],
  // what does not agree
  ['SH_JOB_DISAGREE', EXIT.verification],
  ['SH_RESULT_', EXIT.verification],
  ['SH_ROUND_CANONICAL', EXIT.verification],
  ['SH_ROUND_LENGTH', EXIT.verification],
  ['SH_ROUND_TAG', EXIT.verification],
  ['SH_PROTOCOL_', EXIT.verification],
  ['SH_SHARE_', EXIT.verification],
  ['SH_STORE_', EXIT.verification],
  ['SH_SEAL_', EXIT.verification],
  ['SH_OUTPUT_', EXIT.verification],
  ['SH_JSON_', EXIT.verification],
  ['SH_NOTE_', EXIT.verification],
  ['SH_NOTE_KEY', EXIT.badInput],
  ['SH_LEDGER_', EXIT.verification],
  ['SH_LEDGER_RANGE', EXIT.badInput],
  ['SH_LEDGER_ENTRY_SIZE', EXIT.badInput],
  ['SH_AUDIT_', EXIT.verification],
]

/** The exit code of an error code, undefined if nobody has decided on one. */
export function exitCodeFor(code: string): number | undefined {
  const fitting = BY_PREFIX.filter(([prefix]) => code.startsWith(prefix))
  return fitting.toSorted(([a], [b]) => b.length - a.length)[0]?.[1]
}

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ShareholdError)) return EXIT.unexpected
  return exitCodeFor(error.code) ?? EXIT.unexpected
}
