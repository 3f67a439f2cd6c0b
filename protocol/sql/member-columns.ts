/** The columns of a table with a row for each member, as operators: part of plan-members.ts. */
import { codecOf, planesOf } from '../../shares/column-codec.ts'
import type { Column } from '../../shares/schema.ts'
import { FALSE, TRUE } from '../circuit-builder.ts'
import type { Wire } from '../circuit-builder.ts'
import { oneHot } from '../circuit-gadgets.ts'
import type { Circuit } from '../circuit.ts'
import { sumOf } from '../linear-circuit.ts'
import { levelsFor } from '../member-reduce.ts'
import type { PlanParams, Ref, TableColumn } from '../plan.ts'
import { mostRowsOf, rowsOf } from '../validate-plan.ts'

import type { BoundAggregate, BoundQuery } from './bound.ts'
import { cheapestCircuit } from './circuit-tuning.ts'
import type { ValueDemand } from './demand.ts'
import { codesOfTexts } from './made-column.ts'
import type { DemandedColumn } from './made-table.ts'
import { adderCircuits, circuitOf, furtherCircuits } from './member-circuits.ts'
import { countWidth, MemberConstants } from './member-constants.ts'
import type { MemberStrategy } from './member-ways.ts'
import { orderedDomain } from './ordered-planes.ts'
import { writeNumbers } from './plan-counts.ts'
import { writeMemberSums } from './plan-member-sums.ts'
import { lookup, nowhere, writeRowCircuit } from './plan-rows.ts'
import type { RowPlan } from './plan-rows.ts'
import type { PlanWriter } from './plan-writer.ts'
import { analysisOf } from './row-analysis.ts'

/** A column, and what it is made from. */
export interface ColumnSource {
  readonly demand: DemandedColumn
  readonly aggregate: BoundAggregate
  /** Rows that contribute. */
  readonly among: Wire
  /** Its only number. */
  readonly value: ValueDemand
}

/** What columns are written with. */
export interface Making {
  readonly query: BoundQuery
  readonly params: PlanParams
  readonly isRow: Column | undefined
  readonly strategy: MemberStrategy
  readonly writer: PlanWriter
}

export class MemberColumns {
  readonly #params: PlanParams
  readonly #strategy: MemberStrategy
  readonly #writer: PlanWriter
  readonly #constants: MemberConstants
  readonly #rowPlan: RowPlan
  readonly #isRow: Column | undefined
  readonly #bit: (plane: Wire) => Ref
  readonly #any: (plane: Wire) => Ref
  readonly #sums: ReadonlyMap<ValueDemand, Ref>
  readonly #totals: ReadonlyMap<Wire, Ref>
  readonly #counts = new Map<Wire, readonly Ref[]>()

  constructor(making: Making, rowPlan: RowPlan, sources: readonly ColumnSource[]) {
    const { query, params, isRow, strategy, writer } = making
    this.#params = params
    this.#strategy = strategy
    this.#writer = writer
    this.#constants = new MemberConstants(writer, params)
    this.#rowPlan = rowPlan
    this.#isRow = isRow
    const asked = varying(sources.flatMap((source) => this.#askedOf(source)))
    const totals = varying(sources.filter((one) => this.#isTotal(one)).map(({ among }) => among))
    const sums = sources.flatMap(({ value }) => (value.kind === 'sum' ? [value] : []))
    const summed = varying(sums.map((value) => value.summed))
    const converted = [...new Set([...totals, ...summed, ...rowPlan.demand.bits])]
    const counted = sources.flatMap((one) =>
      one.value.kind === 'count' && one.demand.column !== isRow && !this.#isTotal(one)
        ? [one.among]
        : [],
    )
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
    this.#sums = writeMemberSums(
      { query, rowPlan, writer, constants: this.#constants, field },
      sums,
    )
  }

  column(source: ColumnSource): TableColumn {
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
  #hasField(source: ColumnSource): boolean {
    return source.value.kind === 'sum' || this.#isTotal(source)
  }

  /** Whether it is a count, and taken in the field. */
  #isTotal({ value, among, demand }: ColumnSource): boolean {
    const isCounted = value.kind === 'count' && demand.column !== this.#isRow
    return isCounted && this.#strategy.counts === 'conversion' && !isConstant(among)
  }

  /** Planes of which a member has a bit if any of its rows does. */
  #askedOf({ demand: { column }, value, among }: ColumnSource): readonly Wire[] {
    const tested =
      value.kind === 'any' ? [value.tested] : value.kind === 'distinct' ? value.planes : []
    return column.nullable || column === this.#isRow ? [...tested, among] : tested
  }

  /** The code, lowest plane first, all 0 where it is NULL. */
  #planes(source: ColumnSource, validity: Ref | undefined): readonly Ref[] {
    const { value, aggregate, demand } = source
    const width = planesOf(demand.column)
    const { fieldMin } = codecOf(demand.column)
    switch (value.kind) {
      case 'count':
        return this.#isTotal(source)
          ? this.#digits(this.#totals.get(source.among)!, demand.column)
          : this.#offset(this.#count(source.among), -fieldMin, width)
      case 'sum': {
        const planes = this.#digits(this.#sums.get(value)!, demand.column)
        return fieldMin === 0n || validity === undefined ? planes : this.#masked(planes, validity)
      }
      case 'any': {
        const tested = this.#anyRow(value.tested)
        if (aggregate.template.function === 'bool_or') return [tested]
        const inputs = [tested, ...(validity === undefined ? [] : [validity])]
        const circuit = circuitOf(inputs.length, (b, [any = FALSE, valid = TRUE]) => [
          b.and(b.not(any), valid),
        ])
        return [this.#writer.add({ kind: 'circuit', inputs, circuit }, 'no row is false')(0)]
      }
      case 'extreme':
        return this.#extreme(value, demand.column, validity)
      case 'distinct': {
        const bits = value.planes.map((plane) => this.#anyRow(plane))
        const circuit = circuitOf(bits.length, (b, wires) => {
          const terms = wires.map((wire) => ({ planes: [wire], factor: 1n }))
          return sumOf(b, terms, -fieldMin, width)
        })
        const purpose = 'values of which a row has each, counted'
        return refsOf(this.#writer.add({ kind: 'circuit', inputs: bits, circuit }, purpose), width)
      }
      case 'members':
      case 'rank':
      case 'mode':
        throw new RangeError(`${value.kind} of a member`)
    }
  }

  /** The code of a number in the field, in binary. */
  #digits(number: Ref, column: Column): readonly Ref[] {
    const { fieldMin } = codecOf(column)
    const code = this.#writer.add(
      { kind: 'combine', inputs: [number], coefficients: ['1'], constant: String(-fieldMin) },
      'above the least',
    )
    const width = planesOf(column)
    const digits = this.#writer.add(
      { kind: 'field-to-bits', inputs: [code(0)], width },
      `${column.name} in binary`,
    )
    return refsOf(digits, width)
  }

  /** The value as it is stored, 0 where it is NULL. @param planes of its code, if it is not in the field by itself */
  #field(source: ColumnSource, planes: readonly Ref[], validity: Ref | undefined): Ref {
    const { value, among, demand } = source
    if (value.kind === 'sum') return this.#sums.get(value)!
    if (this.#isTotal(source)) return this.#totals.get(among)!
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
    if (plane === TRUE) return this.#constants.rows()
    if (plane === FALSE) return [this.#constants.bit(false)]
    let digits = this.#counts.get(plane)
    if (digits === undefined) {
      const width = countWidth(this.#params)
      const circuits = this.#perLevel((level) => adderCircuits(Math.min(level + 1, width), width))
      const counted = this.#writer.add(
        { kind: 'member-reduce', inputs: [this.#bit(plane)], circuits },
        'rows of each member, counted in binary',
      )
      digits = refsOf(counted, width)
      this.#counts.set(plane, digits)
    }
    return digits
  }

  /** MIN or MAX: the code of the value that is furthest out. */
  #extreme(
    value: Extract<ValueDemand, { kind: 'extreme' }>,
    column: Column,
    validity: Ref | undefined,
  ): readonly Ref[] {
    const found = this.#furthest(value)
    const { texts } = orderedDomain(value.argument)
    const isNumber = analysisOf(value.argument).shape.kind === 'numbers'
    const code = texts !== undefined && isNumber ? this.#listed(found, column, texts) : found
    const none = Array.from({ length: planesOf(column) - code.length }, () =>
      this.#constants.bit(false),
    )
    const planes = [...code, ...none]
    return validity === undefined ? planes : this.#masked(planes, validity)
  }

  /** Of two rows the one that is further out, if it takes part: its place among all values. */
  #furthest({
    argument,
    plane,
    largest,
  }: Extract<ValueDemand, { kind: 'extreme' }>): readonly Ref[] {
    const planes = this.#rowPlan.ordered.get(argument)!
    if (plane === FALSE || planes.every(isConstant)) {
      return planes.map((wire) => this.#constants.bit(plane !== FALSE && wire === TRUE))
    }
    const isAlways = plane === TRUE
    const inputs = [...planes, ...(isAlways ? [] : [plane])].map(this.#bit)
    const ways = furtherCircuits(planes.length, largest, isAlways)
    const found = this.#writer.add(
      { kind: 'member-reduce', inputs, circuits: this.#perLevel(() => ways) },
      largest ? 'the largest of each member' : 'the smallest of each member',
    )
    return refsOf(found, planes.length)
  }

  /** The codes of values that are listed, by their places. */
  #listed(places: readonly Ref[], column: Column, texts: readonly string[]): readonly Ref[] {
    const codes = codesOfTexts(column, texts)
    const bits = Array.from({ length: planesOf(column) }, (_, i) => BigInt(i))
    const isSet = (code: bigint, bit: bigint): boolean => ((code >> bit) & 1n) === 1n
    if (places.length === 0) return bits.map((bit) => this.#constants.bit(isSet(codes[0]!, bit)))
    const circuit = circuitOf(places.length, (b, wires) => {
      const hot = oneHot(b, wires, [...codes.keys()])
      return bits.map((bit) => b.xorMany(hot.filter((_, place) => isSet(codes[place]!, bit))))
    })
    const looked = this.#writer.add(
      { kind: 'circuit', inputs: places, circuit },
      'values by their places',
    )
    return refsOf(looked, bits.length)
  }

  #anyRow(plane: Wire): Ref {
    return isConstant(plane) ? this.#constants.bit(plane === TRUE) : this.#any(plane)
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

  #writeTotals(planes: readonly Wire[], field: (plane: Wire) => Ref): ReadonlyMap<Wire, Ref> {
    if (planes.length === 0) return new Map()
    const inputs = planes.map(field)
    const totals = this.#writer.add({ kind: 'member-sum', inputs }, 'rows of each member, counted')
    return new Map(planes.map((plane, part) => [plane, totals(part)]))
  }

  /** For each level the cheapest of some circuits, for about as many pairs as there are. */
  #perLevel(ways: (level: number) => readonly Circuit[]): Circuit[] {
    const rows = rowsOf(this.#params)
    return Array.from({ length: levelsFor(mostRowsOf(this.#params)) }, (_, level) =>
      cheapestCircuit(this.#params, Math.ceil(rows / 2 ** (level + 1)), ways(level)),
    )
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
