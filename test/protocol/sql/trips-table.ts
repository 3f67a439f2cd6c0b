/** A table of a hand-written schema, the same in every run: values all over the ranges, NULLs, members with several rows. */
import { codecOf, textOfCode } from '../../../shares/column-codec.ts'
import type { Schema } from '../../../shares/schema.ts'

import type { RandomTable } from './random-table.ts'

/** @param members each has rows / members rows, rounded down or up */
export function tripsTable(schema: Schema, rows: number, members: number): RandomTable {
  const memberOfRow = Uint32Array.from({ length: rows }, (_, row) => row % members)
  const most = Math.ceil(rows / members)
  const fewer = members * most - rows
  return {
    schema,
    rows: Array.from({ length: rows }, (_, row) =>
      schema.columns.map((column, index) => {
        const draw = scattered(row * schema.columns.length + index)
        if (column.nullable && draw % 7n === 0n) return null
        return textOfCode(column, (draw / 7n) % (codecOf(column).codeMax + 1n))
      }),
    ),
    memberOfRow,
    params: {
      committee: { n: 3, t: 1 },
      security: 'passive',
      dataset: {
        name: schema.dataset,
        version: 1,
        chunks: [rows],
        rowsPerMember: [
          ...(fewer === 0 ? [] : [[most - 1, fewer] as const]),
          ...(fewer === members ? [] : [[most, members - fewer] as const]),
        ],
      },
      chunksInFlight: 1,
      network: 'loopback',
    },
  }
}

/** SplitMix64: numbers that look random, and are not. */
function scattered(index: number): bigint {
  const mask = 2n ** 64n - 1n
  let z = (BigInt(index + 1) * 0x9e3779b97f4a7c15n) & mask
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask
  return z ^ (z >> 31n)
}
