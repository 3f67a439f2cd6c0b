/**
 * The sections of a plan. Without a `table` operator there is one: the whole plan, over the stored columns. Each table
 * ends a section, and the next one is a plan over the table's columns, as if they were stored: so a query over a
 * sub-query is two plans on end. A function of plan and parameters.
 *
 * Leaks: nothing; that there is a table, and how many rows it has, follows from the plan and public sizes.
 */
import { CHUNK_ROWS } from './plan.ts'
import type { Operator, Plan, PlanParams } from './plan.ts'
import { memberClasses, membersOf } from './shape.ts'

export type TableOperator = Extract<Operator, { kind: 'table' }>

export interface Section {
  /** Its first operator, and the one behind its last, which is a `table` or the `output`. */
  readonly from: number
  readonly to: number
  /** Parameters of the plan that the section is. */
  readonly params: PlanParams
  /** Whose columns it loads; absent in the first one, which loads stored columns. */
  readonly table?: TableOperator
}

/** Parameters of the first section: rows are stored columns' in batches of as many chunks as the plan takes. */
export function storedParams(
  { chunksInFlight }: Pick<Plan, 'chunksInFlight'>,
  params: PlanParams,
): PlanParams {
  return chunksInFlight === undefined ? params : { ...params, chunksInFlight }
}

/** The sections, in order; they cover all operators. @param params of the whole plan */
export function sectionsOf(plan: Plan, params: PlanParams): readonly Section[] {
  const { operators } = plan
  const sections: Section[] = []
  let section: Omit<Section, 'to'> = { from: 0, params: storedParams(plan, params) }
  for (const [op, operator] of operators.entries()) {
    if (operator.kind !== 'table') continue
    sections.push({ ...section, to: op + 1 })
    section = { from: op + 1, params: tableParams(operator, section.params), table: operator }
  }
  if (section.from < operators.length) sections.push({ ...section, to: operators.length })
  return sections
}

/** Parameters of what follows a table. @param params of its section */
export function tableParams(
  { name, rows }: Pick<TableOperator, 'name' | 'rows'>,
  params: PlanParams,
): PlanParams {
  const { joined: _joined, beside: _beside, ...rest } = params
  const members = membersOf(params)
  const one = members === 0 ? [] : [[1, members] as const]
  const rowsPerMember = rows === 'members' ? one : memberClasses(params)
  const lanes = rowsPerMember.reduce((sum, [each, count]) => sum + each * count, 0)
  const chunks = Array.from({ length: Math.ceil(lanes / CHUNK_ROWS) }, (_chunk, k) =>
    Math.min(CHUNK_ROWS, lanes - k * CHUNK_ROWS),
  )
  return { ...rest, dataset: { name, version: 1, chunks, rowsPerMember } }
}

export type StoredLoad = Extract<Operator, { kind: 'load-bits' | 'load-field' | 'load-beside' }>

/** The operators that load stored columns. */
export function storedLoads({ operators }: Plan): readonly StoredLoad[] {
  const tables = new Set(operators.flatMap((one) => (one.kind === 'table' ? [one.name] : [])))
  return operators.filter((one): one is StoredLoad => isColumnLoad(one) && !tables.has(one.dataset))
}

function isColumnLoad(operator: Operator): operator is StoredLoad {
  const { kind } = operator
  return kind === 'load-bits' || kind === 'load-field' || kind === 'load-beside'
}

/** In which encoding a column is loaded. */
export function encodingOf({ kind }: StoredLoad): 'bits' | 'field' {
  return kind === 'load-field' ? 'field' : 'bits'
}
