/** Codes of everything that can be wrong with bytes from another party. */
import type { ErrorTable } from '../../shares/errors.ts'

export const WIRE_ERRORS = {
  SH_WIRE_INVALID:
    'A message is not what its kind demands: unknown kind, missing field, value out of range or trailing bytes.',
  SH_WIRE_OVERSIZE: 'A message or frame is longer than the limit.',
  SH_WIRE_TRUNCATED: 'A stream ended in the middle of a frame.',
} as const satisfies ErrorTable

export type WireErrorCode = keyof typeof WIRE_ERRORS
