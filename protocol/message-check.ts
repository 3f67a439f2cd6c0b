/**
 * What every channel checks before it hands a message on: that it is the one that the plan's static
 * schedule says comes next. Whoever sends anything else is named.
 */
import { ShareholdError } from '../shares/errors.ts'

import type { Tag } from './party.ts'

/**
 * Checks that a message is the expected one: every channel does.
 * @returns the payload
 * @throws ShareholdError SH_ROUND_TAG, SH_ROUND_LENGTH, naming the sender
 */
export function checkMessage(
  from: number,
  tag: Tag,
  payload: Uint8Array,
  expectedTag: Tag,
  expectedBytes: number,
): Uint8Array {
  if (
    tag.op !== expectedTag.op ||
    tag.batch !== expectedTag.batch ||
    tag.step !== expectedTag.step
  ) {
    throw new ShareholdError(
      'SH_ROUND_TAG',
      `Party ${from} sent ${nameOf(tag)} where ${nameOf(expectedTag)} was due.`,
      { party: `${from}` },
    )
  }
  if (payload.length !== expectedBytes) {
    throw new ShareholdError(
      'SH_ROUND_LENGTH',
      `Party ${from} sent ${payload.length} bytes where ${expectedBytes} were due (${nameOf(tag)}).`,
      { party: `${from}` },
    )
  }
  return payload
}

function nameOf(tag: Tag): string {
  return `operator ${tag.op}, batch ${tag.batch}, step ${tag.step}`
}
