/**
 * The file of an import: read once, a block at a time, checked, and tagged on the way, so that a second
 * import of the same file is found.
 */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

import { ShareholdError } from '../shares/errors.ts'
import type { Schema } from '../shares/schema.ts'

import { readCsvPart } from './csv-part.ts'
import type { Part } from './csv-part.ts'
import type { ActorKey } from './keys.ts'
import { startFileTag } from './share-coordinates.ts'

/**
 * Reads and checks a whole file.
 * @returns the part, and the file's tag
 * @throws ShareholdError SH_IMPORT_FILE, and as readCsvPart
 */
export async function readSource(
  file: string,
  schema: Schema,
  key: ActorKey,
): Promise<{ readonly part: Part; readonly fileTag: string }> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file)
    const source = handle
    const tag = startFileTag(key, schema.dataset)
    const part = await readCsvPart(async (into) => {
      const { bytesRead } = await source.read(into)
      tag.update(into.subarray(0, bytesRead))
      return bytesRead
    }, schema)
    return { part, fileTag: tag.digest('hex') }
  } catch (error) {
    if (error instanceof ShareholdError) throw error
    throw new ShareholdError('SH_IMPORT_FILE', `The file ${file} cannot be read.`, { cause: error })
  } finally {
    await handle?.close()
  }
}
