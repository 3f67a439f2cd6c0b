/** Made-up data for docs/examples/literature.ts: tables with some rows of each member. */
import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { histogram } from './random-table.ts'
import type { RandomTable } from './random-table.ts'

/** Numbers in [0, below). */
export type Draw = (below: number) => number

/**
 * A table with some rows of each member.
 *
 * @param cell the text of a column in a row of a member; undefined for any of its values
 */
export function recordsOf(
  schema: Schema,
  rowsOfMember: readonly number[],
  draw: Draw,
  cell: (column: string, member: number) => string | undefined = () => undefined,
): RandomTable {
  const memberOfRow = Uint32Array.from(
    rowsOfMember.flatMap((rows, member) => Array.from({ length: rows }, () => member)),
  )
  return {
    schema,
    rows: Array.from(memberOfRow, (member) =>
      schema.columns.map((column) => cell(column.name, member) ?? anyOf(column, draw)),
    ),
    memberOfRow,
    params: {
      committee: { n: 3, t: 1 },
      security: 'passive',
      dataset: {
        name: schema.dataset,
        version: 1,
        chunks: [memberOfRow.length],
        rowsPerMember: histogram(memberOfRow),
      },
      chunksInFlight: 1,
      network: 'loopback',
    },
  }
}

function anyOf(column: Column, draw: Draw): string {
  return textOfCode(column, BigInt(draw(Number(codecOf(column).codeMax) + 1)))
}
