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

/** By the area of the code, `SH_<AREA>_…`; the longest prefix wins. */
const BY_PREFIX: readonly (readonly [string, number])[] = [
  ['SH_AUTH_', EXIT.refused],
  ['SH_POLICY_', EXIT.refused],
  ['SH_ADMIT_', EXIT.refused],
  ['SH_SQL_', EXIT.badInput],
  ['SH_PLAN_', EXIT.badInput],
  ['SH_SCHEMA_', EXIT.badInput],
  ['SH_ENCODE_', EXIT.badInput],
  ['SH_IMPORT_', EXIT.badInput],
  ['SH_MEMBERS_', EXIT.badInput],
  ['SH_TOPOLOGY_', EXIT.badInput],
  ['SH_KEYS_', EXIT.badInput],
  ['SH_CLI_', EXIT.badInput],
  ['SH_CATALOGUE_', EXIT.badInput],
  ['SH_ANSWER_', EXIT.badInput],
  ['SH_ANSWER_INCONSISTENT', EXIT.verification],
  ['SH_NET_', EXIT.network],
  ['SH_ROUND_', EXIT.network],
  ['SH_JOB_', EXIT.network],
  ['SH_COORDINATOR_', EXIT.network],
  ['SH_SHARE_', EXIT.verification],
  ['SH_OUTPUT_', EXIT.verification],
  ['SH_LEDGER_', EXIT.verification],
  ['SH_NOTE_', EXIT.verification],
  ['SH_AUDIT_', EXIT.verification],
  ['SH_STORE_CORRUPT', EXIT.verification],
]

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ShareholdError)) return EXIT.unexpected
  let best = ''
  let exit: number = EXIT.unexpected
  for (const [prefix, code] of BY_PREFIX) {
    if (error.code.startsWith(prefix) && prefix.length > best.length) {
      best = prefix
      exit = code
    }
  }
  return exit
}
