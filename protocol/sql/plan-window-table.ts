/**
 * The table of a sub-query with window functions: rows sorted within their members for each window in turn, what its calls
 * give, and the columns that are read, in the encodings that the plan over it loads.
 *
 *   load columns -> one circuit for WHERE, keys, values and NULLs -> rows in slots, by member
 *     for each window: sort within members -> marks of partitions and peers -> scans
 *   -> digits to the field, where sums are taken -> table
 *
 * Who learns what: nobody learns anything; nothing is opened but orders under secret shuffles, where a radix sort is cheaper
 * than a network. Cost: a sort for each window (plan-window-rows.ts), and the scans of its calls (plan-window.ts).
 */
import { codecOf, planesOf } from '../../shares/column-codec.ts'
import type { Column, Schema } from '../../shares/schema.ts'
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import type { PlanParams, Ref, TableColumn } from '../plan.ts'

import type { BoundSource, Predicate } from './bound.ts'
import { inputPlanes, rowPlanes } from './column-planes.ts'
import type { ColumnPlanes } from './column-planes.ts'
import { whereTrue } from './condition-circuit.ts'
import type { DemandedColumn, MadeColumn } from './made-table.ts'
import { orderedPlanes } from './ordered-planes.ts'
import { writeNumbers } from './plan-counts.ts'
import { writeRowCircuit } from './plan-rows.ts'
import { refsOf, writeWindowRows } from './plan-window-rows.ts'
import type { WindowRows } from './plan-window-rows.ts'
import {
  writeCount,
  writeDenseRank,
  writeExtreme,
  writeFirstValue,
  writeLastValue,
  writeOtherRow,
  writeRank,
  writeRowNumber,
  writeSum,
} from './plan-window.ts'
import type { WindowValue } from './plan-window.ts'
import type { PlanWriter } from './plan-writer.ts'
import { columnsOf } from './predicate.ts'
import { analysisOf, nullOfValue } from './row-analysis.ts'
import type { RowCircuit } from './row-number.ts'
import type { RowValue } from './row-value.ts'
import { columnsOfCall, distinctWindows, isSameWindow } from './window-call.ts'
import type { BoundWindow, WindowCall } from './window-call.ts'
import { codePlanes } from './window-column.ts'

/** A call, and its columns. */
export interface BoundCall {
  readonly call: WindowCall
  readonly column: MadeColumn
  readonly inside?: MadeColumn
}

export interface WindowTable {
  readonly schema: Schema
  readonly isRow: Column | undefined
  /** Columns that are handed on, and where they come from. */
  readonly stored: readonly { readonly column: MadeColumn; readonly source: Column }[]
  readonly calls: readonly BoundCall[]
}

/** What the table is made of. */
export interface WindowSource {
  readonly source: BoundSource
  readonly filter: Predicate
  readonly params: PlanParams
  readonly writer: PlanWriter
}

/** Writes the operators of the table, itself the last. */
export function writeWindowTable(
  about: WindowSource,
  table: WindowTable,
  demanded: readonly DemandedColumn[],
): void {
  const columns = demanded.length === 0 ? [] : new Rows(about, table, demanded).columns()
  const { dataset: name } = table.schema
  const purpose = 'the rows of each member, in another order'
  about.writer.add({ kind: 'table', name, rows: 'rows', columns }, purpose)
}

/** Planes of the row circuit. What is NULL is 0. */
interface RowPlanesOfValue {
  readonly planes: readonly Wire[]
  readonly valid: Wire
}

class Rows {
  readonly #about: WindowSource
  readonly #table: WindowTable
  readonly #demanded: readonly DemandedColumn[]
  readonly #calls: readonly BoundCall[]
  readonly #builder = new CircuitBuilder()
  readonly #planes: ReadonlyMap<Column, ColumnPlanes>
  readonly #circuit: RowCircuit
  readonly #gone: Wire
  /** Where planes of the row circuit are by now, in slots. */
  readonly #slots = new Map<Wire, Ref>()
  readonly #results = new Map<Column, WindowValue>()

  constructor(about: WindowSource, table: WindowTable, demanded: readonly DemandedColumn[]) {
    this.#about = about
    this.#table = table
    this.#demanded = demanded
    const isDemanded = (column: Column | undefined): boolean =>
      demanded.some((one) => one.column === column)
    this.#calls = table.calls.filter(({ column, inside }) => [column, inside].some(isDemanded))
    const { source, filter } = about
    const read = new Set([
      ...columnsOf(filter),
      ...this.#handedOn(),
      ...this.#calls.flatMap(({ call }) => columnsOfCall(call)),
    ])
    this.#planes = inputPlanes(this.#builder, source, read)
    const row = rowPlanes(this.#builder, this.#planes)
    this.#circuit = { row, whereTrue: (condition) => whereTrue(row, condition) }
    this.#gone = this.#builder.not(whereTrue(row, filter))
  }

  columns(): TableColumn[] {
    const windows = distinctWindows(this.#calls.map(({ call }) => call.window))
    const handedOn = this.#handedOn().flatMap((column) => this.#wiresOfColumn(column))
    const wiresFor = windows.map((window) => [
      ...this.#keysOf(window).partition,
      ...this.#keysOf(window).order,
      ...this.#wiresOf(window),
    ])
    this.#load([...wiresFor.flat(), ...handedOn, this.#gone])
    for (const [k, window] of windows.entries()) {
      this.#write(window, [...wiresFor.slice(k + 1).flat(), ...handedOn])
    }
    return this.#demanded.map((demand) => this.#column(demand))
  }

  /** Stored columns that are loaded, without the calls'. */
  #handedOn(): readonly Column[] {
    return this.#table.stored.flatMap(({ column, source }) =>
      this.#demanded.some((one) => one.column === column) ? [source] : [],
    )
  }

  /** Sorts rows for a window, and writes its calls. @param later planes that are needed afterwards */
  #write(window: BoundWindow, later: readonly Wire[]): void {
    const { writer, params } = this.#about
    const own = this.#wiresOf(window)
    const carried = [...new Set([...own, ...later])].filter((wire) => this.#slots.has(wire))
    const results = [...this.#results]
    const { partition, order } = this.#keysOf(window)
    const rows = writeWindowRows(
      { writer, params },
      {
        ...(isConstant(this.#gone) ? {} : { gone: this.#ref(this.#gone) }),
        partition: this.#varying(partition),
        order: this.#varying(order),
        carried: [
          ...carried.map((wire) => this.#ref(wire)),
          ...results.flatMap(([, { planes, valid }]) => [...planes, ...(valid ? [valid] : [])]),
        ],
      },
    )
    let at = 0
    const next = (count: number): readonly Ref[] => rows.carried.slice(at, (at += count))
    for (const wire of carried) this.#slots.set(wire, next(1)[0]!)
    if (rows.gone !== undefined) this.#slots.set(this.#gone, rows.gone)
    for (const [column, { planes, valid }] of results) {
      const moved = next(planes.length)
      this.#results.set(column, {
        planes: moved,
        ...(valid === undefined ? {} : { valid: next(1)[0]! }),
      })
    }
    for (const call of this.#calls) {
      if (isSameWindow(call.call.window, window)) this.#writeCall(call, rows)
    }
  }

  #writeCall({ call, column, inside }: BoundCall, rows: WindowRows): void {
    const { writer, params } = this.#about
    const plan = { writer, params }
    const { argument, frame, by } = call
    const value = this.#argumentOf(call)
    switch (call.function) {
      case 'row_number':
        this.#results.set(column, writeRowNumber(plan, rows))
        return
      case 'rank':
        this.#results.set(column, writeRank(plan, rows))
        return
      case 'dense_rank':
        this.#results.set(column, writeDenseRank(plan, rows))
        return
      case 'lag':
      case 'lead': {
        const other = writeOtherRow(plan, rows, value, by)
        this.#results.set(column, other)
        if (inside !== undefined) this.#results.set(inside, { planes: [other.inside] })
        return
      }
      case 'first_value':
        this.#results.set(column, writeFirstValue(plan, rows, value))
        return
      case 'last_value':
        this.#results.set(column, writeLastValue(plan, rows, value, frame))
        return
      case 'count':
        this.#results.set(column, writeCount(plan, rows, value.valid, frame))
        return
      case 'sum': {
        const { shape } = analysisOf(argument!)
        const range = shape.kind === 'numbers' ? shape : { least: 0n, most: 0n }
        this.#results.set(column, writeSum(plan, rows, value, range, frame))
        return
      }
      case 'min':
      case 'max':
        this.#results.set(column, writeExtreme(plan, rows, value, call.function === 'max', frame))
    }
  }

  /** What a call is of, in slots; at least one plane. */
  #argumentOf(call: WindowCall): WindowValue {
    const { planes, valid } = this.#planesOfCall(call)
    return {
      planes: (planes.length === 0 ? [FALSE] : planes).map((wire) => this.#ref(wire)),
      ...(valid === TRUE ? {} : { valid: this.#ref(valid) }),
    }
  }

  #planesOfCall({ argument, filter }: WindowCall): RowPlanesOfValue {
    const { builder } = this.#circuit.row
    const passes = filter === undefined ? TRUE : this.#circuit.whereTrue(filter)
    if (argument === undefined) return { planes: [], valid: passes }
    const { planes, valid } = this.#valueOf(argument, codePlanes)
    if (passes === TRUE) return { planes, valid }
    return {
      planes: planes.map((wire) => builder.and(wire, passes)),
      valid: builder.and(valid, passes),
    }
  }

  #valueOf(
    value: RowValue,
    planesOfValue: (circuit: RowCircuit, value: RowValue) => readonly Wire[],
  ): RowPlanesOfValue {
    const builder = this.#builder
    const valid = builder.not(this.#circuit.whereTrue(nullOfValue(value)))
    const planes = planesOfValue(this.#circuit, value)
    const isStored = value.kind === 'column' && planes === this.#planes.get(value.column)?.code
    return { planes: isStored ? planes : planes.map((wire) => builder.and(wire, valid)), valid }
  }

  #wiresOfColumn(column: Column): readonly Wire[] {
    const { code, valid } = this.#planes.get(column)!
    return [...code, valid]
  }

  /** What the calls of a window are of. */
  #wiresOf(window: BoundWindow): readonly Wire[] {
    return this.#calls
      .filter(({ call }) => isSameWindow(call.window, window))
      .flatMap(({ call }) => {
        const { planes, valid } = this.#planesOfCall(call)
        return call.function === 'count' ? [valid] : [...planes, valid]
      })
  }

  #keysOf({ partition, order }: BoundWindow): Record<'partition' | 'order', readonly Wire[]> {
    const builder = this.#builder
    return {
      partition: partition.flatMap((value) => {
        const { planes, valid } = this.#valueOf(value, orderedPlanes)
        return [...planes, valid]
      }),
      // The first is the most significant.
      order: order.toReversed().flatMap(({ value, descending, nullsFirst }) => {
        const { planes, valid } = this.#valueOf(value, orderedPlanes)
        // A NULL is 0 either way.
        const number = descending ? planes.map((wire) => builder.xor(wire, valid)) : planes
        return [...number, nullsFirst ? valid : builder.not(valid)]
      }),
    }
  }

  /** Brings planes of rows into slots, by member. */
  #load(wires: readonly Wire[]): void {
    const { writer, source } = this.#about
    const planes = [...new Set(wires)].filter((wire) => !isConstant(wire))
    if (planes.length === 0) return
    const query = { tables: source.tables, ...(source.joined ? { joined: source.joined } : {}) }
    const bit = writeRowCircuit(
      query,
      { builder: this.#builder, columns: this.#planes },
      planes,
      writer,
    )
    const parts = planes.map((wire) => [bit(wire)])
    const slots = writer.add({ kind: 'append', parts }, 'rows, by member')
    for (const [part, wire] of planes.entries()) this.#slots.set(wire, slots(part))
  }

  #varying(wires: readonly Wire[]): readonly Ref[] {
    return wires.filter((wire) => !isConstant(wire)).map((wire) => this.#ref(wire))
  }

  #constants: readonly [Ref, Ref] | undefined

  #ref(wire: Wire): Ref {
    if (!isConstant(wire)) return this.#slots.get(wire)!
    if (this.#constants === undefined) {
      const { writer } = this.#about
      const place = writer.add({ kind: 'member-place' }, 'a lane for each row')
      const builder = new CircuitBuilder()
      builder.input()
      const circuit = builder.build([FALSE, TRUE])
      const both = writer.add({ kind: 'circuit', inputs: [place(0)], circuit }, 'what is public')
      this.#constants = [both(0), both(1)]
    }
    return this.#constants[wire === TRUE ? 1 : 0]
  }

  #column({ column, bits, field }: DemandedColumn): TableColumn {
    const { planes, valid } = this.#valueOfColumn(column)
    const width = planesOf(column)
    const missing = Math.max(0, width - planes.length)
    const code = [
      ...planes.slice(0, width),
      ...Array.from({ length: missing }, () => this.#ref(FALSE)),
    ]
    const validity = column.nullable ? (valid ?? this.#ref(TRUE)) : undefined
    return {
      name: column.name,
      planes: bits ? code : [],
      ...(bits && validity !== undefined ? { validity } : {}),
      ...(field ? { field: this.#field(column, code, validity) } : {}),
    }
  }

  #valueOfColumn(column: Column): WindowValue {
    const { writer } = this.#about
    if (column === this.#table.isRow) {
      const builder = new CircuitBuilder()
      const circuit = builder.build([builder.not(builder.input())])
      const inputs = [this.#ref(this.#gone)]
      const counts = writer.add({ kind: 'circuit', inputs, circuit }, 'rows that pass WHERE')
      return { planes: [counts(0)] }
    }
    const result = this.#results.get(column)
    if (result !== undefined) return result
    const stored = this.#table.stored.find((one) => one.column === column)
    if (stored === undefined) throw new RangeError(`${column.name} is no column`)
    const { code, valid } = this.#planes.get(stored.source)!
    return {
      planes: code.map((wire) => this.#ref(wire)),
      ...(valid === TRUE ? {} : { valid: this.#ref(valid) }),
    }
  }

  /** The value as it is stored, 0 where it is NULL. */
  #field(column: Column, code: readonly Ref[], validity: Ref | undefined): Ref {
    const { writer } = this.#about
    const { fieldMin } = codecOf(column)
    const purpose = `${column.name} as a number`
    if (fieldMin === 0n || validity === undefined) {
      return writeNumbers(writer, code, purpose, fieldMin)
    }
    const bits = [...code, validity]
    const numbers = writer.add({ kind: 'bit-to-field', inputs: bits }, 'digits as numbers')
    const coefficients = [...code.map((_, i) => String(1n << BigInt(i))), String(fieldMin)]
    return writer.add(
      { kind: 'combine', inputs: refsOf(numbers, 0, bits.length), coefficients },
      purpose,
    )(0)
  }
}

function isConstant(wire: Wire): boolean {
  return wire === TRUE || wire === FALSE
}
