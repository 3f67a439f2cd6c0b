/** Random sub-queries with window functions, and what the query around them sees. */
import * as fc from 'fast-check'

import { bindSelect } from '../../../protocol/sql/bind.ts'
import { parseSelect } from '../../../protocol/sql/parse.ts'
import type { Column, Schema } from '../../../shares/schema.ts'

import { Namer, randomCondition } from './random-condition.ts'
import type { RandomTable } from './random-table.ts'
import type { RandomSubQuery } from './sub-query-property.ts'

type Gen = fc.GeneratorValue

/** The table with one more column, of numbers of which no two are equal: what makes an order of rows complete. */
export function withNumbers(g: Gen, table: RandomTable): RandomTable {
  const count = table.rows.length
  const numbers = g(
    fc.shuffledSubarray,
    table.rows.map((_, row) => row),
    { minLength: count },
  )
  const column: Column = {
    name: 'id',
    type: 'integer',
    nullable: false,
    min: 0,
    max: count,
    reveal: 'extremes',
  }
  return {
    ...table,
    schema: { ...table.schema, columns: [...table.schema.columns, column] },
    rows: table.rows.map((row, k) => [...row, String(numbers[k])]),
  }
}

/** The parser must have been loaded. @param name of the table that is made */
export function randomWindows(g: Gen, table: RandomTable, name: string): RandomSubQuery {
  const { schema, params } = table
  const names = new Namer(g, schema.dataset)
  const common = randomWindow(g, schema, names)
  const calls = [`ROW_NUMBER() ${randomWindow(g, schema, names)(true)}`]
  for (let k = g(fc.integer, { min: 0, max: 3 }); k > 0; k--) {
    const own = g(fc.integer, { min: 0, max: 2 }) === 0 ? randomWindow(g, schema, names) : common
    const call = randomCall(g, schema, names, own)
    // Equal calls are one column.
    const plain = (text: string): string => text.replaceAll('"', '').toLowerCase()
    if (!calls.some((other) => plain(other) === plain(call))) calls.push(call)
  }
  const kept = g(fc.subarray, [...schema.columns], { maxLength: 2 })
  const targets = [
    'rider',
    ...calls.map((call, k) => `${call} AS w${k}`),
    ...kept.map((column) => names.of(column)),
  ]
  const where =
    g(fc.integer, { min: 0, max: 2 }) === 0 ? '' : ` WHERE ${randomCondition(g, schema, names, 2)}`
  const sql = `SELECT ${targets.join(', ')} FROM ${schema.dataset}${where}`
  const { made } = bindSelect(parseSelect(`SELECT COUNT(*) FROM (${sql}) q`), [schema], params)
  if (made === undefined) throw new TypeError('no table is made')
  const all = made.schema.columns
  const columns = [
    ...all
      .filter((column) => / \d+$/u.test(column.name))
      .map((column, k) => ({ ...column, name: `w${k}` })),
    ...all.filter((column) => kept.some((one) => one.name === column.name)),
  ]
  return { sql, table: { schema: { ...made.schema, dataset: name, columns }, params: made.params } }
}

/** OVER, with a frame if it is told, and with an order in which no rows are equal. */
type Window = (isTotal: boolean, frame?: string) => string

function randomWindow(g: Gen, schema: Schema, names: Namer): Window {
  const some = (most: number): string[] =>
    g(fc.subarray, [...schema.columns], { maxLength: most }).map((column) => names.of(column))
  const partition = g(fc.shuffledSubarray, ['rider', ...some(1)], { minLength: 1 })
  const keys = partition.includes('rider') ? partition : ['rider', ...partition]
  const order = some(2).map(
    (column) =>
      column +
      g(
        fc.constantFrom,
        '',
        ' ASC',
        ' DESC',
        ' NULLS FIRST',
        ' DESC NULLS LAST',
        ' ASC NULLS LAST',
      ),
  )
  return (isTotal, frame = '') => {
    const items = isTotal ? [...order, 'id'] : order
    const by = items.length === 0 ? '' : ` ORDER BY ${items.join(', ')}`
    // GROUPS are of peers.
    const written = by === '' && frame.includes('GROUPS') ? '' : frame
    return `OVER (PARTITION BY ${keys.join(', ')}${by}${written})`
  }
}

/** Where rows may be equal in the order, what does not depend on which comes first. */
function randomCall(g: Gen, schema: Schema, names: Namer, window: Window): string {
  const numbers = schema.columns.filter(({ type }) => type === 'integer' || type === 'decimal')
  const column = (of: readonly Column[] = schema.columns): string =>
    names.of(g(fc.constantFrom, ...of))
  const frame = (): string =>
    g(
      fc.constantFrom,
      '',
      ' RANGE UNBOUNDED PRECEDING',
      ' GROUPS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
      ' ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING',
    )
  const filter = (): string =>
    g(fc.integer, { min: 0, max: 2 }) === 0
      ? ` FILTER (WHERE ${randomCondition(g, schema, names, 1)})`
      : ''
  const aggregate = (): string => {
    switch (g(fc.integer, { min: 0, max: 4 })) {
      case 0:
        return `COUNT(*)${filter()}`
      case 1:
        return `count(${column()})${filter()}`
      case 2:
        return `${g(fc.constantFrom, 'MIN', 'max')}(${column(schema.columns.filter(({ type }) => type !== 'boolean'))})${filter()}`
      case 3:
        return `SUM(${g(fc.constantFrom, '2 * ', '- ', '')}${column(numbers)}::numeric)${filter()}`
      default:
        return `sum(${column(numbers)})${filter()}`
    }
  }
  switch (g(fc.integer, { min: 0, max: 9 })) {
    case 0:
      return `rank() ${window(g(fc.boolean))}`
    case 1:
      return `DENSE_RANK() ${window(g(fc.boolean))}`
    case 2:
    case 3:
    case 4:
      return `${g(fc.constantFrom, 'lag', 'LEAD')}(${column()}${g(fc.constantFrom, '', ', 1', ', 2', ', 0', ', -1', ', 3 + 4')}) ${window(true)}`
    case 5:
      return `${g(fc.constantFrom, 'first_value', 'last_value')}(${column()}) ${window(true)}`
    case 6:
      return `${aggregate()} ${window(true, ' ROWS UNBOUNDED PRECEDING')}`
    default:
      return `${aggregate()} ${window(g(fc.boolean), frame())}`
  }
}
