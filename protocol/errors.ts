/**
 * The codes of protocol/ (without its sub-folders, which have tables of their own). A code that can
 * blame carries `party`; the others say that nobody can be blamed.
 */
import type { ErrorTable } from '../shares/errors.ts'

export const PROTOCOL_ERRORS = {
  SH_AUTH_DATASET: 'The request and the proposed dataset version do not belong together.',
  SH_AUTH_EXPIRED: 'The request has expired.',
  SH_AUTH_EXPIRY: 'The request would be valid for too long.',
  SH_AUTH_JOB: 'The job id does not belong to the request.',
  SH_AUTH_PARAMS: 'planParams are out of range or do not follow from the dataset version.',
  SH_AUTH_PLAN: 'Planning the query again gave another plan than the proposed one.',
  SH_AUTH_PURPOSE: 'The purpose is not among those that the repositories have signed.',
  SH_AUTH_REPLAY: 'The nonce, or the attempt of the job, was used before.',
  SH_AUTH_SCHEMA:
    'The schema note is not signed by the repositories that it names, or its schema breaks a rule.',
  SH_AUTH_SIGNATURE: 'The request is not signed by exactly one registered querier.',
  SH_AUTH_UNSUPPORTED: 'The request uses a way of authorisation that does not exist yet.',
  SH_AUTH_VERSION: 'The version note does not belong to the schema and its repositories.',
  SH_MEMBERS_INVALID: 'A list of member pseudonyms is malformed.',
  SH_PLAN_INVALID: 'The plan breaks a rule of the plan format, or its parameters are out of range.',
  SH_PROTOCOL_CIRCUIT:
    'A boolean circuit is malformed: a gate or an output names a wire that is not there.',
  SH_PROTOCOL_COLUMN: 'A column that the node loaded does not have the shape that the plan states.',
  SH_PROTOCOL_KEY_REUSE: 'A pseudo-random range would be used twice under one key.',
  SH_PROTOCOL_PERMUTATION: 'Places that were opened in a sort are no permutation.',
  SH_PROTOCOL_SETUP: 'The members of a key set hold different keys.',
  SH_PROTOCOL_TICKET:
    'The share-nodes do not all give leave to use shares of an earlier job in this one.',
  SH_ROUND_CANONICAL: 'A party sent a number that is not a canonical field element.',
  SH_ROUND_PEER_GONE: 'A party left in the middle of a round.',
  SH_ROUND_LENGTH: 'A party sent a message of another length than the plan demands.',
  SH_ROUND_TAG: 'A party sent a message for another place in the plan.',
  SH_ROUND_TIMEOUT: 'A party did not send its message in time.',
} as const satisfies ErrorTable

export type ProtocolErrorCode = keyof typeof PROTOCOL_ERRORS
