/**
 * FROM taken apart: datasets that are joined on the member, whose rows make the lanes, and datasets in which each row of
 * theirs looks for a row with its key. A join is a lookup if USING or an equation of ON names a column, not the member, of
 * a single dataset on one side; there that column must be unique, so that a row finds one row or none.
 *
 * Lookups come last, whatever order they stand in: they add columns to rows, or take rows away. That is the same before
 * and after a join on the member that keeps the rows of their side; other joins are refused.
 *
 * A function of statement and schemas, so querier, coordinator and nodes agree on it.
 */
import type { ShareholdError } from '../../shares/errors.ts'
import type { Column, Schema } from '../../shares/schema.ts'

import { listOf, namesOf, openAs } from './ast.ts'
import type { Fields } from './ast.ts'
import { namedDatasets } from './dataset.ts'
import type { From, FromJoin, NamedDataset } from './dataset.ts'
import type { SqlErrorCode } from './errors.ts'
import { didYouMean, quoteName } from './names.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** A dataset in which rows look for a partner. */
export interface FromLookup {
  /** Whether rows without one are dropped. */
  readonly kind: 'inner' | 'left'
  readonly named: NamedDataset
  /** The names in USING; else the syntax tree of ON. */
  readonly using?: readonly string[]
  readonly on?: unknown
}

export interface SplitFrom {
  /** Datasets joined on the member, one at least. */
  readonly core: From
  /** In the order in which they are done: a later one may look by what an earlier one has found. */
  readonly lookups: readonly FromLookup[]
}

type Schemas = ReadonlyMap<string, Schema>

interface Splitter {
  readonly source: Source
  readonly schemas: Schemas
}

/**
 * @param schemas of all datasets, by name
 * @throws ShareholdError SH_SQL_UNKNOWN_DATASET, SH_SQL_UNSUPPORTED, SH_POLICY_LOOKUP
 */
export function splitFrom(source: Source, from: From, schemas: Schemas): SplitFrom {
  for (const { dataset, location } of namedDatasets(from)) {
    if (schemas.has(dataset)) continue
    throw sqlError(
      source,
      'SH_SQL_UNKNOWN_DATASET',
      `Dataset "${dataset}" does not exist.`,
      location,
      didYouMean(dataset, [...schemas.keys()]),
    )
  }
  const splitter = { source, schemas }
  const split = splitOf(splitter, from)
  checkLookups(splitter, split)
  return split
}

function splitOf(splitter: Splitter, from: From): SplitFrom {
  if (from.kind === 'dataset') return { core: from, lookups: [] }
  const { kind } = from
  const rightKeys = keysIn(splitter, from, from.right)
  if (kind !== 'right' && kind !== 'full' && rightKeys.some(isUnique)) {
    const left = splitOf(splitter, from.left)
    const lookup = lookupOf(from, kind, from.right as NamedDataset)
    return { core: left.core, lookups: [...left.lookups, lookup] }
  }
  const leftKeys = keysIn(splitter, from, from.left)
  if (kind !== 'left' && kind !== 'full' && leftKeys.some(isUnique)) {
    // The other way round: rows of the right side look for those of the left one.
    const right = splitOf(splitter, from.right)
    const lookup = lookupOf(from, kind === 'right' ? 'left' : 'inner', from.left as NamedDataset)
    return { core: right.core, lookups: [...right.lookups, lookup] }
  }
  // A join on the member has something to say about other columns itself.
  if (rightKeys.length + leftKeys.length > 0 && !comparesMembers(splitter, from)) {
    throw noLookup(splitter, from, rightKeys, leftKeys)
  }
  const [left, right] = [splitOf(splitter, from.left), splitOf(splitter, from.right)]
  for (const [side, keeps] of [
    [left, kind === 'inner' || kind === 'left'],
    [right, kind === 'inner' || kind === 'right'],
  ] as const) {
    const [first] = side.lookups
    if (first === undefined || keeps) continue
    throw fail(
      splitter,
      'SH_SQL_UNSUPPORTED',
      `An outer join on the member around the lookup in "${first.named.dataset}" is not supported.`,
      from.location,
      'Join on the member first, then on the key.',
    )
  }
  return {
    core: { ...from, left: left.core, right: right.core },
    lookups: [...left.lookups, ...right.lookups],
  }
}

function lookupOf(from: FromJoin, kind: FromLookup['kind'], named: NamedDataset): FromLookup {
  const { using, on } = from
  return { kind, named, ...(using === undefined ? { on } : { using }) }
}

const isUnique = ({ unique }: Column): boolean => unique === true

/** Columns of a side, if that is a single dataset, that the other side is compared with. */
function keysIn({ schemas }: Splitter, { using, on }: FromJoin, side: From): readonly Column[] {
  if (side.kind !== 'dataset') return []
  const { columns } = schemas.get(side.dataset)!
  const columnOf = (parts: readonly string[]): Column | undefined => {
    const isHere = parts.length === 1 || (parts.length === 2 && parts[0] === side.qualifier)
    return isHere ? columns.find(({ name }) => name === parts.at(-1)) : undefined
  }
  const names = using?.map((name) => [name]) ?? conjunctsOf(on).flatMap(comparedNames)
  return names.flatMap((parts) => columnOf(parts) ?? [])
}

/** What is combined with AND. */
export function conjunctsOf(node: unknown): readonly unknown[] {
  const fields = openAs(node, 'BoolExpr')
  return fields?.['boolop'] === 'AND_EXPR' ? listOf(fields, 'args').flatMap(conjunctsOf) : [node]
}

/** The two columns of an equation. */
export function equatedColumns(node: unknown): readonly [Fields, Fields] | undefined {
  const fields = openAs(node, 'A_Expr')
  if (fields === undefined || fields['kind'] !== 'AEXPR_OP') return undefined
  if (namesOf(fields, 'name').join() !== '=') return undefined
  const [left, right] = ['lexpr', 'rexpr'].map((side) => openAs(fields[side], 'ColumnRef'))
  return left === undefined || right === undefined ? undefined : [left, right]
}

/** Whether the member column of a dataset is among what is compared. */
function comparesMembers({ schemas }: Splitter, from: FromJoin): boolean {
  const members = new Set(namedDatasets(from).map(({ dataset }) => schemas.get(dataset)!.member))
  const names = from.using?.map((name) => [name]) ?? conjunctsOf(from.on).flatMap(comparedNames)
  return names.some((parts) => members.has(parts.at(-1)!))
}

function comparedNames(node: unknown): readonly (readonly string[])[] {
  return (equatedColumns(node) ?? []).map((reference) => namesOf(reference, 'fields'))
}

/** Rows must not be looked for in what is about people, nor in what makes the lanes. */
function checkLookups(splitter: Splitter, { core, lookups }: SplitFrom): void {
  const lanes = new Set(namedDatasets(core).map(({ dataset }) => dataset))
  for (const { named } of lookups) {
    const { dataset, location } = named
    if (splitter.schemas.get(dataset)!.kMin > 1) {
      throw fail(
        splitter,
        'SH_POLICY_LOOKUP',
        `Rows cannot be looked for in "${dataset}": its rows are of members of its own (k_min ${splitter.schemas.get(dataset)!.kMin}), who would not be counted.`,
        location,
        'Join datasets of members on the member. Only reference data, whose schema has kMin 1, is joined on a key.',
      )
    }
    if (!lanes.has(dataset)) continue
    throw fail(
      splitter,
      'SH_SQL_UNSUPPORTED',
      `Rows of "${dataset}" look for rows of the same dataset, which is not supported.`,
      location,
      'Import it as a second dataset.',
    )
  }
}

/** Why an equation of columns makes no lookup. */
function noLookup(
  splitter: Splitter,
  { kind, left, right, location }: FromJoin,
  rightKeys: readonly Column[],
  leftKeys: readonly Column[],
): ShareholdError {
  if (kind === 'full' || [...rightKeys, ...leftKeys].some(isUnique)) {
    return fail(
      splitter,
      'SH_SQL_UNSUPPORTED',
      `A ${kind.toUpperCase()} JOIN on a key would have rows without a member, which is not supported.`,
      location,
      'Write JOIN, or LEFT JOIN with the dataset on the right in which rows are looked for.',
    )
  }
  const side = rightKeys.length > 0 ? right : left
  const [key] = rightKeys.length > 0 ? rightKeys : leftKeys
  const dataset = side.kind === 'dataset' ? side.dataset : ''
  return fail(
    splitter,
    'SH_SQL_UNSUPPORTED',
    `Several rows of "${dataset}" may have the same ${quoteName(key!.name)}: datasets are joined on the member, or on a unique column.`,
    location,
    `If no two rows do, its repository signs a schema that says so, with unique: true for ${quoteName(key!.name)}.`,
  )
}

function fail(
  { source }: Splitter,
  code: SqlErrorCode,
  message: string,
  location: number | undefined,
  hint: string,
): ShareholdError {
  return sqlError(source, code, message, location, hint)
}
