/**
 * The codes of node/. The wire's own table (protocol/wire/errors.ts) is spread in, because node/ is
 * where those errors are met.
 */
import { WIRE_ERRORS } from '../protocol/wire/errors.ts'
import type { ErrorTable } from '../shares/errors.ts'

export const NODE_ERRORS = {
  ...WIRE_ERRORS,
  SH_NET_CLOSED: 'The other side ended a stream, or its connection, too early.',
  SH_NET_RESET: 'The other side gave a stream up, without a reason.',
  SH_NET_ABORTED: 'This side gave a stream or a wait up.',
  SH_NET_TIMEOUT: 'A peer was silent for longer than the limit.',
  SH_NET_UNREACHABLE: 'A peer could not be reached within the limit.',
  SH_NET_PROTOCOL: 'A peer was reached but does not speak the protocol.',
  SH_NET_STRANGER: 'A name or a peer id is not in the topology.',
  SH_NET_LISTEN: 'The address to listen on cannot be used.',
  SH_TOPOLOGY_INVALID: 'The topology file breaks a rule of its format.',
  SH_TOPOLOGY_UNREADABLE: 'The topology file, or a key file that it names, cannot be read.',
  SH_KEYS_EXISTS: 'A key file is already there and is never overwritten.',
  SH_KEYS_INVALID: 'A key file does not hold a key of the expected kind and name.',
  SH_KEYS_PERMISSIONS: 'A secret key file can be read by others than its owner.',
  SH_KEYS_UNREADABLE: 'A key file cannot be read or written.',
  SH_ROUND_ABORTED:
    'A party ended the session and said why. Only its word: `party` is who ended it, not who is to blame.',
  SH_ROUND_HELLO:
    'A party opened a round stream without saying for which job, or as somebody else.',
  SH_IMPORT_BLOCKS: 'The blocks of an import are incomplete or do not fit its schema.',
  SH_IMPORT_COLUMNS: 'The header of a file does not have exactly the declared columns.',
  SH_IMPORT_CSV: 'A file is not valid CSV, or a row has another number of columns.',
  SH_IMPORT_DENIED: 'The repository may not import into this dataset.',
  SH_IMPORT_DUPLICATE: 'The same file was imported before.',
  SH_IMPORT_EMPTY: 'A file has no rows.',
  SH_IMPORT_FILE: 'A file cannot be read.',
  SH_IMPORT_ROOT: 'A share-node found or signed another root than that of the blocks it was sent.',
  SH_IMPORT_SCHEMA: 'The schema is not the one that the repositories have signed.',
  SH_IMPORT_UNCERTAIN:
    'It is unknown whether an import became a dataset version; its shares are kept.',
  SH_IMPORT_UNION: 'The share-nodes disagree on the members of a dataset.',
  SH_IMPORT_UNIQUE: 'Two rows have the same value in a column that is declared unique.',
  SH_IMPORT_UTF8: 'A file is not UTF-8.',
  SH_IMPORT_VERSION_SIZE:
    'A dataset has so many imports that its version record cannot name one more.',
  SH_KERNEL_THREAD: 'A thread that computes has died or does not answer.',
  SH_STORE_UNAVAILABLE: 'A store cannot be opened.',
} as const satisfies ErrorTable

export type NodeErrorCode = keyof typeof NODE_ERRORS
