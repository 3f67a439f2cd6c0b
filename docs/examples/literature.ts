/**
 * Queries that the literature on private joins measures, with schemas and sizes to plan them for: docs/examples.md is made
 * of them, and test/protocol/sql/literature.test.ts compares their answers with PostgreSQL's.
 */
import { CHUNK_ROWS } from '../../protocol/plan.ts'
import type { DatasetParams } from '../../protocol/plan.ts'
import type { Column, Schema } from '../../shares/schema.ts'

/** Two years. */
const DAYS = { type: 'date', nullable: false, min: '2018-01-01', max: '2019-12-31' } as const

/** Of several hospitals, under common pseudonyms. */
const patients = { member: 'patient', kMin: 5, purposes: ['research'] }

export const DIAGNOSES: Schema = {
  ...patients,
  dataset: 'diagnoses',
  columns: [
    {
      name: 'icd9',
      type: 'text',
      nullable: false,
      dictionary: [
        '008.45',
        '414.01',
        '250.00',
        '401.9',
        '272.4',
        '530.81',
        '427.31',
        '428.0',
        '496',
        '285.9',
        '311',
        '244.9',
        '599.0',
        '584.9',
        '276.1',
        '787.91',
      ],
    },
    { name: 'day', ...DAYS },
  ],
}

export const MEDICATIONS: Schema = {
  ...patients,
  dataset: 'medications',
  columns: [
    {
      name: 'drug',
      type: 'text',
      nullable: false,
      dictionary: ['aspirin', 'metformin', 'statin', 'vancomycin'],
    },
    { name: 'day', ...DAYS },
  ],
}

/** One row a patient. */
export const COHORT: Schema = {
  ...patients,
  dataset: 'cohort',
  columns: [{ name: 'site', type: 'text', nullable: false, dictionary: ['north', 'south'] }],
}

/** TPC-H 3.0.1, 1.4.1 and 4.2.3: the columns that Q1 and Q6 read, with the ranges that they are generated in. */
export const LINEITEM: Schema = {
  dataset: 'lineitem',
  member: 'custkey',
  kMin: 5,
  purposes: ['benchmark'],
  columns: [
    decimal('l_quantity', '1', '50'),
    // l_quantity times the price of a part.
    decimal('l_extendedprice', '900.01', '104949.50'),
    decimal('l_discount', '0.00', '0.10'),
    decimal('l_tax', '0.00', '0.08'),
    { name: 'l_returnflag', type: 'text', nullable: false, dictionary: ['A', 'N', 'R'] },
    { name: 'l_linestatus', type: 'text', nullable: false, dictionary: ['F', 'O'] },
    { name: 'l_shipdate', type: 'date', nullable: false, min: '1992-01-02', max: '1998-12-01' },
  ],
}

function decimal(name: string, min: string, max: string): Column {
  return { name, type: 'decimal', nullable: false, precision: 15, scale: 2, min, max }
}

export interface Example {
  readonly name: string
  readonly source: string
  /** What is to be known of the data, and of the query. */
  readonly about: string
  readonly sql: string
  readonly datasets: readonly { readonly schema: Schema; readonly sizes: DatasetParams }[]
}

const SMCQL = 'Bater et al., SMCQL: Secure Querying for Federated Databases, VLDB 2017'
const TPCH = 'TPC Benchmark H, revision 3.0.1'

/** 400,000 rows of 100,000 patients. */
const diagnoses = sized(DIAGNOSES, [
  [1, 40_000],
  [2, 30_000],
  [5, 20_000],
  [20, 10_000],
])
const medications = sized(MEDICATIONS, [
  [1, 50_000],
  [4, 10_000],
])
const cohort = sized(COHORT, [[1, 30_000]])
/** As many rows as at scale factor 1, of the customers who have orders. */
const lineitem = sized(LINEITEM, [
  [60, 99_979],
  [75, 33],
])

export const EXAMPLES: readonly Example[] = [
  {
    name: 'Comorbidity',
    source: SMCQL,
    about:
      'The ten most frequent diagnoses among a cohort of patients. Codes of fewer than kMin patients have no number, and NULLs come first in a descending order: hence NULLS LAST.',
    sql: `SELECT icd9, COUNT(*) AS diagnoses
FROM diagnoses JOIN cohort USING (patient)
WHERE icd9 <> '008.45'
GROUP BY icd9 ORDER BY diagnoses DESC NULLS LAST, icd9 LIMIT 10`,
    datasets: [diagnoses, cohort],
  },
  {
    name: 'Aspirin count',
    source: SMCQL,
    about:
      'Patients with heart disease who were given aspirin on the day of a diagnosis or later. Both sides have several rows a patient: lanes are the rows of one, times the most rows that a patient has on the other.',
    sql: `SELECT COUNT(DISTINCT patient) AS patients
FROM diagnoses d JOIN medications m USING (patient)
WHERE d.icd9 LIKE '414%' AND m.drug = 'aspirin' AND m.day >= d.day`,
    datasets: [diagnoses, medications],
  },
  {
    name: 'Recurrent infection',
    source: SMCQL,
    about:
      "Patients who had C. difficile twice, 15 to 56 days apart. A dataset joined with itself: the lanes are the squares of the patients' numbers of rows.",
    sql: `SELECT COUNT(DISTINCT patient) AS patients
FROM diagnoses first JOIN diagnoses again USING (patient)
WHERE first.icd9 = '008.45' AND again.icd9 = '008.45' AND again.day - first.day BETWEEN 15 AND 56`,
    datasets: [diagnoses],
  },
  {
    name: 'TPC-H Q1',
    source: TPCH,
    about:
      'With the ranges that TPC-H generates (clause 4.2.3), the largest of its sums stays below 2^60 up to 10 million rows: 104,949.50 * 1.00 * 1.08 has six decimals.',
    sql: `SELECT l_returnflag, l_linestatus, SUM(l_quantity) AS sum_qty, SUM(l_extendedprice) AS sum_base_price,
  SUM(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
  SUM(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge,
  AVG(l_quantity) AS avg_qty, AVG(l_extendedprice) AS avg_price, AVG(l_discount) AS avg_disc, COUNT(*) AS count_order
FROM lineitem WHERE l_shipdate <= DATE '1998-12-01' - INTERVAL '90' DAY
GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`,
    datasets: [lineitem],
  },
  {
    name: 'TPC-H Q6',
    source: TPCH,
    about: 'One sum of a product over a filter.',
    sql: `SELECT SUM(l_extendedprice * l_discount) AS revenue
FROM lineitem WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1994-01-01' + INTERVAL '1' YEAR
  AND l_discount BETWEEN .06 - 0.01 AND .06 + 0.01 AND l_quantity < 24`,
    datasets: [lineitem],
  },
]

function sized(
  schema: Schema,
  rowsPerMember: DatasetParams['rowsPerMember'],
): Example['datasets'][0] {
  const rows = rowsPerMember.reduce((sum, [each, members]) => sum + each * members, 0)
  const chunks = Array.from({ length: Math.ceil(rows / CHUNK_ROWS) }, (_, k) =>
    Math.min(CHUNK_ROWS, rows - k * CHUNK_ROWS),
  )
  return { schema, sizes: { name: schema.dataset, version: 1, chunks, rowsPerMember } }
}
