/** A process that writes one column file and ends: see column-file.ts. */
import { serveParent } from '../serve-parent.ts'

import { type ColumnsWanted, writeColumns } from './column-file.ts'

const program = {
  make({ path, wanted }: { path: string; wanted: ColumnsWanted }): void {
    writeColumns(path, wanted)
  },
}

export type ColumnMaker = typeof program

serveParent(program)
