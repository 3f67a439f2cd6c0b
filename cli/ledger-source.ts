/**
 * Where a ledger is read from: the coordinator over HTTP, or a copy in a directory. Neither is trusted:
 * whoever reads compares everything with the signed checkpoint.
 */
import { HttpClient } from '../coordinator/client/http-client.ts'
import { ledgerKey, networkKeys } from '../coordinator/client/network-keys.ts'
import { hash } from '../node/crypto.ts'
import { ledgerDirectory, ledgerReader } from '../node/store/ledger-directory.ts'
import type { Topology } from '../node/topology.ts'
import { Checklist } from '../protocol/ledger/audit-report.ts'
import { auditTree } from '../protocol/ledger/audit-tree.ts'
import { openCheckpoint } from '../protocol/ledger/checkpoint.ts'
import type { LedgerReader } from '../protocol/ledger/files.ts'
import { verifyEd25519 } from '../protocol/ledger/note.ts'
import {
  bundlePath,
  CHECKPOINT_PATH,
  tilePath,
  tilesOfLevel,
  tilesOfTree,
} from '../protocol/ledger/tiles.ts'
import { ShareholdError } from '../shares/errors.ts'

import { optionalText } from './command.ts'
import type { CommandOption, CommandValues } from './command.ts'

export const LEDGER_OPTION: CommandOption = {
  flags: '--ledger <directory>',
  help: 'read this copy of the ledger instead of asking the coordinator',
}

export interface LedgerSource extends LedgerReader {
  /**
   * To be called when a check has failed: that a file could not be fetched says nothing about the ledger.
   * @throws ShareholdError SH_COORDINATOR_* if that is why
   */
  throwIfUnread(): void
}

export function ledgerSource(options: CommandValues, topology: Topology): LedgerSource {
  const directory = optionalText(options, 'ledger')
  if (directory !== undefined) return { ...ledgerReader(directory), throwIfUnread() {} }
  const client = new HttpClient(topology.coordinator.http)
  let failure: ShareholdError | undefined
  return {
    async read(file) {
      try {
        return (await client.ledgerFile(file)) ?? undefined
      } catch (error) {
        if (error instanceof ShareholdError) failure ??= error
        throw error
      }
    },
    throwIfUnread() {
      if (failure !== undefined) throw failure
    },
  }
}

/**
 * All entries' notes, compared with the checkpoint. Whether the right people have signed them is for
 * the audit.
 *
 * @throws ShareholdError SH_COORDINATOR_*; SH_AUDIT_FAILED if the files do not have the signed root
 */
export async function readNotes(
  files: LedgerSource,
  topology: Topology,
): Promise<readonly string[]> {
  const list = new Checklist(false)
  const log = ledgerKey(networkKeys(topology))
  const sound = await auditTree({ files, log, hash, verify: verifyEd25519 }, list)
  if (sound !== undefined) return sound.notes
  files.throwIfUnread()
  const failure = list.items.find((item) => !item.ok)
  throw new ShareholdError(
    'SH_AUDIT_FAILED',
    `The ledger cannot be read: ${failure?.title ?? 'a check failed'}: ${failure?.detail ?? ''}`,
    { hint: 'Is it the ledger of this topology?' },
  )
}

/**
 * Copies a ledger's files to a directory, the checkpoint last. Full tiles that are there already never
 * change and are not read again.
 *
 * @returns number of entries
 */
export async function copyLedger(
  from: LedgerReader,
  topology: Topology,
  directory: string,
): Promise<number> {
  const to = ledgerDirectory(directory)
  const checkpoint = await readFile(from, CHECKPOINT_PATH)
  const { size } = openCheckpoint(
    new TextDecoder().decode(checkpoint),
    ledgerKey(networkKeys(topology)),
  )
  const paths = [...tilesOfTree(size).map(tilePath), ...tilesOfLevel(0, size).map(bundlePath)]
  for (const path of paths) {
    const isFull = !path.includes('.p/')
    if (isFull && (await to.read(path)) !== undefined) continue
    await to.write(path, await readFile(from, path))
  }
  await to.write(CHECKPOINT_PATH, checkpoint)
  return size
}

async function readFile(files: LedgerReader, path: string): Promise<Uint8Array> {
  const bytes = await files.read(path)
  if (bytes !== undefined) return bytes
  throw new ShareholdError('SH_LEDGER_MISSING', `The ledger's file ${path} is missing.`)
}
