/**
 * A file of people to import: who lives where, how old they are, what they earn, how far they travel; 1 to
 * 3 rows a member. Rows come in no order, as in a file that was sorted by something else; a fifth of the
 * commutes is unknown.
 */
import { open } from 'node:fs/promises'

import { parseSchema } from '../shares/parse-schema.ts'
import type { Schema } from '../shares/schema.ts'

import { publicWords } from './public-data.ts'

const CITIES = [
  'Aachen',
  'Bergen',
  'Coimbra',
  'Dundee',
  'Espoo',
  'Freiburg',
  'Ghent',
  'Haarlem',
  'Innsbruck',
  'Jena',
  'Kaunas',
  'Lund',
  'Malmö',
  'Nîmes',
  'Odense',
  'Poznań',
]

export const MOST_COMMUTE = 180
const LINES_AT_A_TIME = 20_000

/** Each run has a dataset of its own: a second version would have to join the members of the first. */
export function peopleSchema(dataset: string): Schema {
  return parseSchema({
    dataset,
    member: 'member',
    kMin: 10,
    purposes: ['benchmark'],
    columns: [
      { name: 'city', type: 'text', dictionary: CITIES },
      { name: 'age', type: 'integer', min: 0, max: 120 },
      { name: 'income', type: 'integer', min: 0, max: 1_000_000 },
      { name: 'commute', type: 'integer', nullable: true, min: 0, max: MOST_COMMUTE },
    ],
  })
}

/** What has to come out when the shares are opened: the sum of the codes of each column. */
export type CodeSums = Readonly<Record<string, bigint>>

/** Writes the file. @returns what is in it */
export async function writePeople(file: string, rows: number): Promise<CodeSums> {
  const words = (label: string, values: number): Uint32Array =>
    publicWords(`import/${label}`, rows).map((word) => word % values)
  const [city, age] = [words('city', CITIES.length), words('age', 121)]
  const [income, commute] = [words('income', 1_000_001), words('commute', MOST_COMMUTE + 1)]
  const known = words('known', 5)
  const members = membersOf(rows)
  const out = await open(file, 'w')
  try {
    await out.write('member,city,age,income,commute\n')
    for (let from = 0; from < rows; from += LINES_AT_A_TIME) {
      let text = ''
      for (let row = from; row < Math.min(rows, from + LINES_AT_A_TIME); row++) {
        const minutes = known[row] === 0 ? '' : commute[row]
        text += `${members[row]},${CITIES[city[row]!]},${age[row]},${income[row]},${minutes}\n`
      }
      await out.write(text)
    }
  } finally {
    await out.close()
  }
  return {
    city: sum(city),
    age: sum(age),
    income: sum(income),
    commute: sum(commute.map((minutes, row) => (known[row] === 0 ? 0 : minutes))),
  }
}

/** A pseudonym for each row: 16 hexadecimal digits, in random order. */
function membersOf(rows: number): string[] {
  const high = publicWords('import/member/high', rows)
  const low = publicWords('import/member/low', rows)
  const counts = publicWords('import/member/rows', rows)
  const hex = (word: number): string => word.toString(16).padStart(8, '0')
  const members: string[] = []
  for (let member = 0; members.length < rows; member++) {
    const pseudonym = hex(high[member]!) + hex(low[member]!)
    for (let row = 0; row <= counts[member]! % 3; row++) members.push(pseudonym)
  }
  members.length = rows
  const places = publicWords('import/order', rows)
  for (let i = rows - 1; i > 0; i--) {
    const other = places[i]! % (i + 1)
    const kept = members[i]!
    members[i] = members[other]!
    members[other] = kept
  }
  return members
}

function sum(values: Uint32Array): bigint {
  let total = 0
  for (const value of values) total += value
  return BigInt(total)
}
