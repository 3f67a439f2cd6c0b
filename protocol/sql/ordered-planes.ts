/**
 * Values of rows as natural numbers in the same order: what the largest, the smallest and the k-th are sought
 * among. A stored code is one, but for the words of a dictionary that does not stand in the order of its bytes: their
 * places in that order are looked up. So are the places of a computed value that is a table; any other number is
 * counted from the least that it can be.
 */
import { ShareholdError } from '../../shares/errors.ts'
import type { Planes } from '../circuit-builder.ts'
import { sumOf } from '../linear-circuit.ts'

import type { ValueDomain } from './answer-spec.ts'
import { compareCodePoints, compareValues, formatValue } from './answer-value.ts'
import type { Value } from './answer-value.ts'
import { MAX_DECODED_WORDS } from './column-comparison.ts'
import { domainOf } from './column-domain.ts'
import { analyse, analysisOf, branchesOf } from './row-analysis.ts'
import type { Analysis } from './row-analysis.ts'
import { lookUp } from './row-lookup.ts'
import { formOf } from './row-number.ts'
import type { RowCircuit } from './row-number.ts'
import { resultsOf } from './row-table.ts'
import type { Table } from './row-table.ts'
import { textOfValue } from './row-text.ts'
import type { ComputedValue, RowValue } from './row-value.ts'
import { recode, wordsOf } from './row-words.ts'

const domains = new WeakMap<RowValue, ValueDomain>()

/** What the natural numbers of a value mean. @throws ShareholdError SH_SQL_UNSUPPORTED (without position) */
export function orderedDomain(value: RowValue): ValueDomain {
  let domain = domains.get(value)
  if (domain === undefined) {
    domain = findDomain(value)
    domains.set(value, domain)
  }
  return domain
}

function findDomain(value: RowValue): ValueDomain {
  const analysis = analysisOf(value)
  const { shape } = analysis
  switch (shape.kind) {
    // It is NULL on every row: no number stands for anything.
    case 'none':
      return { size: '1', origin: '0', step: '1', texts: [''] }
    case 'words': {
      const texts = shape.words.toSorted(compareCodePoints)
      if (shape.words.some((word, place) => word !== texts[place])) checkWords(value, texts.length)
      return listed(texts)
    }
    case 'numbers': {
      if (value.kind === 'column') {
        const { size, origin, step } = domainOf(value.column)
        return { size: String(size), origin: String(origin), step: String(step) }
      }
      if (analysis.by === 'table') return listed(valuesOf(analysis.table).map(formatValue))
      if (value.type === 'numeric') checkScales(value, analysis)
      const { least, most } = shape
      return { size: String(most - least + 1n), origin: String(least), step: '1' }
    }
  }
}

function listed(texts: readonly string[]): ValueDomain {
  return { size: String(texts.length), origin: '0', step: '1', texts }
}

/** The natural number of a value; what it is where the value is NULL is left open. */
export function orderedPlanes(circuit: RowCircuit, value: RowValue): Planes {
  const { row } = circuit
  const analysis = analysisOf(value)
  const { size, origin, texts } = orderedDomain(value)
  if (analysis.shape.kind === 'none') return []
  if (value.kind === 'column') {
    const code = row.columns.get(value.column)?.code
    if (code === undefined) throw new RangeError(`${value.column.name} is not loaded`)
    return analysis.shape.kind === 'words' ? recode(row, code, analysis.shape.words, texts!) : code
  }
  const { expression, scope } = value
  if (analysis.shape.kind === 'words') {
    const { planes, words } = wordsOf(circuit, expression, scope)
    return recode(row, planes, words, texts!)
  }
  const width = planesFor(BigInt(size))
  if (texts !== undefined && analysis.by === 'table') {
    const values = valuesOf(analysis.table)
    return lookUp(row, analysis.table, width, (result) =>
      BigInt(values.findIndex((one) => compareValues(one, result) === 0)),
    )
  }
  const { terms, constant } = formOf(circuit, expression, scope)
  return sumOf(row.builder, terms, constant - BigInt(origin), width, row.carryDepth)
}

/** Distinct, ascending. */
function valuesOf(table: Table): readonly Value[] {
  const written = new Map(resultsOf(table).map((result) => [formatValue(result), result]))
  const sorted = [...written.values()].toSorted(compareValues)
  // 1.5 and 1.50 are one value.
  return sorted.filter((value, i) => i === 0 || compareValues(sorted[i - 1]!, value) !== 0)
}

function planesFor(size: bigint): number {
  return size <= 1n ? 0 : (size - 1n).toString(2).length
}

function checkWords(value: RowValue, words: number): void {
  if (words <= MAX_DECODED_WORDS) return
  throw new ShareholdError(
    'SH_SQL_UNSUPPORTED',
    `The ${words} words of ${textOfValue(value)} do not stand in their order, and are too many to look it up (${MAX_DECODED_WORDS}).`,
    { hint: 'Declare the dictionary in the order of its bytes.' },
  )
}

/** PostgreSQL shows a numeric with the decimals that it has: a CASE may have results of several. */
function checkScales({ expression, scope }: ComputedValue, analysis: Analysis): void {
  const found = new Set<number>()
  const visit = (one: Analysis): void => {
    if (one.by === 'case') {
      for (const { result } of branchesOf(one.expression, scope)) visit(analyse(result, scope))
    } else if (one.shape.kind === 'numbers') found.add(one.shape.scale)
  }
  visit(analysis)
  if (found.size <= 1) return
  throw new ShareholdError(
    'SH_SQL_UNSUPPORTED',
    `${textOfValue({ kind: 'computed', type: 'numeric', expression, scope })} has results of different numbers of decimals.`,
    { hint: 'Cast it: CAST(… AS numeric(12, 2)).' },
  )
}
