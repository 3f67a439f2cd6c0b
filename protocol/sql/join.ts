/**
 * FROM bound to schemas: which members must be the same for rows to be joined. What is joined on a key has been taken
 * out of it (lookup-from.ts): the rest is joined on the member and nothing else, with USING or with
 * ON a.member = b.member.
 */
import type { ShareholdError } from '../../shares/errors.ts'
import type { Schema } from '../../shares/schema.ts'
import { presences, rowsOfMember } from '../join-rows.ts'
import type { Join, JoinedPair } from '../plan.ts'

import { fieldsOf, listOf, locationOf, namesOf, openAs, startOf } from './ast.ts'
import type { Fields } from './ast.ts'
import type { From, FromJoin, NamedDataset } from './dataset.ts'
import type { SqlErrorCode } from './errors.ts'
import { quoteName } from './names.ts'
import { sqlError } from './source.ts'
import type { Source } from './source.ts'

/** A member column that a side of a join has: of one instance, or of several, the first that is not NULL. */
export interface MemberColumn {
  readonly name: string
  readonly instances: readonly string[]
  /** Whether no row of FROM is without it; set once FROM is known. */
  readonly isNeverNull?: boolean
}

interface Side {
  readonly join: Join
  readonly named: readonly NamedDataset[]
  readonly members: readonly MemberColumn[]
}

/** Binds joins: parameters of the walk. */
interface Binder {
  readonly source: Source
  readonly schemas: ReadonlyMap<string, Schema>
}

/**
 * The join that FROM describes, and the member columns that it has.
 *
 * @param schemas of all datasets, by name
 * @throws ShareholdError SH_SQL_UNKNOWN_COLUMN, SH_SQL_AMBIGUOUS, SH_SQL_UNSUPPORTED
 */
export function bindJoin(
  source: Source,
  from: From,
  schemas: ReadonlyMap<string, Schema>,
): { readonly join: Join; readonly members: readonly MemberColumn[] } {
  const side = sideOf({ source, schemas }, from)
  const { join, members } = side
  return {
    join,
    members: members.map((member) => ({
      ...member,
      isNeverNull: isNeverNull(side, member.instances),
    })),
  }
}

function sideOf(binder: Binder, from: From): Side {
  if (from.kind === 'dataset') {
    const { dataset, instance } = from
    const { member } = binder.schemas.get(dataset)!
    return {
      join: { kind: 'instance', instance },
      named: [from],
      members: [{ name: member, instances: [instance] }],
    }
  }
  const left = sideOf(binder, from.left)
  const right = sideOf(binder, from.right)
  const [a, b] = comparedMembers(binder, from, left, right)
  const on = conditionOf(binder, from, [left, a], [right, b])
  const join: JoinedPair = { kind: from.kind, left: left.join, right: right.join, ...on }
  const named = [...left.named, ...right.named]
  const members = [...left.members, ...right.members]
  if (from.on !== undefined) return { join, named, members }
  const both = { left: a.instances, inner: a.instances, right: b.instances, full: [] }[from.kind]
  const merged: MemberColumn = {
    name: a.name,
    instances: from.kind === 'full' ? [...a.instances, ...b.instances] : both,
  }
  return { join, named, members: [merged, ...members.filter((one) => one !== a && one !== b)] }
}

/** The two member columns that a join compares. */
function comparedMembers(
  binder: Binder,
  from: FromJoin,
  left: Side,
  right: Side,
): readonly [MemberColumn, MemberColumn] {
  const { using, on } = from
  const [name, second] = using ?? []
  if (second !== undefined) throw notOnMember(binder, from, right, from.location)
  if (name !== undefined) {
    return [
      memberIn(binder, left, name, from.location),
      memberIn(binder, right, name, from.location),
    ]
  }
  // Without FROM: whatever the member columns are called.
  if (on === undefined) return [left.members[0]!, right.members[0]!]
  const fields = openAs(on, 'A_Expr')
  const isEquality =
    fields !== undefined && fields['kind'] === 'AEXPR_OP' && namesOf(fields, 'name').join() === '='
  const sides = isEquality
    ? [openAs(fields['lexpr'], 'ColumnRef'), openAs(fields['rexpr'], 'ColumnRef')]
    : []
  const [one, other] = sides.map(
    (reference) => reference && references(binder, left, right, reference),
  )
  const location = startOf(on) ?? locationOf(fieldsOf(fields ?? {}, 'lexpr') ?? {}) ?? from.location
  if (one === undefined || other === undefined) throw notOnMember(binder, from, right, location)
  if (one.ambiguous || other.ambiguous) {
    throw fail(binder, 'SH_SQL_AMBIGUOUS', 'A name in ON can mean two columns.', location)
  }
  if (one.left !== undefined && other.right !== undefined) return [one.left, other.right]
  if (other.left !== undefined && one.right !== undefined) return [other.left, one.right]
  throw notOnMember(binder, from, right, location)
}

/** What a name in ON means on each side. */
function references(
  { schemas }: Binder,
  left: Side,
  right: Side,
  reference: Fields,
): {
  readonly left: MemberColumn | undefined
  readonly right: MemberColumn | undefined
  readonly ambiguous: boolean
} {
  const names = listOf(reference, 'fields').length === 2 ? namesOf(reference, 'fields') : []
  const [qualifier, name] =
    names.length === 2 ? names : [undefined, namesOf(reference, 'fields')[0]]
  const found = (side: Side): MemberColumn[] => {
    if (qualifier === undefined) return side.members.filter((member) => member.name === name)
    const named = side.named.find((one) => one.qualifier === qualifier)
    if (named === undefined || schemas.get(named.dataset)!.member !== name) return []
    return [{ name, instances: [named.instance] }]
  }
  const [onLeft, onRight] = [found(left), found(right)]
  return {
    left: onLeft[0],
    right: onRight[0],
    ambiguous: onLeft.length + onRight.length > 1,
  }
}

/** The one member column of this name. */
function memberIn(
  binder: Binder,
  side: Side,
  name: string,
  location: number | undefined,
): MemberColumn {
  const [found, second] = side.members.filter((member) => member.name === name)
  if (second !== undefined) {
    throw fail(
      binder,
      'SH_SQL_AMBIGUOUS',
      `"${name}" in USING stands for several columns of the datasets before.`,
      location,
      'Write ON and the two columns.',
    )
  }
  if (found !== undefined) return found
  const names = side.named.map(({ dataset }) => dataset)
  const isColumn = names.some((dataset) =>
    binder.schemas.get(dataset)!.columns.some((column) => column.name === name),
  )
  const members = side.members.map((member) => member.name)
  throw isColumn
    ? fail(
        binder,
        'SH_SQL_UNSUPPORTED',
        'Datasets are joined on the member, or on a unique column of reference data.',
        location,
        `The member column of ${names.join(', ')} is ${members.map(quoteName).join(', ')}.`,
      )
    : fail(
        binder,
        'SH_SQL_UNKNOWN_COLUMN',
        `Column "${name}" in USING does not exist in ${names.map((one) => `"${one}"`).join(', ')}.`,
        location,
        `The member column is ${members.map(quoteName).join(', ')}: if the names differ, write ON and both.`,
      )
}

/** What has to be said of a join besides its kind: nothing if the two members are never NULL. */
function conditionOf(
  binder: Binder,
  from: FromJoin,
  left: readonly [Side, MemberColumn],
  right: readonly [Side, MemberColumn],
): { readonly on?: readonly [string, string] } {
  const [a, b] = [left, right].map(([side, { instances }]) => ({
    instances,
    isNeverNull: isNeverNull(side, instances),
  }))
  if (a!.isNeverNull && b!.isNeverNull) return {}
  const [x, ...moreLeft] = a!.instances
  const [y, ...moreRight] = b!.instances
  if (x !== undefined && y !== undefined && moreLeft.length + moreRight.length === 0) {
    return { on: [x, y] }
  }
  throw fail(
    binder,
    'SH_SQL_UNSUPPORTED',
    'A join on a merged member column that can be NULL is not supported.',
    from.location,
    'Join in another order, or with LEFT JOIN.',
  )
}

/** Whether every row of a side has one of these instances. */
function isNeverNull({ join, named }: Side, instances: readonly string[]): boolean {
  const names = named.map(({ instance }) => instance)
  const mask = instances.reduce((bits, one) => bits | (1 << names.indexOf(one)), 0)
  const owned = named.map(({ dataset: name, instance }) => ({ name, instance }))
  return presences(owned).every((present) =>
    rowsOfMember(join, names, present).every((row) => (row & mask) !== 0),
  )
}

function notOnMember(
  binder: Binder,
  from: FromJoin,
  right: Side,
  location: number | undefined,
): ShareholdError {
  const member = right.members[0]
  const rest =
    from.kind === 'inner'
      ? ' Other conditions go to WHERE.'
      : ' Other conditions are not supported.'
  return fail(
    binder,
    'SH_SQL_UNSUPPORTED',
    'Datasets are joined on the member, or on a unique column of reference data.',
    location,
    `Write ON and the two member columns, as in ON a.member = ${right.named[0]?.qualifier ?? 'b'}.${quoteName(member?.name ?? 'member')}.${rest}`,
  )
}

function fail(
  { source }: Binder,
  code: SqlErrorCode,
  message: string,
  location: number | undefined,
  hint?: string,
): ShareholdError {
  return sqlError(source, code, message, location, hint)
}
