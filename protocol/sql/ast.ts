/**
 * Reading PostgreSQL's syntax tree as libpg-query prints it: every node is `{ Kind: { field: … } }`,
 * fields with a default value (0, '', false, none) are left out. The tree comes from the parser and is
 * only read, so the accessors below are all the typing it needs.
 */

/** The fields of one node. */
export type Fields = Readonly<Record<string, unknown>>

/** A node, opened: its kind and its fields. */
export interface Opened {
  readonly kind: string
  readonly fields: Fields
}

const NONE: Fields = {}

/** Opens `{ Kind: fields }`; something that is no node has kind ''. */
export function open(node: unknown): Opened {
  if (typeof node === 'object' && node !== null) {
    for (const [kind, fields] of Object.entries(node)) return { kind, fields: asFields(fields) }
  }
  return { kind: '', fields: NONE }
}

/** The fields of the node `Kind` in a field that may hold other kinds; undefined if it is another. */
export function openAs(node: unknown, kind: string): Fields | undefined {
  const opened = open(node)
  return opened.kind === kind ? opened.fields : undefined
}

/** A field that holds a list of nodes. */
export function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name]
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

/** A field that holds fields directly, without a kind around it. */
export function fieldsOf(fields: Fields, name: string): Fields | undefined {
  const value = fields[name]
  return typeof value === 'object' && value !== null ? asFields(value) : undefined
}

export function textOf(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

export function numberOf(fields: Fields, name: string): number {
  const value = fields[name]
  return typeof value === 'number' ? value : 0
}

export function isSet(fields: Fields, name: string): boolean {
  return fields[name] === true
}

/** A list of String nodes: the parts of a name. */
export function namesOf(fields: Fields, name: string): string[] {
  return listOf(fields, name).map((node) => textOf(openAs(node, 'String') ?? NONE, 'sval'))
}

/** Byte offset of a node in the text, or undefined where the parser keeps none. */
export function locationOf(fields: Fields): number | undefined {
  const value = fields['location']
  return typeof value === 'number' && value >= 0 ? value : undefined
}

/** Byte offset of the leftmost token that belongs to an expression: the parser points at operators, not at their start. */
export function startOf(node: unknown): number | undefined {
  const { fields } = open(node)
  const own = locationOf(fields)
  const inner = ['lexpr', 'arg']
    .filter((name) => fields[name] !== undefined)
    .map((name) => startOf(fields[name]))
    .find((location) => location !== undefined)
  if (own === undefined || inner === undefined) return own ?? inner
  return Math.min(own, inner)
}

/** The smallest byte offset that any node in a syntax tree has. */
export function firstLocation(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null) return undefined
  let first: number | undefined
  for (const [name, value] of Object.entries(node)) {
    const location = name === 'location' ? Number(value) : firstLocation(value)
    if (location === undefined || location < 0) continue
    if (first === undefined || location < first) first = location
  }
  return first
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : NONE
}

/** A syntax tree as JSON without places: equal for what is written alike. */
export function withoutLocations(node: unknown): string {
  return JSON.stringify(node, (key, value: unknown) => (key === 'location' ? undefined : value))
}
