/** Codes of everything that can go wrong with notes, the log, its records and sealed outputs. */
import type { ErrorTable } from '../../shares/errors.ts'

export const LEDGER_ERRORS = {
  SH_JSON_NOT_CANONICAL: 'A text that must be canonical JSON (RFC 8785) is not.',
  SH_LEDGER_BASE64: 'A text is not standard base64 in its one canonical form.',
  SH_NOTE_MALFORMED: 'A text is not a signed note.',
  SH_NOTE_KEY: 'A key text is malformed, of an unknown kind, or does not match its own key id.',
  SH_NOTE_SIGNATURE: 'A signature of a known key does not fit the note.',
  SH_NOTE_UNKNOWN_SIGNER: 'A note carries a signature of a key that is not expected there.',
  SH_NOTE_UNSIGNED: 'A note lacks a signature that it must carry.',
  SH_LEDGER_CHECKPOINT: 'A checkpoint is malformed or belongs to another log.',
  SH_LEDGER_ENTRY: 'A ledger entry is malformed or breaks the chain.',
  SH_LEDGER_ENTRY_SIZE: 'A ledger entry is longer than 65535 bytes.',
  SH_LEDGER_RECORD: 'The statement of a ledger entry breaks the format of its kind.',
  SH_LEDGER_MISSING: 'A file of the ledger that the checkpoint covers is missing.',
  SH_LEDGER_CORRUPT: 'A file of the ledger contradicts the checkpoint.',
  SH_LEDGER_RANGE: 'The ledger has no entry with this number.',
  SH_AUDIT_PLANNER: 'A plan cannot be made again here: another version of the planner made it.',
  SH_LEDGER_STORAGE: 'The ledger could not write its files; whether an entry was made is unknown.',
  SH_LEDGER_FORK: 'Two checkpoints of the same ledger contradict each other.',
  SH_SEAL_OPEN: 'A sealed message cannot be opened with this key and context.',
  SH_OUTPUT_MALFORMED: 'An opened output share does not have the expected form.',
  SH_OUTPUT_INCONSISTENT: 'The n output shares do not lie on one polynomial of degree t.',
} as const satisfies ErrorTable

export type LedgerErrorCode = keyof typeof LEDGER_ERRORS
