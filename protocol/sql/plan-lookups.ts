/**
 * Queries with lookups: a section of the plan that finds, for each lane of the datasets joined on the member, the rows
 * that it looks for, and makes a table of what the query reads; and behind it the plan of the query over that table,
 * which is an ordinary one (sections.ts).
 *
 *   columns of the lanes -> slots, by member
 *   keys of both sides in a common encoding (lookup-key.ts) -> lookup (plan-lookup.ts) -> planes of what is found
 *   bits -> field, of columns that are found and summed
 *
 * As many lanes come out as went in, in the order of their members, so members are counted as without a lookup. Whether a
 * lane has found something is a column of the table.
 *
 * Secure as plan-lookup.ts; leaks nothing but the sizes of all datasets. Cost: a lookup each; for a summed column of k
 * planes k bits a lane into the field.
 */
import { codecOf, planesOf } from '../../shares/column-codec.ts'
import { ShareholdError } from '../../shares/errors.ts'
import type { Column, Schema } from '../../shares/schema.ts'
import { besideOf, datasetRows } from '../beside.ts'
import { CircuitBuilder, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref, TableColumn } from '../plan.ts'
import { rowsOf } from '../validate-plan.ts'

import type { BoundSource } from './bound.ts'
import { commonKey } from './lookup-key.ts'
import type { KeyOf } from './lookup-key.ts'
import type { DemandedColumn } from './made-table.ts'
import { writeLookup } from './plan-lookup.ts'
import { loadOf } from './plan-rows.ts'
import { PlanWriter } from './plan-writer.ts'
import { MAX_SORTED_LANES } from './sorted-groups.ts'
import { columnsOfTables, storedColumn, whereStored } from './tables.ts'
import type { BoundTable } from './tables.ts'

/** A lookup of a query (bind-lookup.ts). */
export interface BoundLookup {
  readonly table: BoundTable
  /** Whether a row has found one. */
  readonly found: Column
  /** At least one; all must be equal. */
  readonly keys: readonly LookupKey[]
}

export interface LookupKey {
  /** A column of what comes before. */
  readonly left: Column
  /** A column of the table, as the query sees it. */
  readonly right: Column
}

/** What a query with lookups is about. */
interface LookupTable {
  readonly schema: Schema
  /** What is joined on the member. */
  readonly core: Pick<BoundSource, 'tables' | 'joined'>
  /** In the order in which they are done. */
  readonly lookups: readonly BoundLookup[]
  /** By the column of the schema: that of the query, or one that says whether there is a row. */
  readonly readAs: ReadonlyMap<Column, Column>
}

/** Writes the operators of the table, itself the last. @param params of the statement */
export function writeLookups(
  { schema, core, lookups, readAs }: LookupTable,
  params: PlanParams,
  demanded: readonly DemandedColumn[],
): PlanWriter {
  const writer = new PlanWriter(core.joined && { join: core.joined.join })
  const wanted = demanded.map((one) => ({ ...one, of: readAs.get(one.column)! }))
  const columnsOf = (encoding: 'bits' | 'field'): ReadonlySet<Column> =>
    new Set(wanted.filter((one) => one[encoding]).map(({ of }) => of))
  const slots = new LookupSlots(core, lookups, params, writer)
  slots.write(columnsOf('bits'), columnsOf('field'))
  const columns = wanted.map(({ column, of, bits, field }): TableColumn => {
    const { planes, validity } = bits ? slots.bits(of) : { planes: [], validity: undefined }
    return {
      name: column.name,
      planes,
      ...(validity === undefined ? {} : { validity }),
      ...(field ? { field: slots.field(of) } : {}),
    }
  })
  writer.add(
    { kind: 'table', name: schema.dataset, rows: 'rows', columns },
    'rows with what they have found',
  )
  return writer
}

/** Planes of a column in slots, a lane each row. */
interface Slots {
  readonly planes: readonly Ref[]
  /** 1 where it is not NULL; absent if that is what `isThere` of its table says, or always so. */
  readonly validity?: Ref
}

/** Columns in slots, those of the lanes and those that have been found. */
class LookupSlots {
  readonly #core: LookupTable['core']
  readonly #lookups: readonly BoundLookup[]
  readonly #params: PlanParams
  readonly #writer: PlanWriter
  readonly #bits = new Map<Column, Slots>()
  readonly #fields = new Map<Column, Ref>()
  /** Columns of datasets beside the rows, by dataset and name: loaded once. */
  readonly #beside = new Map<string, Slots>()

  constructor(
    core: LookupTable['core'],
    lookups: readonly BoundLookup[],
    params: PlanParams,
    writer: PlanWriter,
  ) {
    this.#core = core
    this.#lookups = lookups
    this.#params = params
    this.#writer = writer
  }

  bits(column: Column): Slots {
    return this.#bits.get(column)!
  }

  field(column: Column): Ref {
    return this.#fields.get(column)!
  }

  /** Writes what makes these columns, in these encodings. */
  write(bits: ReadonlySet<Column>, field: ReadonlySet<Column>): void {
    const isRead = (column: Column): boolean => bits.has(column) || field.has(column)
    const needed = neededLookups(this.#lookups, isRead)
    const keys = new Set(needed.flatMap((one) => one.keys.map(({ left }) => left)))
    const masks = new Set([...keys].flatMap((column) => this.#isThereOf(column) ?? []))
    const own = this.#ownColumns()
    this.#writeOwnBits(
      own.filter((column) => bits.has(column) || keys.has(column) || masks.has(column)),
    )
    this.#writeOwnFields(own.filter((column) => field.has(column)))
    for (const lookup of needed) {
      const { columns } = lookup.table
      this.#writeOne(
        lookup,
        columns.filter((column) => isRead(column) || keys.has(column)),
      )
    }
    const found = this.#lookups.flatMap(({ table }) => table.columns)
    this.#writeFoundFields(found.filter((column) => field.has(column)))
  }

  /** Those of the lanes: what is public first. */
  #ownColumns(): readonly Column[] {
    const { tables, joined } = this.#core
    return columnsOfTables(tables, joined)
  }

  /** What says whether there is a row that has the column, if there may be none. */
  #isThereOf(column: Column): Column | undefined {
    const lookup = this.#lookups.find(({ table }) => table.columns.includes(column))
    if (lookup !== undefined) return lookup.found
    return this.#core.tables.find(({ columns }) => columns.includes(column))?.isThere
  }

  /** The plane of it. */
  #thereOf(column: Column): Ref | undefined {
    const isThere = this.#isThereOf(column)
    return isThere && this.bits(isThere).planes[0]
  }

  /** Loads columns of the lanes and brings them into the order of their members. */
  #writeOwnBits(columns: readonly Column[]): void {
    const { tables, joined } = this.#core
    const loads = columns.map((column) => {
      const { planes, validity, operator, purpose } = loadOf(storedColumn(tables, column, joined))
      return { column, planes, validity, ref: this.#writer.add(operator, purpose) }
    })
    const parts = loads.flatMap(({ planes, validity, ref }) =>
      Array.from({ length: planes + (validity ? 1 : 0) }, (_, part) => [ref(part)]),
    )
    if (parts.length === 0) return
    const appended = this.#writer.add({ kind: 'append', parts }, 'rows by member')
    let next = 0
    for (const { column, planes, validity } of loads) {
      this.#bits.set(
        column,
        slotsOf(planes, validity, () => appended(next++)),
      )
    }
  }

  #writeOwnFields(columns: readonly Column[]): void {
    if (columns.length === 0) return
    const whereOf = whereStored(this.#core)
    const parts = columns.map((column) => {
      const load = { kind: 'load-field', ...whereOf(column) } as const
      return [this.#writer.add(load, `values of ${column.name}`)(0)]
    })
    const appended = this.#writer.add({ kind: 'append', parts }, 'values by member')
    columns.forEach((column, k) => this.#fields.set(column, appended(k)))
  }

  /** One lookup. @param wanted columns of its table */
  #writeOne({ table, found, keys }: BoundLookup, wanted: readonly Column[]): void {
    const { dataset } = table.schema
    const sides = keys.map((key) => ({ ...key, common: commonKey(key.left, key.right) }))
    const left = writeKey(
      this.#writer,
      sides.map(({ left: column, common }): KeyPart => {
        const { planes, validity = this.#thereOf(column) } = this.bits(column)
        return { keyOf: common.left, planes, valid: validity }
      }),
      `keys by which rows look in ${table.qualifier}`,
    )
    const right = writeKey(
      this.#writer,
      sides.map(({ right: column, common }): KeyPart => {
        const { planes, validity } = this.#loadBeside(table, column)
        return { keyOf: common.right, planes, valid: validity }
      }),
      `keys of ${table.qualifier}`,
    )
    const loads = wanted.map((column) => ({ column, ...this.#loadBeside(table, column) }))
    const lookup = writeLookup(
      this.#writer,
      this.#params,
      { lanes: rowsOf(this.#params), ...left },
      {
        lanes: datasetRows(besideOf(this.#params, dataset)!),
        ...right,
        planes: loads.flatMap(({ planes, validity }) => [
          ...planes,
          ...(validity ? [validity] : []),
        ]),
      },
    )
    this.#bits.set(found, { planes: [lookup.found] })
    let next = 0
    for (const { column, planes, validity } of loads) {
      const slots = slotsOf(planes.length, validity !== undefined, () => lookup.planes[next++]!)
      this.#bits.set(column, slots)
    }
  }

  /** All rows of a dataset beside those of the lanes. @param column of the table, as the query sees it */
  #loadBeside({ schema, columns }: BoundTable, column: Column): Slots {
    const { dataset } = schema
    const stored = schema.columns[columns.indexOf(column)]!
    const key = JSON.stringify([dataset, stored.name])
    let slots = this.#beside.get(key)
    if (slots === undefined) {
      const [planes, validity] = [planesOf(stored), stored.nullable]
      const ref = this.#writer.add(
        { kind: 'load-beside', dataset, column: stored.name, planes, validity },
        `bits of ${stored.name} in all of ${dataset}`,
      )
      let next = 0
      slots = slotsOf(planes, validity, () => ref(next++))
      this.#beside.set(key, slots)
    }
    return slots
  }

  /** Columns that were found, in the field: value = least * (not NULL) + code. */
  #writeFoundFields(columns: readonly Column[]): void {
    if (columns.length === 0) return
    const sums = columns.map((column) => {
      const { planes, validity = this.#thereOf(column)! } = this.bits(column)
      const { fieldMin } = codecOf(column)
      const least = fieldMin === 0n ? [] : [{ plane: validity, weight: fieldMin }]
      const terms = [...planes.map((plane, i) => ({ plane, weight: 1n << BigInt(i) })), ...least]
      return { column, terms }
    })
    const planes = sums.flatMap(({ terms }) => terms.map(({ plane }) => plane))
    const inputs = [...new Map(planes.map((plane) => [nameOfRef(plane), plane])).values()]
    const places = new Map(inputs.map((plane, part) => [nameOfRef(plane), part]))
    const converted = this.#writer.add(
      { kind: 'bit-to-field', inputs },
      'bits of what was found, to be summed',
    )
    for (const { column, terms } of sums) {
      const sum = this.#writer.add(
        {
          kind: 'combine',
          inputs: terms.map(({ plane }) => converted(places.get(nameOfRef(plane))!)),
          coefficients: terms.map(({ weight }) => String(weight)),
        },
        `values of ${column.name}`,
      )
      this.#fields.set(column, sum(0))
    }
  }
}

function slotsOf(planes: number, validity: boolean, next: () => Ref): Slots {
  const code = Array.from({ length: planes }, next)
  return { planes: code, ...(validity ? { validity: next() } : {}) }
}

/** Those of which something is read, or looked by. A later one may look by what an earlier one has found. */
function neededLookups(
  lookups: readonly BoundLookup[],
  isRead: (column: Column) => boolean,
): readonly BoundLookup[] {
  const keys = new Set<Column>()
  const needed = lookups.toReversed().filter(({ table, found, keys: own }) => {
    const columns = [found, ...table.columns]
    if (!columns.some((column) => isRead(column) || keys.has(column))) return false
    for (const { left } of own) keys.add(left)
    return true
  })
  return needed.toReversed()
}

interface KeyPart {
  readonly keyOf: KeyOf
  readonly planes: readonly Ref[]
  readonly valid: Ref | undefined
}

/** The key of a side, of all its columns on end, and where it is one that the other side can have. */
function writeKey(
  writer: PlanWriter,
  parts: readonly KeyPart[],
  purpose: string,
): { readonly key: readonly Ref[]; readonly valid: Ref } {
  const builder = new CircuitBuilder()
  const wires: Wire[] = []
  const valid: Wire[] = []
  for (const part of parts) {
    const { planes, isCommon } = part.keyOf(builder, builder.inputs(part.planes.length))
    wires.push(...planes)
    valid.push(isCommon, part.valid === undefined ? TRUE : builder.input())
  }
  const inputs = parts.flatMap((part) => [...part.planes, ...(part.valid ? [part.valid] : [])])
  const circuit = builder.build([...wires, builder.andMany(valid)])
  const ref = writer.add({ kind: 'circuit', inputs, circuit }, purpose)
  return { key: wires.map((_, k) => ref(k)), valid: ref(wires.length) }
}

const nameOfRef = ({ op, part }: Ref): string => `${op}/${part}`

/** Whether so many rows can be sorted. @throws ShareholdError SH_PLAN_LANES (without position) */
export function checkLookupLanes(
  { committee: { n } }: PlanParams,
  left: number,
  right: number,
  dataset: string,
): void {
  const most = MAX_SORTED_LANES[n] ?? 0
  if (left + right <= most) return
  throw new ShareholdError(
    'SH_PLAN_LANES',
    `${left.toLocaleString('en')} rows look for others among the ${right.toLocaleString('en')} of "${dataset}", and no more than ${most.toLocaleString('en')} can be sorted together.`,
    { hint: 'Have the repositories add the column to their rows when they import.' },
  )
}
