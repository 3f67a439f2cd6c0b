import { setImmediate as nextTurn } from 'node:timers/promises'

import { describe, expect, it } from 'vitest'

import { prg } from '../../node/crypto.ts'
import type { Log } from '../../node/log.ts'
import { rehearse, startRehearsal } from '../../node/rehearsal.ts'
import type { Prg } from '../../protocol/party.ts'

const OPTIONS = { n: 3, network: 'lan', prg, budgetMs: 600_000, passes: 1 } as const
const never = new AbortController().signal

/** One of two that draw from the same key gets something else at times. */
function brokenPrg(): Prg {
  let drawn = 0
  return {
    fill(key, iv, out) {
      prg.fill(key, iv, out)
      if (++drawn % 7 === 0) out[Math.floor(out.length / 2)]! ^= 0x55
    },
  }
}

function recorder(): Log & { readonly said: string[] } {
  const said: string[] = []
  const say =
    (level: string) =>
    (_fields: object, message: string): void =>
      void said.push(`${level}: ${message}`)
  return { said, debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

describe('rehearsal', () => {
  it.each([3, 5, 7])('answers each query as a committee of %i, and they agree', async (n) => {
    expect(await rehearse({ ...OPTIONS, n }, never)).toBe(3)
  })

  it('begins no query when its time is over', async () => {
    expect(await rehearse({ ...OPTIONS, budgetMs: 0 }, never)).toBe(0)
  })

  it('fails where the parties compute differently', async () => {
    await expect(rehearse({ ...OPTIONS, prg: brokenPrg() }, never)).rejects.toMatchObject({
      code: 'SH_OUTPUT_INCONSISTENT',
    })
  })

  it('is ended in the middle of a query, and leaves the turns between to others', async () => {
    const log = recorder()
    const rehearsal = startRehearsal({ ...OPTIONS, passes: 1000 }, log)
    for (let turns = 0; turns < 40; turns++) await nextTurn()
    expect(log.said).toEqual([])
    await rehearsal.stop()
    expect(log.said).toEqual(['debug: rehearsed'])
    await rehearsal.stop()
  })

  it('does no harm when it fails', async () => {
    const log = recorder()
    const rehearsal = startRehearsal({ ...OPTIONS, prg: brokenPrg() }, log)
    await expect.poll(() => log.said, { timeout: 60_000 }).toEqual(['error: the rehearsal failed'])
    await rehearsal.stop()
  })
})
