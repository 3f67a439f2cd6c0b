/** Random expressions over the columns of a row, of each type, as SQL. */
import * as fc from 'fast-check'

import type { Column, Schema } from '../../../shares/schema.ts'

import { quote } from './random-table.ts'

type Gen = fc.GeneratorValue

/** Writes expressions over a schema. */
export class RandomRow {
  readonly #g: Gen
  readonly #schema: Schema

  constructor(g: Gen, schema: Schema) {
    this.#g = g
    this.#schema = schema
  }

  number(depth: number): string {
    const g = this.#g
    if (depth === 0) return this.#numberLeaf()
    const a = (): string => this.number(depth - 1)
    switch (g(fc.integer, { min: 0, max: 29 })) {
      case 28:
      case 29:
        return `(${this.#date()} - ${this.#date()})`
      case 22:
        return `EXTRACT(${g(fc.constantFrom, 'day', 'doy', 'quarter', 'week', 'isodow', 'isoyear', 'decade')} FROM ${this.day()})`
      case 23:
        return `TRUNC((${a()})::numeric${g(fc.constantFrom, '', ', 1', ', -1')})`
      case 24:
        return `${g(fc.constantFrom, 'SIGN', 'FLOOR')}((${a()})::numeric)`
      case 25:
        return `${g(fc.constantFrom, 'DIV', 'MOD')}((${a()})::numeric, ${g(fc.constantFrom, '3', '-0.5', '7')})`
      case 26:
        return `strpos(${this.text(depth - 1)}, ${g(fc.constantFrom, "'o'", "'e'", "''")})`
      case 27:
        return `width_bucket((${a()})::numeric, ARRAY[-1, 0.5, 4, 90])`
      case 0:
      case 1:
        return `(${a()} + ${a()})`
      case 2:
      case 3:
        return `(${a()} - ${a()})`
      case 4:
      case 5:
        return `(${a()} * ${a()})`
      case 6:
        return `(${a()} * ${g(fc.constantFrom, '2', '-3', '0.5', '0')})`
      case 7:
        return `(- ${a()})`
      case 8:
      case 9: {
        const otherwise = g(fc.constantFrom, '', ` ELSE ${a()}`, ' ELSE 0', ' ELSE NULL')
        const second = g(fc.boolean) ? ` WHEN ${this.condition(depth - 1)} THEN ${a()}` : ''
        return `CASE WHEN ${this.condition(depth - 1)} THEN ${a()}${second}${otherwise} END`
      }
      case 10:
        return `CASE ${a()} WHEN ${this.#literal()} THEN ${a()} WHEN ${a()} THEN 1 ELSE ${a()} END`
      case 11:
        return `COALESCE(${a()}, ${g(fc.boolean) ? '0' : a()})`
      case 12:
        return `NULLIF(${a()}, ${g(fc.boolean) ? this.#literal() : a()})`
      case 13:
        return `${g(fc.constantFrom, 'GREATEST', 'LEAST')}(${a()}, ${a()}, ${this.#literal()})`
      case 14:
        return `ABS(${a()})`
      case 15:
        return `ROUND((${a()})::numeric, ${g(fc.constantFrom, '0', '1', '-1', '3')})`
      case 16:
        return `${g(fc.constantFrom, 'FLOOR', 'CEIL')}((${a()})::numeric)`
      case 17:
        return `(${a()} ${g(fc.constantFrom, '/', '%')} ${g(fc.constantFrom, '3', '-2', '7')})`
      case 18:
        return `(${this.condition(depth - 1)})::integer`
      case 19:
        return `${g(fc.constantFrom, 'EXTRACT(month FROM ', 'EXTRACT(dow FROM ', 'EXTRACT(year FROM ')}${this.day()})`
      case 20:
        return `width_bucket((${a()})::numeric, -2.5, 90, 7)`
      case 21:
        return `length(${this.text(depth - 1)})`
      default:
        return `(${a()})::${g(fc.constantFrom, 'numeric', 'bigint', 'numeric(12,4)')}`
    }
  }

  text(depth: number): string {
    const g = this.#g
    const texts = this.#columns('text')
    if (depth === 0) {
      return g(fc.integer, { min: 0, max: 3 }) === 0 ? this.#word() : g(fc.constantFrom, ...texts)
    }
    const a = (): string => this.text(depth - 1)
    switch (g(fc.integer, { min: 0, max: 8 })) {
      case 7:
        return g(
          fc.constantFrom,
          `initcap(${a()})`,
          `replace(${a()}, 'o', '00')`,
          `substring(${a()} FROM 2 FOR 3)`,
          `split_part(${a()}, '_', 1)`,
          `btrim(${a()}, 'Zab')`,
          `right(${a()}, -1)`,
        )
      case 8:
        return `${g(fc.constantFrom, ...this.#columns('date'), ...this.#columns('boolean'))}::text`
      case 5:
        return `${g(fc.constantFrom, 'lower', 'upper', 'reverse')}(${a()})`
      case 6:
        return `left(${a()} || '-' || ${g(fc.constantFrom, ...texts)}, 3)`
      case 0:
        return `COALESCE(${a()}, ${g(fc.boolean) ? this.#word() : a()})`
      case 1:
        return `NULLIF(${g(fc.constantFrom, ...texts)}, ${this.#word()})`
      case 2:
        return `${g(fc.constantFrom, 'GREATEST', 'LEAST')}(${a()}, ${g(fc.constantFrom, ...texts)})`
      default: {
        const otherwise = g(fc.constantFrom, '', ` ELSE ${a()}`, " ELSE 'other'")
        return `CASE WHEN ${this.condition(depth - 1)} THEN ${a()} WHEN ${this.condition(0)} THEN ${this.#word()}${otherwise} END`
      }
    }
  }

  condition(depth: number): string {
    return `(${this.#bareCondition(depth)})`
  }

  #bareCondition(depth: number): string {
    const g = this.#g
    const comparison = g(fc.constantFrom, '=', '<>', '<', '<=', '>', '>=', 'IS DISTINCT FROM')
    switch (g(fc.integer, { min: 0, max: 17 })) {
      case 14:
        return `${this.text(depth)} ${g(fc.constantFrom, '', 'NOT ')}IN (${this.#word()}, ${this.text(0)}, NULL)`
      case 15:
        return `${this.number(depth)} BETWEEN SYMMETRIC ${this.#literal()} AND ${this.number(0)}`
      case 16:
        return `${this.day()} ${comparison} ${g(fc.constantFrom, "DATE '2019-03-01'", "TIMESTAMP '2019-02-28 23:10'", "'2020-03-01'")}`
      case 17:
        return `(${this.text(depth)} || ${this.#word()}) IS NOT DISTINCT FROM ${this.text(0)}`
      case 0:
      case 1:
        return `${this.number(depth)} ${comparison} ${this.number(0)}`
      case 2:
        return `${this.number(depth)} ${comparison} ${this.#literal()}`
      case 3:
        return `${this.number(depth)} ${g(fc.constantFrom, '', 'NOT ')}BETWEEN ${this.#literal()} AND ${this.number(0)}`
      case 4:
        return `${this.number(depth)} IN (${this.#literal()}, ${this.number(0)}, 2)`
      case 5:
        return `${this.text(depth)} ${comparison} ${g(fc.boolean) ? this.#word() : this.text(0)}`
      case 6:
        return `((${g(fc.boolean) ? this.number(depth) : this.text(depth)}) IS ${g(fc.constantFrom, '', 'NOT ')}NULL)`
      case 7:
        return `COALESCE(${g(fc.constantFrom, ...this.#columns('boolean'))}, ${g(fc.constantFrom, 'TRUE', 'FALSE')})`
      case 8:
        if (depth === 0) break
        return `(${this.condition(depth - 1)} ${g(fc.constantFrom, 'AND', 'OR', '=', '<>')} (${this.condition(depth - 1)})) IS ${g(fc.constantFrom, 'TRUE', 'NOT TRUE', 'UNKNOWN')}`
      case 9:
        if (depth === 0) break
        return `CASE WHEN ${this.condition(depth - 1)} THEN ${this.condition(0)} ELSE ${this.condition(0)} END`
      case 11:
        return `${this.text(depth)} ${g(fc.constantFrom, 'LIKE', 'NOT LIKE', 'ILIKE')} ${g(fc.constantFrom, "'%o%'", "'Q%'", "'_'")}`
      case 12:
        return `date_trunc('month', ${this.day()}::timestamp)::date ${comparison} ${this.day()}`
      case 10:
        return `GREATEST(${this.day()}, ${this.day()}) ${comparison} ${this.day()}`
    }
    return g(fc.constantFrom, ...this.#columns('boolean'))
  }

  day(): string {
    return this.#g(fc.constantFrom, ...this.#columns('date'), ...this.#columns('timestamp'))
  }

  #date(): string {
    return this.#g(fc.constantFrom, ...this.#columns('date'), "DATE '2019-03-01'")
  }

  #numberLeaf(): string {
    const g = this.#g
    const columns = this.#schema.columns.filter(
      ({ type }) => type === 'integer' || type === 'decimal',
    )
    const column = g(fc.constantFrom, ...columns)
    const form = g(fc.integer, { min: 0, max: 5 })
    if (form === 0) return this.#literal()
    // Most arithmetic on wide integers would be refused.
    return isWide(column) || form === 1 ? `${column.name}::numeric` : column.name
  }

  #literal(): string {
    return this.#g(fc.constantFrom, '1', '0', '-2', '7', '2.5', '0.25', '95')
  }

  #word(): string {
    return quote(this.#g(fc.constantFrom, 'Bronx', 'Queens', 'other', '', 'Z'))
  }

  #columns(type: Column['type']): string[] {
    return this.#schema.columns.filter((column) => column.type === type).map(({ name }) => name)
  }
}

function isWide(column: Column): boolean {
  return column.type === 'integer' && Math.max(Math.abs(column.min), column.max) > 100_000
}
