/**
 * What the querier gets of finished jobs, kept in files so that a restart still serves it: notes and
 * outputs that are sealed to the querier's key. Nobody else can read anything from them.
 */
import { z } from 'zod'

import { decodeBase64, encodeBase64 } from '../protocol/ledger/base64.ts'
import type { LedgerFiles } from '../protocol/ledger/files.ts'

import { JobFigures } from './api-types.ts'
import type { AttemptOutcome } from './job-run.ts'

const StoredResult = z.object({
  attempt: z.number(),
  startNote: z.string(),
  completionNote: z.string(),
  /** base64, of MPC node 1..n */
  sealed: z.array(z.string()),
  seconds: z.number(),
  /** Absent in files of earlier releases. */
  reportNotes: z.array(z.string()).optional(),
  figures: JobFigures.optional(),
})

/** What is kept of a finished attempt. */
export type KeptOutcome = Omit<AttemptOutcome, 'reportNotes' | 'figures'> &
  Partial<Pick<AttemptOutcome, 'reportNotes' | 'figures'>> & { readonly attempt: number }

export interface ResultFiles {
  /** Resolves when the outcome is on disk. */
  write(job: string, attempt: number, outcome: AttemptOutcome): Promise<void>
  /** @throws ShareholdError SH_LEDGER_STORAGE */
  read(job: string): Promise<KeptOutcome | undefined>
}

const pathOf = (job: string): string => `results/${job}.json`

/** @param files of the coordinator's data directory */
export function resultFiles(files: LedgerFiles): ResultFiles {
  return {
    async write(job, attempt, { sealed, reportNotes, ...outcome }) {
      const stored: z.infer<typeof StoredResult> = {
        ...outcome,
        attempt,
        sealed: sealed.map((bytes) => encodeBase64(bytes)),
        reportNotes: [...reportNotes],
      }
      await files.write(pathOf(job), new TextEncoder().encode(JSON.stringify(stored)))
    },
    async read(job) {
      const bytes = await files.read(pathOf(job))
      if (bytes === undefined) return undefined
      const stored = StoredResult.parse(JSON.parse(new TextDecoder().decode(bytes)))
      const { reportNotes, figures, ...outcome } = stored
      return {
        ...outcome,
        sealed: stored.sealed.map((text) => decodeBase64(text)),
        ...(reportNotes === undefined ? {} : { reportNotes }),
        ...(figures === undefined ? {} : { figures }),
      }
    },
  }
}
