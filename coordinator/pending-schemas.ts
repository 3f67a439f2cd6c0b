/**
 * Schemas that some of their repositories have signed and others have not. A repository has one
 * signature a dataset here: signing another schema of the same dataset takes the first one back. That
 * also bounds what is kept. Signatures are checked before they come here.
 */
import type { LedgerFiles } from '../protocol/ledger/files.ts'
import { joinSignatures, parseNote } from '../protocol/ledger/note.ts'

const FILE = 'pending-schemas.json'

/** One repository's signature on a schema. */
interface Signed {
  readonly dataset: string
  readonly repository: string
  readonly text: string
  /** The signature line, newline included. */
  readonly line: string
}

/** A schema note with all the signatures that there are. */
export interface PendingSchema {
  readonly note: string
  /** Names of the repositories that have signed, ascending. */
  readonly signers: readonly string[]
}

export class PendingSchemas {
  readonly #files: LedgerFiles
  readonly #signed = new Map<string, Signed>()

  private constructor(files: LedgerFiles) {
    this.#files = files
  }

  static async open(files: LedgerFiles): Promise<PendingSchemas> {
    const pending = new PendingSchemas(files)
    const bytes = await files.read(FILE)
    if (bytes !== undefined) {
      // Written by this class, into a directory of the coordinator's own.
      const list = JSON.parse(new TextDecoder().decode(bytes)) as Signed[]
      for (const signed of list) pending.#signed.set(keyOf(signed), signed)
    }
    return pending
  }

  /** Adds all signatures of a note; resolves when they are on disk. */
  async add(dataset: string, note: string): Promise<PendingSchema> {
    const { text, signatures } = parseNote(note)
    for (const { name, line } of signatures) {
      const signed = { dataset, repository: name, text, line }
      this.#signed.set(keyOf(signed), signed)
    }
    await this.#save()
    return this.of(dataset).find((pending) => parseNote(pending.note).text === text)!
  }

  /** The schemas of a dataset that wait for signatures. */
  of(dataset: string): readonly PendingSchema[] {
    const byText = new Map<string, Signed[]>()
    for (const signed of this.#signed.values()) {
      if (signed.dataset !== dataset) continue
      byText.set(signed.text, [...(byText.get(signed.text) ?? []), signed])
    }
    return [...byText].map(([text, list]) => {
      const sorted = list.toSorted((a, b) => (a.repository < b.repository ? -1 : 1))
      return {
        note: joinSignatures(
          text,
          sorted.map(({ line }) => line),
        ),
        signers: sorted.map(({ repository }) => repository),
      }
    })
  }

  /** Forgets a dataset: its schema is in the ledger. */
  async settle(dataset: string): Promise<void> {
    for (const [key, signed] of this.#signed) {
      if (signed.dataset === dataset) this.#signed.delete(key)
    }
    await this.#save()
  }

  async #save(): Promise<void> {
    const text = JSON.stringify([...this.#signed.values()], null, 1)
    await this.#files.write(FILE, new TextEncoder().encode(text))
  }
}

const keyOf = ({ dataset, repository }: Signed): string => JSON.stringify([dataset, repository])
