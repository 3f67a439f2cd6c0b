/**
 * The demo's oracle: PostgreSQL itself (PGlite) over the pooled plain table, which no machine of the
 * network ever holds. Same SQL, same suppression rule.
 */
import { PGlite } from '@electric-sql/pglite'

import type { Cell } from '../../protocol/sql/answer-spec.ts'
import type { Column, Schema } from '../../shares/schema.ts'

import type { Trips } from './trips.ts'

export interface Oracle {
  /** Rows as texts; NULL (and suppressed) as null. */
  ask(sql: string): Promise<(string | null)[][]>
  close(): Promise<void>
}

function sqlType(column: Column): string {
  switch (column.type) {
    case 'decimal': {
      return `numeric(${column.precision}, ${column.scale})`
    }
    case 'integer':
    case 'boolean':
    case 'timestamp':
    case 'date':
    case 'text': {
      return column.type
    }
  }
}

export async function openOracle(schema: Schema, trips: Trips): Promise<Oracle> {
  const db = await PGlite.create()
  const columns = schema.columns.map((c) => `"${c.name}" ${sqlType(c)}`)
  await db.exec(`CREATE TABLE "${schema.dataset}" (member text, ${columns.join(', ')})`)
  const names = ['member', ...schema.columns.map((c) => c.name)]
  const csv = trips.rows.map((row) =>
    names
      .map((name) => (row[name] === '' ? '' : `"${row[name]!.replaceAll('"', '""')}"`))
      .join(','),
  )
  await db.query(`COPY "${schema.dataset}" FROM '/dev/blob' WITH (FORMAT csv)`, [], {
    blob: new Blob([csv.join('\n')]),
  })
  return {
    async ask(sql) {
      const text = (value: string): string => value
      const parsers = Object.fromEntries(
        [16, 20, 21, 23, 25, 1043, 1082, 1114, 1700].map((oid) => [oid, text]),
      )
      const result = await db.query<(string | null)[]>(sql, [], { rowMode: 'array', parsers })
      return result.rows
    },
    close: () => db.close(),
  }
}

/**
 * Compares an answer with the oracle's rows. Rows of the public key domain that the table does not
 * have are in the answer, suppressed: they are left out here.
 *
 * @param keys number of leading key columns
 * @returns the first difference, or null
 */
export function difference(
  answer: readonly (readonly Cell[])[],
  oracle: readonly (readonly (string | null)[])[],
  keys: number,
): string | null {
  const text = (cell: Cell): string | null => ('text' in cell ? cell.text : null)
  const keyOf = (row: readonly (string | null)[]): string => JSON.stringify(row.slice(0, keys))
  const inTable = new Set(oracle.map(keyOf))
  const shown: (string | null)[][] = []
  for (const cells of answer) {
    const row = cells.map(text)
    if (inTable.has(keyOf(row)) || keys === 0) shown.push(row)
    else if (cells.slice(keys).some((cell) => !('suppressed' in cell))) {
      return `the group ${keyOf(row)} is not in the table, and is not suppressed`
    }
  }
  const want = oracle.map((row) => JSON.stringify(row))
  const have = shown.map((row) => JSON.stringify(row))
  for (let i = 0; i < Math.max(want.length, have.length); i++) {
    if (want[i] !== have[i]) return `row ${i + 1}: ${have[i] ?? 'missing'}, PostgreSQL ${want[i]}`
  }
  return null
}
