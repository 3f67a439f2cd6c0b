/**
 * What a query reveals, and to whom: the base aggregates behind every shown expression, which cohorts are
 * too small, and what everybody who takes part sees anyway.
 */
import { numbersOf } from './aggregate-functions.ts'
import type { AggregateNumber, Rank } from './aggregate-functions.ts'
import { countAnswerGroups } from './answer-groups.ts'
import { argumentsOf } from './bound.ts'
import type { BoundAggregate, BoundQuery } from './bound.ts'
import { quoteName } from './names.ts'
import type { PlannedQuery } from './plan.ts'
import { textOfFactors, textOfValue } from './row-text.ts'
import type { NameOfColumn } from './row-text.ts'
import type { RowValue } from './row-value.ts'

/** Lines for EXPLAIN and for the querier, without secrets. */
export function leaksOf(
  query: BoundQuery,
  { cohorts, hidesSecond }: Pick<PlannedQuery, 'cohorts' | 'hidesSecond'>,
): string[] {
  const { made, kMin, keys, having, limit, offset } = query
  const aggregates = query.aggregates.filter(({ inner }) => inner === undefined)
  const groups = Number(countAnswerGroups(query))
  const nameOf = namesOf(query)
  const where =
    keys.length === 0
      ? ''
      : ` for each of the ${groups} groups of ${keys.map(({ value }) => textOfValue(value, nameOf)).join(', ')}${query.groupings.length === 1 ? '' : `, in ${query.groupings.length} groupings`}`
  const lines = [
    `To everybody who can read the ledger: the text of the query, its purpose, the plan and all sizes.`,
    ownersLine(query),
    `To the querier: ${cohorts === 1 ? 'one bit' : `${cohorts} bits`}, whether at least ${kMin} members contribute${where}${!hidesSecond ? '' : '; where only one has fewer, the bit of the smallest other one is 0 too'}.`,
    `To the querier, where that bit is 1: ${openedNames(aggregates, nameOf).join(', ')}${where}.`,
  ]
  if (made?.secret !== undefined) lines.push(made.secret)
  if (having !== undefined) {
    lines.push(
      'To the querier: where HAVING is true. A group where it is not looks like one that is too small; what only HAVING reads is not opened.',
    )
  }
  if (limit !== null || offset > 0) {
    lines.push('Also of the rows that LIMIT and OFFSET leave out.')
  }
  lines.push(
    'Totals and overlapping queries allow differencing: a group that is suppressed may follow from the others. k_min does not prevent that.',
  )
  return lines
}

/** Whose rows the nodes know: of those that are looked for, nobody's. */
function ownersLine({ datasets, lookedUp = [] }: BoundQuery): string {
  const known =
    datasets.length === 1
      ? 'how many rows each pseudonym has'
      : `which pseudonym has how many rows in which of ${datasets.join(', ')}`
  const found = lookedUp.length === 0 ? '' : `; of ${lookedUp.join(', ')} how many rows there are`
  return `To every node: ${known}${found}.`
}

/** Columns as the query may name them: with the dataset in front where several have one of that name. */
function namesOf({ tables }: BoundQuery): NameOfColumn {
  const all = tables.flatMap(({ columns }) => columns.map(({ name }) => name))
  return (column) => {
    const table = tables.find(({ columns }) => columns.includes(column))
    const isUnique = all.filter((name) => name === column.name).length === 1
    const name = quoteName(column.name)
    return isUnique || table === undefined ? name : `${quoteName(table.qualifier)}.${name}`
  }
}

/** The base aggregates that are opened, each once. */
function openedNames(aggregates: readonly BoundAggregate[], nameOf: NameOfColumn): string[] {
  const names = new Set<string>()
  const filters = [...new Set(aggregates.flatMap(({ filter }) => filter ?? []))]
  for (const aggregate of aggregates) {
    const { template, filter } = aggregate
    const values = argumentsOf(aggregate)
    const texts = values.map((value) => textOfValue(value, nameOf)).join(' and ')
    const both = values.length > 1 ? ` where ${texts} are not NULL` : ''
    const over = filter === undefined ? '' : ` over filter ${filters.indexOf(filter) + 1}`
    for (const number of Object.values(numbersOf(template))) {
      const name = openedName(number, values, nameOf)
      if (name !== undefined) names.add(`${name}${both}${over}`)
    }
  }
  return [...names]
}

function openedName(
  number: AggregateNumber,
  values: readonly RowValue[],
  nameOf: NameOfColumn,
): string | undefined {
  const first = values[0] === undefined ? '' : textOfValue(values[0], nameOf)
  switch (number.kind) {
    case 'present':
      return undefined
    case 'count':
      return `COUNT(${values.length === 1 ? first : '*'})`
    case 'sum':
      return `SUM(${textOfFactors(
        number.factors.map((at) => values[at]!),
        nameOf,
      )})`
    case 'any':
      return number.value
        ? 'whether any of the conditions of BOOL_OR is true'
        : 'whether any of the conditions of BOOL_AND is false'
    case 'members':
      return 'COUNT(DISTINCT member)'
    case 'extreme':
      return `${number.largest ? 'MAX' : 'MIN'}(${first}), the value of a row`
    case 'rank':
      return `the value of ${first} of rank ${rankText(number)}, that of a row`
    case 'distinct':
      return `${number.of === 'sum' ? 'SUM' : 'COUNT'}(DISTINCT ${first})`
    case 'mode':
      return `the most frequent value of ${first}`
  }
}

function rankText({ times, plus, over }: Rank): string {
  return `floor((${times} * COUNT + ${plus}) / ${over})`
}
