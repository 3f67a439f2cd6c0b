/**
 * What becomes of an import that this share-node has signed for and that got into no version: its
 * repository died in between, or did not hear from the coordinator. Nobody can use it, but its shares are
 * shares: after some time they are erased.
 *
 * An import is erased only if all of this holds:
 *   - this node was never told that it is in a version, by its repository (importActivate) or the ledger;
 *   - the ledger names it in no version, now and when it was first looked for, `keepMs` ago or longer;
 *   - no conversation about it is going on, in which it could still be registered.
 * Repositories register an import within the conversation in which they send it, or never: one that comes
 * back later with the receipts makes a version of which this node has lost its part. It could as well send
 * importDrop: what a repository has imported, it can make unusable.
 */
import { importName } from './entered-imports.ts'
import type { Log } from './log.ts'
import type { Journal } from './store/journal.ts'
import type { LevelShareStore } from './store/level-share-store.ts'

export interface UnregisteredOptions {
  readonly store: Pick<LevelShareStore, 'imports' | 'delete'>
  readonly journal: Journal
  /** The names of all imports that any version in the ledger has, as it is now. */
  readonly entered: () => Promise<ReadonlySet<string>>
  /** How long an import is kept after it was first found to be in no version. */
  readonly keepMs: number
  /** Whether there is a conversation about an import. */
  readonly isOpen: (importId: string) => boolean
  /** Unix milliseconds. */
  readonly now: () => number
  readonly log: Log
}

const registered = (name: string): string => `registered/${name}`
/** Recorded for ever when an import is first found to be in no version, after the one that expires. */
const missed = (name: string): string => `missed/${name}`
const waiting = (name: string): string => `waiting/${name}`

/** Records for ever that an import is in a version: it is not looked for any more. */
export async function markRegistered(
  journal: Journal,
  dataset: string,
  importId: string,
): Promise<void> {
  await journal.recordOnce(registered(importName(dataset, importId)))
}

/**
 * Looks for imports that are in no version and erases those that have waited long enough.
 * @returns how many were erased
 * @throws what `entered` throws: then nothing is erased
 */
export async function eraseUnregistered(options: UnregisteredOptions): Promise<number> {
  const { store, journal, log } = options
  const unknown: { readonly dataset: string; readonly importId: string }[] = []
  for (const one of await store.imports()) {
    if (!(await journal.has(registered(importName(one.dataset, one.importId))))) unknown.push(one)
  }
  // The ledger is read only if there is something to be looked for: after an orderly import there is not.
  if (unknown.length === 0) return 0
  const entered = await options.entered()
  let erased = 0
  for (const { dataset, importId } of unknown) {
    const name = importName(dataset, importId)
    if (entered.has(name)) await markRegistered(journal, dataset, importId)
    else if (!options.isOpen(importId) && (await hasWaited(options, name))) {
      await store.delete({ dataset, importId })
      log.warn({ dataset, importId }, 'import erased: it is in no version')
      erased++
    }
  }
  return erased
}

/** Whether an import was missed before, so long ago that it need not be kept any more. */
async function hasWaited(
  { journal, keepMs, now }: UnregisteredOptions,
  name: string,
): Promise<boolean> {
  if (await journal.has(missed(name))) return !(await journal.has(waiting(name)))
  // In this order: a crash in between only makes it wait anew.
  await journal.recordOnce(waiting(name), now() + keepMs)
  await journal.recordOnce(missed(name))
  return false
}
