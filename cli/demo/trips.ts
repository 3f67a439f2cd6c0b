/**
 * The example's data: real taxi rides (see ORIGIN.md) with made-up member pseudonyms, split into the
 * files of two repositories, the yellow and the green cabs.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { parse } from 'csv-parse/sync'

/** The made-up cooperative has this many members. */
const MEMBERS = 500

export const TRIPS_SCHEMA = path.join(import.meta.dirname, 'trips.schema.yaml')

/** The made-up pseudonym of ride number `row`: a deterministic function of the row number alone. */
function pseudonym(row: number): string {
  const digest = createHash('sha256').update(`sharehold demo driver ${row}`).digest()
  return `D-${String((digest.readUInt32BE(0) % MEMBERS) + 1).padStart(3, '0')}`
}

export interface Trips {
  /** Column names of the source, without the pseudonym. */
  readonly columns: readonly string[]
  /** All rides, with `member`, as texts; '' is NULL. */
  readonly rows: readonly Readonly<Record<string, string>>[]
}

export async function readTrips(): Promise<Trips> {
  const text = await readFile(path.join(import.meta.dirname, 'taxis.csv'), 'utf8')
  const rows: Record<string, string>[] = parse(text, { columns: true })
  const columns = Object.keys(rows[0]!)
  for (const [index, row] of rows.entries()) row['member'] = pseudonym(index)
  return { columns, rows }
}

/** Writes `yellow.csv` and `green.csv` into `directory`: what each repository imports. */
export async function writeTripFiles(
  directory: string,
): Promise<{ yellow: string; green: string }> {
  const { columns, rows } = await readTrips()
  await mkdir(directory, { recursive: true })
  const header = ['member', ...columns]
  const write = async (color: string): Promise<string> => {
    const lines = rows
      .filter((row) => row['color'] === color)
      .map((row) => header.map((name) => quote(row[name]!)).join(','))
    const file = path.join(directory, `${color}.csv`)
    await writeFile(file, `${header.join(',')}\n${lines.join('\n')}\n`)
    return file
  }
  return { yellow: await write('yellow'), green: await write('green') }
}

const quote = (cell: string): string =>
  /[",\n]/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
