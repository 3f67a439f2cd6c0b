/**
 * The codes of protocol/ (without its sub-folders, which have tables of their own). A code that can
 * blame carries `party`; the others say that nobody can be blamed.
 */
import type { ErrorTable } from '../shares/errors.ts'

export const PROTOCOL_ERRORS = {
  SH_PLAN_INVALID: 'The plan breaks a rule of the plan format, or its parameters are out of range.',
  SH_PROTOCOL_CIRCUIT:
    'A boolean circuit is malformed: a gate or an output names a wire that is not there.',
  SH_PROTOCOL_COLUMN: 'A column that the node loaded does not have the shape that the plan states.',
  SH_PROTOCOL_KEY_REUSE: 'A pseudo-random range would be used twice under one key.',
  SH_PROTOCOL_SETUP: 'The members of a key set hold different keys.',
  SH_ROUND_CANONICAL: 'A party sent a number that is not a canonical field element.',
  SH_ROUND_PEER_GONE: 'A party left in the middle of a round.',
  SH_ROUND_LENGTH: 'A party sent a message of another length than the plan demands.',
  SH_ROUND_TAG: 'A party sent a message for another place in the plan.',
  SH_ROUND_TIMEOUT: 'A party did not send its message in time.',
} as const satisfies ErrorTable

export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS
