/**
 * What the querier gets of finished jobs, kept in files so that a restart still serves it: notes and
 * outputs that are sealed to the querier's key. Nobody else can read anything from them.
 */
import { z } from 'zod'

import { decodeBase64, encodeBase64 } from '../protocol/ledger/base64.ts'
import type { LedgerFiles } from '../protocol/ledger/files.ts'

import type { AttemptOutcome } from './job-run.ts'

const StoredResult = z.object({
  attempt: z.number(),
  startNote: z.string(),
  completionNote: z.string(),
  /** base64, of MPC node 1..n */
  sealed: z.array(z.string()),
  seconds: z.number(),
})

export interface ResultFiles {
  /** Resolves when the outcome is on disk. */
  write(job: string, attempt: number, outcome: AttemptOutcome): Promise<void>
  /** @throws ShareholdError SH_LEDGER_STORAGE */
  read(job: string): Promise<(AttemptOutcome & { readonly attempt: number }) | undefined>
}

const pathOf = (job: string): string => `results/${job}.json`

/** @param files of the coordinator's data directory */
export function resultFiles(files: LedgerFiles): ResultFiles {
  return {
    async write(job, attempt, { startNote, completionNote, sealed, seconds }) {
      const stored: z.infer<typeof StoredResult> = {
        attempt,
        startNote,
        completionNote,
        sealed: sealed.map((bytes) => encodeBase64(bytes)),
        seconds,
      }
      await files.write(pathOf(job), new TextEncoder().encode(JSON.stringify(stored)))
    },
    async read(job) {
      const bytes = await files.read(pathOf(job))
      if (bytes === undefined) return undefined
      const stored = StoredResult.parse(JSON.parse(new TextDecoder().decode(bytes)))
      return { ...stored, sealed: stored.sealed.map((text) => decodeBase64(text)) }
    },
  }
}
