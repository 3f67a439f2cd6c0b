/**
 * The table of a sub-query that is grouped by the member: what each aggregate is over the rows of each member, in the encodings
 * that the plan over it loads.
 *
 *   load columns -> one circuit for filter and NULLs -> a bit of any row                       -> rows, NULLs, truth values
 *                                                    -> ones of each member, added in binary   -> counts
 *                                                    -> rows of each member, the larger of two -> MIN, MAX
 *                -> values, times bits of rows       -> summed up by member -> digits          -> sums
 *
 * Who learns what: nobody learns anything; nothing is opened. Cost for N rows of M members: about 2 ANDs a row for a count, k + 1
 * ANDs a row for the largest of k bits; for a sum a product and a conversion a row, nothing if there is no filter, and
 * about 250 bits a member if it is needed in binary.
 */
import { codecOf, planesOf } from '../../shares/column-codec.ts'
import type { Column, Schema } from '../../shares/schema.ts'
import { CircuitBuilder, FALSE, TRUE } from '../circuit-builder.ts'
import type { Planes, Wire } from '../circuit-builder.ts'
import { add, lessThan, select } from '../circuit-gadgets.ts'
import type { Circuit } from '../circuit.ts'
import { sumOf } from '../linear-circuit.ts'
import { levelsFor } from '../member-reduce.ts'
import type { PlanParams, Ref, TableColumn } from '../plan.ts'
import { membersOf, mostRowsOf, rowsOf } from '../validate-plan.ts'

import { answerGroups } from './answer-groups.ts'
import type { NumberName } from './answer-spec.ts'
import type { BoundAggregate, BoundQuery } from './bound.ts'
import type { SumDemand, ValueDemand } from './demand.ts'
import { emptyGroups } from './empty-groups.ts'
import type { DemandedColumn, MadeColumn } from './made-table.ts'
import { bitsOf } from './overflow.ts'
import { writeNumbers } from './plan-counts.ts'
import { writeFieldSums } from './plan-field.ts'
import { chunksAtATime } from './plan-planes.ts'
import { lookup, nowhere, planRows, writeRowCircuit } from './plan-rows.ts'
import type { RowPlan } from './plan-rows.ts'
import type { PlanWriter } from './plan-writer.ts'
import { textOfFactors } from './row-text.ts'
import { whereStored } from './tables.ts'

/** A column, and what it holds. */
export interface MemberColumn {
  readonly column: MadeColumn
  readonly aggregate: BoundAggregate
}

interface MemberTable {
  readonly schema: Schema
  readonly isRow: Column | undefined
  readonly columns: readonly MemberColumn[]
}

/** Whether there is a row at all is told by whom COUNT(*) counts. */
const ROWS: BoundAggregate = {
  template: {
    kind: 'aggregate',
    function: 'count',
    arguments: [],
    cohort: 0,
    places: { count: 0 },
  },
  location: undefined,
}

/**
 * Writes the operators of the table, itself the last.
 *
 * @param query about all rows together, without aggregates
 */
export function writeMembers(
  query: BoundQuery,
  params: PlanParams,
  { schema, isRow, columns }: MemberTable,
  demanded: readonly DemandedColumn[],
  writer: PlanWriter,
): void {
  const wanted = demanded.flatMap((demand): Wanted[] => {
    if (demand.column === isRow) return [{ demand, aggregate: ROWS }]
    const found = columns.find(({ column }) => column === demand.column)
    if (found === undefined) throw new RangeError(`${demand.column.name} is no column`)
    return [{ demand, aggregate: found.aggregate }]
  })
  const made = wanted.length === 0 ? [] : writeColumns(query, params, wanted, isRow, writer)
  const { dataset: name } = schema
  writer.add({ kind: 'table', name, rows: 'members', columns: made }, 'a row for each member')
}

interface Wanted {
  readonly demand: DemandedColumn
  readonly aggregate: BoundAggregate
}

/** A column, and what it is made from. */
interface Source {
  readonly demand: DemandedColumn
  readonly aggregate: BoundAggregate
  /** Rows that contribute. */
  readonly among: Wire
  /** Its only number. */
  readonly value: ValueDemand
}

function writeColumns(
  query: BoundQuery,
  params: PlanParams,
  wanted: readonly Wanted[],
  isRow: Column | undefined,
  writer: PlanWriter,
): TableColumn[] {
  const aggregates = [...new Set(wanted.map(({ aggregate }) => aggregate))]
  const about = { ...query, aggregates }
  const strategy = { grouping: 'one-hot', carryDepth: 0, summedRows: 'group' } as const
  const groups = answerGroups(about)
  const rowPlan = planRows(about, groups, emptyGroups(about, groups), undefined, strategy)
  const { demand } = rowPlan
  const chunks = chunksAtATime(params, demand)
  if (chunks < params.chunksInFlight) writer.limitChunks(chunks)
  const sources = wanted.map(({ demand: column, aggregate }): Source => {
    const { cohort, values } = demand.cells[0]![aggregates.indexOf(aggregate)]!
    const number = NUMBERS.find((name) => values.has(name))!
    const value = demand.values[values.get(number)!]!
    return { demand: column, aggregate, among: demand.cohorts[cohort]!.plane, value }
  })
  const members = new Members(about, params, rowPlan, sources, isRow, writer)
  return sources.map((source) => members.column(source))
}

const NUMBERS: readonly NumberName[] = ['count', 'sum', 'any', 'value']

class Members {
  readonly #params: PlanParams
  readonly #writer: PlanWriter
  readonly #rowPlan: RowPlan
  readonly #isRow: Column | undefined
  readonly #bit: (plane: Wire) => Ref
  readonly #any: (plane: Wire) => Ref
  readonly #sums: ReadonlyMap<ValueDemand, Ref>
  readonly #totals: ReadonlyMap<Wire, Ref>
  readonly #counts = new Map<Wire, readonly Ref[]>()
  #rowDigits: readonly Ref[] | undefined
  #constants: readonly [Ref, Ref] | undefined

  constructor(
    query: BoundQuery,
    params: PlanParams,
    rowPlan: RowPlan,
    sources: readonly Source[],
    isRow: Column | undefined,
    writer: PlanWriter,
  ) {
    this.#params = params
    this.#writer = writer
    this.#rowPlan = rowPlan
    this.#isRow = isRow
    const asked = varying(sources.flatMap((source) => this.#askedOf(source)))
    const totals = varying(sources.filter((one) => this.#isTotal(one)).map(({ among }) => among))
    const sums = sources.flatMap(({ value }) => (value.kind === 'sum' ? [value] : []))
    const summed = varying(sums.map((value) => value.summed))
    const converted = [...new Set([...totals, ...summed, ...rowPlan.demand.bits])]
    const counted = sources.flatMap(({ value, among }) => (value.kind === 'count' ? [among] : []))
    const chosen = sources.flatMap(({ value }) =>
      value.kind === 'extreme' ? [...rowPlan.ordered.get(value.argument)!, value.plane] : [],
    )
    const needed = varying([...asked, ...converted, ...counted, ...chosen])
    const constants = needed.length === 0 ? [] : chosen.filter((wire) => isConstant(wire))
    const planes = [...new Set([...needed, ...constants])]
    this.#bit = writeRowCircuit(query, rowPlan, planes, writer)
    const field =
      converted.length === 0
        ? nowhere
        : lookup(
            converted,
            writer.add(
              { kind: 'bit-to-field', inputs: converted.map(this.#bit) },
              'bits that sums are taken over',
            ),
          )
    this.#any =
      asked.length === 0
        ? nowhere
        : lookup(
            asked,
            writer.add({ kind: 'any-row', inputs: asked.map(this.#bit) }, 'members with a row'),
          )
    this.#totals = this.#writeTotals(totals, field)
    this.#sums = this.#writeSums(query, sums, field)
  }

  column(source: Source): TableColumn {
    const { column } = source.demand
    if (column === this.#isRow) {
      return { name: column.name, planes: [this.#anyRow(source.among)] }
    }
    const { bits, field } = source.demand
    const needsBits = bits || (field && !this.#hasField(source))
    const validity = column.nullable ? this.#anyRow(source.among) : undefined
    const planes = needsBits ? this.#planes(source, validity) : []
    return {
      name: column.name,
      planes: bits ? planes : [],
      ...(bits && validity !== undefined ? { validity } : {}),
      ...(field ? { field: this.#field(source, planes, validity) } : {}),
    }
  }

  /** Whether the column is in the field without being in bits. */
  #hasField(source: Source): boolean {
    return source.value.kind === 'sum' || this.#isTotal(source)
  }

  /**
   * Whether a count is taken in the field alone: where a conversion a row is less than one of each digit. With its
   * digits there, these are converted.
   */
  #isTotal({ value, among, demand }: Source): boolean {
    if (value.kind !== 'count' || !demand.field || demand.bits || isConstant(among)) return false
    return rowsOf(this.#params) <= this.#countWidth() * membersOf(this.#params)
  }

  /** Planes of which a member has a bit if any of its rows does. */
  #askedOf({ demand: { column }, value, among }: Source): readonly Wire[] {
    const tested = value.kind === 'any' ? [value.tested] : []
    return column.nullable || column === this.#isRow ? [...tested, among] : tested
  }

  /** The code, lowest plane first, all 0 where it is NULL. */
  #planes(source: Source, validity: Ref | undefined): readonly Ref[] {
    const { value, aggregate, demand } = source
    const width = planesOf(demand.column)
    const { fieldMin } = codecOf(demand.column)
    switch (value.kind) {
      case 'count':
        return this.#offset(this.#count(source.among), -fieldMin, width)
      case 'sum': {
        const inputs = [this.#sums.get(value)!]
        const code = this.#writer.add(
          { kind: 'combine', inputs, coefficients: ['1'], constant: String(-fieldMin) },
          'above the least',
        )
        const digits = this.#writer.add(
          { kind: 'field-to-bits', inputs: [code(0)], width },
          `${demand.column.name} in binary`,
        )
        const planes = refsOf(digits, width)
        return fieldMin === 0n || validity === undefined ? planes : this.#masked(planes, validity)
      }
      case 'any': {
        const tested = this.#anyRow(value.tested)
        if (aggregate.template.function === 'bool_or') return [tested]
        const inputs = [tested, ...(validity === undefined ? [] : [validity])]
        const circuit = circuitOf(inputs.length, (b, [any, valid = TRUE]) => [
          b.and(b.not(any!), valid),
        ])
        return [this.#writer.add({ kind: 'circuit', inputs, circuit }, 'no row is false')(0)]
      }
      case 'extreme':
        return this.#extreme(value, width, validity)
      case 'members':
      case 'rank':
      case 'mode':
      case 'distinct':
        throw new RangeError(`${value.kind} of a member`)
    }
  }

  /** The value as it is stored, 0 where it is NULL. @param planes of its code, if it is not in the field by itself */
  #field({ value, among, demand }: Source, planes: readonly Ref[], validity: Ref | undefined): Ref {
    if (value.kind === 'sum') return this.#sums.get(value)!
    if (planes.length === 0) return this.#totals.get(among)!
    const purpose = `${demand.column.name} as a number`
    const { fieldMin } = codecOf(demand.column)
    if (fieldMin === 0n) return writeNumbers(this.#writer, planes, purpose)
    if (validity === undefined) return writeNumbers(this.#writer, planes, purpose, fieldMin)
    const bits = [...planes, validity]
    const numbers = this.#writer.add({ kind: 'bit-to-field', inputs: bits }, 'digits as numbers')
    const coefficients = planes.map((_, i) => String(1n << BigInt(i))).concat(String(fieldMin))
    return this.#writer.add(
      { kind: 'combine', inputs: refsOf(numbers, bits.length), coefficients },
      purpose,
    )(0)
  }

  /** Binary digits of how many rows of each member are in a plane. */
  #count(plane: Wire): readonly Ref[] {
    if (plane === TRUE) return this.#publicRows()
    if (plane === FALSE) return [this.#constant(false)]
    let digits = this.#counts.get(plane)
    if (digits === undefined) {
      const width = this.#countWidth()
      const circuits = Array.from({ length: this.#levels() }, (_, level) =>
        adderCircuit(Math.min(level + 1, width), width),
      )
      const counted = this.#writer.add(
        { kind: 'member-reduce', inputs: [this.#bit(plane)], circuits },
        'rows of each member, counted in binary',
      )
      digits = refsOf(counted, width)
      this.#counts.set(plane, digits)
    }
    return digits
  }

  /** MIN or MAX: of two rows the one that is further out, if it takes part. */
  #extreme(
    { argument, plane, largest }: Extract<ValueDemand, { kind: 'extreme' }>,
    width: number,
    validity: Ref | undefined,
  ): readonly Ref[] {
    const planes = this.#rowPlan.ordered.get(argument)!
    const pad = (refs: readonly Ref[]): readonly Ref[] => [
      ...refs,
      ...Array.from({ length: width - refs.length }, () => this.#constant(false)),
    ]
    if (plane === FALSE || planes.every(isConstant)) {
      const code = planes.map((wire) => this.#constant(plane !== FALSE && wire === TRUE))
      return validity === undefined ? pad(code) : this.#masked(pad(code), validity)
    }
    const isAlways = plane === TRUE
    const inputs = [...planes, ...(isAlways ? [] : [plane])].map(this.#bit)
    const circuit = furtherCircuit(planes.length, largest, isAlways)
    const found = this.#writer.add(
      {
        kind: 'member-reduce',
        inputs,
        circuits: Array.from({ length: this.#levels() }, () => circuit),
      },
      largest ? 'the largest of each member' : 'the smallest of each member',
    )
    const refs = pad(refsOf(found, planes.length))
    return validity === undefined ? refs : this.#masked(refs, validity)
  }

  #anyRow(plane: Wire): Ref {
    return isConstant(plane) ? this.#constant(plane === TRUE) : this.#any(plane)
  }

  #masked(planes: readonly Ref[], validity: Ref): readonly Ref[] {
    const circuit = circuitOf(planes.length + 1, (b, wires) =>
      wires.slice(0, -1).map((wire) => b.and(wire, wires.at(-1)!)),
    )
    const masked = this.#writer.add(
      { kind: 'circuit', inputs: [...planes, validity], circuit },
      'NULL is 0',
    )
    return refsOf(masked, planes.length)
  }

  /** A natural number and a public one, as so many planes. */
  #offset(planes: readonly Ref[], constant: bigint, width: number): readonly Ref[] {
    if (constant === 0n && planes.length === width) return planes
    const circuit = circuitOf(planes.length, (b, wires) =>
      sumOf(b, [{ planes: wires, factor: 1n }], constant, width),
    )
    const moved = this.#writer.add({ kind: 'circuit', inputs: planes, circuit }, 'above the least')
    return refsOf(moved, width)
  }

  /** The public number of rows of each member, in binary. */
  #publicRows(): readonly Ref[] {
    this.#rowDigits ??= refsOf(
      this.#writer.add({ kind: 'member-rows' }, 'rows of each member, as the nodes know them'),
      this.#countWidth(),
    )
    return this.#rowDigits
  }

  /** A public bit of all members. */
  #constant(bit: boolean): Ref {
    if (this.#constants === undefined) {
      const inputs = this.#publicRows().slice(0, 1)
      const circuit = circuitOf(1, () => [FALSE, TRUE])
      const both = this.#writer.add({ kind: 'circuit', inputs, circuit }, 'what is public')
      this.#constants = [both(0), both(1)]
    }
    return this.#constants[bit ? 1 : 0]
  }

  #writeTotals(planes: readonly Wire[], field: (plane: Wire) => Ref): ReadonlyMap<Wire, Ref> {
    if (planes.length === 0) return new Map()
    const inputs = planes.map(field)
    const totals = this.#writer.add({ kind: 'member-sum', inputs }, 'rows of each member, counted')
    return new Map(planes.map((plane, part) => [plane, totals(part)]))
  }

  /** Sums over the rows of each member; 0 where there are none. */
  #writeSums(
    query: BoundQuery,
    values: readonly SumDemand[],
    field: (plane: Wire) => Ref,
  ): ReadonlyMap<ValueDemand, Ref> {
    const { fields } = this.#rowPlan
    const distinct = [...new Set(values)]
    const isLocal = (value: SumDemand): boolean => value.plane !== FALSE && value.summed !== FALSE
    const open = distinct.filter((value) => isLocal(value) && fields.get(value)!.terms.length > 0)
    const texts = new Map(open.map((value) => [fields.get(value)!, textOfFactors(value.factors)]))
    const writing = { writer: this.#writer, whereOf: whereStored(query), via: {}, field }
    const vectorOf = writeFieldSums(writing, [...texts.keys()], (sum) => texts.get(sum))
    const vectors = new Map(open.map((value) => [value, vectorOf(fields.get(value)!)]))
    const filtered = open.filter(({ summed }) => summed !== TRUE)
    if (filtered.length > 0) {
      const pairs = filtered.map((value) => [field(value.summed), vectors.get(value)!] as const)
      const products = this.#writer.add({ kind: 'multiply', pairs }, 'values of rows that count')
      filtered.forEach((value, part) => vectors.set(value, products(part)))
    }
    const sums = new Map<ValueDemand, Ref>()
    if (open.length > 0) {
      const inputs = open.map((value) => vectors.get(value)!)
      const summed = this.#writer.add({ kind: 'member-sum', inputs }, 'sums over each member')
      open.forEach((value, part) => sums.set(value, summed(part)))
    }
    for (const value of distinct.filter((one) => !sums.has(one))) {
      sums.set(value, this.#constantSum(value, field))
    }
    return sums
  }

  /** SUM(3) is three times the number of rows. */
  #constantSum(value: SumDemand, field: (plane: Wire) => Ref): Ref {
    const { summed, plane } = value
    const isNothing = plane === FALSE || summed === FALSE
    const factor = isNothing ? 0n : this.#rowPlan.fields.get(value)!.constant
    const count =
      isNothing || summed === TRUE
        ? writeNumbers(
            this.#writer,
            isNothing ? [this.#constant(false)] : this.#publicRows(),
            'rows',
          )
        : this.#writer.add({ kind: 'member-sum', inputs: [field(summed)] }, 'rows that count')(0)
    return this.#writer.add(
      { kind: 'combine', inputs: [count], coefficients: [String(factor)] },
      'a constant, summed up',
    )(0)
  }

  #levels(): number {
    return levelsFor(mostRowsOf(this.#params))
  }

  /** Planes of a number of rows. */
  #countWidth(): number {
    return Math.max(1, bitsOf(mostRowsOf(this.#params)))
  }
}

function isConstant(wire: Wire): boolean {
  return wire === TRUE || wire === FALSE
}

/** Each once, without constants. */
function varying(wires: readonly Wire[]): Wire[] {
  return [...new Set(wires)].filter((wire) => !isConstant(wire))
}

function refsOf(part: (part: number) => Ref, count: number): Ref[] {
  return Array.from({ length: count }, (_, k) => part(k))
}

function circuitOf(
  inputs: number,
  build: (builder: CircuitBuilder, inputs: Planes) => readonly Wire[],
): Circuit {
  const builder = new CircuitBuilder()
  return builder.build(build(builder, builder.inputs(inputs)))
}

/** The sum of two numbers, of at most so many planes. */
function adderCircuit(planes: number, most: number): Circuit {
  return circuitOf(2 * planes, (b, wires) =>
    add(b, wires.slice(0, planes), wires.slice(planes)).slice(0, most),
  )
}

/** Of two numbers the larger, or the smaller one; each with a bit that says whether it takes part, if not all do. */
function furtherCircuit(planes: number, largest: boolean, isAlways: boolean): Circuit {
  const width = planes + (isAlways ? 0 : 1)
  return circuitOf(2 * width, (b, wires) => {
    const [x, y] = [wires.slice(0, planes), wires.slice(width, width + planes)]
    const further = largest ? lessThan(b, x, y) : lessThan(b, y, x)
    if (isAlways) return select(b, further, y, x)
    const [inX, inY] = [wires[planes]!, wires[width + planes]!]
    const second = b.and(inY, b.or(b.not(inX), further))
    return [...select(b, second, y, x), b.or(inX, inY)]
  })
}
