/**
 * The ideal functionality: what a trusted machine that sees the plain table would put out for a plan.
 * Written for obviousness; nothing of protocol/'s execution is used.
 */
import { evaluatePlain } from '../../protocol/circuit.ts'
import type { Join, Operator, Piece, Plan, PlanParams, Ref } from '../../protocol/plan.ts'
import { isLoad, refsOf } from '../../protocol/validate-plan.ts'

export const P = 2n ** 61n - 1n

/** A column of the pooled table, one entry per row in table order (chunk after chunk); null is NULL. */
export interface PlainColumn {
  /** Unsigned code: what `load-bits` sees. */
  readonly codes: readonly (bigint | number | null)[]
  /** Scaled value, may be negative: what `load-field` sees. */
  readonly values: readonly (bigint | number | null)[]
}

/** The datasets of a join, the first one included. */
export interface PlainJoined {
  /** By dataset, then by column name. */
  readonly columns: Readonly<Record<string, Readonly<Record<string, PlainColumn>>>>
  /** Of each dataset, in the order of the parameters, the member of each row, by numbers common to all. */
  readonly memberOfRow: readonly Uint32Array[]
}

/** Columns of datasets beside the rows, by dataset and name. */
export type PlainBeside = Readonly<Record<string, Readonly<Record<string, PlainColumn>>>>

const NOBODY = new Uint32Array(0)

/** A value as the ideal machine holds it: planes of 0/1, or vectors of residues mod p. `rows`: a lane each row. */
export type PlainValue = { readonly rows?: boolean } & (
  | { readonly type: 'bits'; readonly parts: readonly (readonly number[])[] }
  | { readonly type: 'field'; readonly parts: readonly (readonly bigint[])[] }
)

/** Operators whose value has the lanes of what they read. */
const LANE_WISE: ReadonlySet<Operator['kind']> = new Set([
  'circuit',
  'bit-to-field',
  'multiply',
  'combine',
  'less-than-zero',
  'equals-zero',
  'field-to-bits',
])

function hasRows(operator: Operator, values: readonly PlainValue[]): boolean {
  if (isLoad(operator)) return true
  return (
    LANE_WISE.has(operator.kind) && refsOf(operator).every((ref) => values[ref.op]!.rows === true)
  )
}

/**
 * Runs a plan on plain columns.
 * @param columns by column name
 * @param memberOfRow member index of each row, members 0..m-1 all present
 * @param joined of a join, instead of the two
 * @param beside of datasets beside the rows
 * @returns the output lanes, residues in [0, p)
 */
export function idealExecute(
  plan: Plan,
  params: PlanParams,
  columns: Readonly<Record<string, PlainColumn>>,
  memberOfRow: Uint32Array,
  joined?: PlainJoined,
  beside: PlainBeside = {},
): bigint[] {
  if (plan.join !== undefined) return idealJoin(plan, params, joined!, beside)
  const rows = params.dataset.chunks.reduce((sum, chunk) => sum + chunk, 0)
  if (memberOfRow.length !== rows) throw new RangeError('memberOfRow has not one entry per row')
  return runSections(plan, memberOfRow, beside, (operator, values) =>
    idealOperator(operator, values, columns, memberOfRow),
  )
}

/** Runs all sections. @param inFirst one operator of the first section */
function runSections(
  plan: Plan,
  memberOfLane: Uint32Array,
  beside: PlainBeside,
  inFirst: (operator: Operator, values: readonly PlainValue[]) => PlainValue,
): bigint[] {
  const values: PlainValue[] = []
  const output: bigint[] = []
  let members = memberOfLane
  let inSection = inFirst
  for (const operator of plan.operators) {
    if (operator.kind === 'table') {
      const columns = madeColumns(operator, values)
      const sorted = members.toSorted((a, b) => a - b)
      const rows =
        operator.rows === 'members' ? sorted.filter((m, k) => m !== sorted[k - 1]) : sorted
      members = rows
      inSection = (one, before) => idealOperator(one, before, columns, rows)
      values.push({ type: 'bits', parts: [] })
      continue
    }
    const value =
      operator.kind === 'load-beside'
        ? idealOperator({ ...operator, kind: 'load-bits' }, [], beside[operator.dataset]!, NOBODY)
        : inSection(operator, values)
    values.push({ ...value, rows: hasRows(operator, values) })
    if (operator.kind === 'output' && value.type === 'field') output.push(...value.parts.flat())
  }
  return output
}

function madeColumns(
  { columns }: Extract<Operator, { kind: 'table' }>,
  values: readonly PlainValue[],
): Readonly<Record<string, PlainColumn>> {
  const lanesOf = (ref: Ref): readonly (number | bigint)[] => values[ref.op]!.parts[ref.part]!
  return Object.fromEntries(
    columns.map(({ name, planes, validity, field }) => {
      const lanes = [...planes, validity, field].find((ref) => ref !== undefined)
      const codes = (lanes === undefined ? [] : lanesOf(lanes)).map((_, lane) => {
        if (validity !== undefined && lanesOf(validity)[lane] === 0) return null
        return planes.reduce((sum, ref, i) => sum + (BigInt(lanesOf(ref)[lane]!) << BigInt(i)), 0n)
      })
      return [name, { codes, values: field === undefined ? [] : lanesOf(field) }] as const
    }),
  )
}

/** A row of a join: the row of each instance, by its name; absent where it has none. */
type JoinedRow = ReadonlyMap<string, number>

/** Joins row by row, gives every row of the join its lane, and runs the plan over the lanes. */
function idealJoin(
  plan: Plan,
  params: PlanParams,
  joined: PlainJoined,
  beside: PlainBeside,
): bigint[] {
  const instances = [params.dataset, ...(params.joined ?? [])].map((one, k) => ({
    name: one.name,
    instance: one.instance ?? one.name,
    hasLanes: k === 0 || params.joined![k - 1]!.lanes,
    most: Math.max(0, ...one.rowsPerMember.map(([rows]) => rows)),
  }))
  const names = instances.map(({ instance }) => instance)
  const datasets = [...new Set(instances.map(({ name }) => name))]
  const membersIn = (instance: string): Uint32Array =>
    joined.memberOfRow[datasets.indexOf(instances[names.indexOf(instance)]!.name)]!
  const memberOf = (row: JoinedRow, instance: string): number =>
    membersIn(instance)[row.get(instance)!]!
  /** Rows of a member, in the order of the table. */
  const rowsOf = (member: number, instance: string): number[] =>
    range(membersIn(instance).length).filter((row) => membersIn(instance)[row] === member)
  const rows = joinRowByRow(plan.join!, {
    rowsOf: (instance) => membersIn(instance).length,
    memberOf,
  })
  const place = (owner: string, row: number, nths: readonly number[]): string =>
    [owner, row, ...nths].join('/')
  /** Later instances in which some member has several rows. */
  const spreadOf = (owner: string): typeof instances =>
    instances.slice(names.indexOf(owner) + 1).filter(({ most }) => most > 1)
  const byPlace = new Map(
    rows.map((row) => {
      const owner = names.find((name) => row.has(name))!
      const nths = spreadOf(owner).map(({ instance }) =>
        row.has(instance)
          ? rowsOf(memberOf(row, instance), instance).indexOf(row.get(instance)!)
          : 0,
      )
      return [place(owner, row.get(owner)!, nths), row]
    }),
  )
  if (byPlace.size !== rows.length) throw new RangeError('two rows of the join share a lane')
  const lanes = instances
    .filter(({ hasLanes }) => hasLanes)
    .flatMap(({ name, instance: owner }) =>
      range(membersIn(owner).length).flatMap((row) => {
        const member = membersIn(owner)[row]!
        const ways = spreadOf(owner).map((other) =>
          range(other.name === name ? rowsOf(member, owner).length : other.most),
        )
        return combinations(ways).map((nths) => ({ owner, row, place: place(owner, row, nths) }))
      }),
    )
  const rowOfLane = lanes.map((lane) => byPlace.get(lane.place))
  if (rowOfLane.filter((row) => row !== undefined).length !== rows.length) {
    throw new RangeError('a row of the join has no lane')
  }
  // Where the rows of the first dataset are lanes as they stand, its columns are not masked; nobody may see that.
  const isPlain =
    spreadOf(names[0]!).length === 0 &&
    instances.filter(({ name }) => name === instances[0]!.name).length === 1
  const pick = <T>(values: readonly (T | null)[], instance: string): (T | null)[] =>
    lanes.map(({ owner, row }, lane) => {
      if (isPlain && instance === names[0] && owner === names[0]) return values[row]!
      const at = rowOfLane[lane]?.get(instance)
      return at === undefined ? null : values[at]!
    })
  const lanesOf = new Map(
    instances.map(({ name, instance }) => [
      instance,
      Object.fromEntries(
        Object.entries(joined.columns[name]!).map(([column, { codes, values }]) => [
          column,
          { codes: pick(codes, instance), values: pick(values, instance) },
        ]),
      ),
    ]),
  )
  // Members of each instance's lanes are counted apart.
  const numbers = new Map<string, number>()
  const keys = lanes.map(
    ({ owner, row }) => [names.indexOf(owner), membersIn(owner)[row]!] as const,
  )
  const sorted = [...keys].toSorted((a, b) => a[0] - b[0] || a[1] - b[1])
  for (const key of sorted) if (!numbers.has(key.join())) numbers.set(key.join(), numbers.size)
  const memberOfLane = Uint32Array.from(keys, (key) => numbers.get(key.join())!)

  return runSections(plan, memberOfLane, beside, (operator, values) => {
    const { kind } = operator
    const columns =
      kind === 'load-bits' || kind === 'load-field'
        ? lanesOf.get(operator.instance ?? operator.dataset)!
        : {}
    if (kind !== 'load-match') return idealOperator(operator, values, columns, memberOfLane)
    const { instance } = operator
    const matches = rowOfLane.map((row) =>
      row !== undefined && (instance === undefined || row.has(instance)) ? 1 : 0,
    )
    return { type: 'bits', parts: [matches] }
  })
}

/** One of each list, the last running fastest. */
function combinations(lists: readonly (readonly number[])[]): readonly number[][] {
  let all: readonly number[][] = [[]]
  for (const list of lists) all = all.flatMap((some) => list.map((one) => some.concat(one)))
  return all
}

function joinRowByRow(
  join: Join,
  tables: {
    readonly rowsOf: (instance: string) => number
    readonly memberOf: (row: JoinedRow, instance: string) => number
  },
): JoinedRow[] {
  if (join.kind === 'instance') {
    return range(tables.rowsOf(join.instance)).map((row) => new Map([[join.instance, row]]))
  }
  const left = joinRowByRow(join.left, tables)
  const right = joinRowByRow(join.right, tables)
  const memberIn = (row: JoinedRow, name: string | undefined): number | null => {
    const from = name ?? [...row.keys()][0]!
    return row.has(from) ? tables.memberOf(row, from) : null
  }
  const meets = (a: JoinedRow, b: JoinedRow): boolean => {
    const member = memberIn(a, join.on?.[0])
    return member !== null && member === memberIn(b, join.on?.[1])
  }
  const rows = left.flatMap((a) =>
    right.filter((b) => meets(a, b)).map((b): JoinedRow => new Map([...a, ...b])),
  )
  const keepsLeft = join.kind === 'left' || join.kind === 'full'
  const keepsRight = join.kind === 'right' || join.kind === 'full'
  if (keepsLeft) rows.push(...left.filter((a) => !right.some((b) => meets(a, b))))
  if (keepsRight) rows.push(...right.filter((b) => !left.some((a) => meets(a, b))))
  return rows
}

/** One operator: also the ideal function in tests of single operators. */
export function idealOperator(
  operator: Operator,
  values: readonly PlainValue[],
  columns: Readonly<Record<string, PlainColumn>>,
  memberOfRow: Uint32Array,
): PlainValue {
  const plane = (ref: Ref): readonly number[] => {
    const value = values[ref.op]!
    if (value.type !== 'bits') throw new TypeError(`operator ${ref.op} is not bits`)
    return value.parts[ref.part]!
  }
  const vector = (ref: Ref): readonly bigint[] => {
    const value = values[ref.op]!
    if (value.type !== 'field') throw new TypeError(`operator ${ref.op} is not field`)
    return value.parts[ref.part]!
  }
  const bits = (parts: readonly (readonly number[])[]): PlainValue => ({ type: 'bits', parts })
  const field = (parts: readonly (readonly bigint[])[]): PlainValue => ({ type: 'field', parts })

  const rearranged = (
    inputs: readonly Ref[],
    move: <T>(lanes: readonly T[], none: T) => readonly T[],
  ): PlainValue =>
    values[inputs[0]!.op]!.type === 'bits'
      ? bits(inputs.map((ref) => move(plane(ref), 0)))
      : field(inputs.map((ref) => move(vector(ref), 0n)))

  switch (operator.kind) {
    case 'load-bits': {
      const codes = columnOf(columns, operator.column).codes
      const planes = range(operator.planes).map((i) =>
        codes.map((code) => Number((BigInt(code ?? 0) >> BigInt(i)) & 1n)),
      )
      if (operator.validity) planes.push(codes.map((code) => (code === null ? 0 : 1)))
      return bits(planes)
    }
    case 'load-match':
    case 'load-beside':
      throw new RangeError('that is loaded elsewhere')
    case 'load-field':
      return field([
        columnOf(columns, operator.column).values.map((value) => mod(BigInt(value ?? 0))),
      ])
    case 'circuit': {
      const inputs = operator.inputs.map(plane)
      const lanes = range(inputs[0]!.length).map((lane) =>
        evaluatePlain(
          operator.circuit,
          inputs.map((input) => input[lane]!),
        ),
      )
      return bits(operator.circuit.outputs.map((_, part) => lanes.map((lane) => lane[part]!)))
    }
    case 'bit-to-field':
      return field(operator.inputs.map((ref) => plane(ref).map(BigInt)))
    case 'multiply':
      return field(
        operator.pairs.map(([left, right]) => {
          const ys = vector(right)
          return vector(left).map((x, i) => mod(x * ys[i]!))
        }),
      )
    case 'dot':
      return field([
        operator.pairs.map(([left, right]) => {
          const ys = vector(right)
          return mod(vector(left).reduce((sum, x, i) => sum + x * ys[i]!, 0n))
        }),
      ])
    case 'total':
      return field([operator.inputs.map((ref) => mod(vector(ref).reduce((sum, x) => sum + x, 0n)))])
    case 'any-row': {
      const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
      return bits(
        operator.inputs.map((ref) => {
          const any = Array.from({ length: members }, () => 0)
          plane(ref).forEach((one, row) => {
            any[memberOfRow[row]!]! |= one
          })
          return any
        }),
      )
    }
    case 'member-sum': {
      const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
      return field(
        operator.inputs.map((ref) => {
          const sums = Array.from({ length: members }, () => 0n)
          vector(ref).forEach((value, row) => {
            sums[memberOfRow[row]!] = mod(sums[memberOfRow[row]!]! + value)
          })
          return sums
        }),
      )
    }
    case 'member-reduce': {
      const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
      const outputs = range(members).map((one) => {
        let rows = range(memberOfRow.length)
          .filter((row) => memberOfRow[row] === one)
          .map((row) => operator.inputs.map((ref) => plane(ref)[row]!))
        for (const circuit of operator.circuits) {
          rows = range(Math.ceil(rows.length / 2)).map((k) => {
            const [first, second] = [rows[2 * k]!, rows[2 * k + 1]]
            return second === undefined
              ? circuit.outputs.map((_, i) => first[i] ?? 0)
              : evaluatePlain(circuit, [...first, ...second])
          })
        }
        return rows[0]!
      })
      const parts = operator.circuits.at(-1)?.outputs.length ?? operator.inputs.length
      return bits(range(parts).map((i) => outputs.map((planes) => planes[i]!)))
    }
    case 'popcount': {
      const counts = operator.inputs.map((ref) => plane(ref).reduce((sum, one) => sum + one, 0))
      return bits(
        range(operator.width).map((i) => counts.map((count) => Math.floor(count / 2 ** i) % 2)),
      )
    }
    case 'count':
      return field([
        operator.inputs.map((ref) => BigInt(plane(ref).reduce((sum, one) => sum + one, 0))),
      ])
    case 'constant':
      return field([operator.lanes.map((lane) => mod(BigInt(lane)))])
    case 'extreme':
      return choose(
        operator.choices.map(({ planes, among, largest }) => {
          const numbers = admitted(planes.map(plane), plane(among))
          return largest ? numbers.at(-1) : numbers[0]
        }),
        operator.choices.map(({ largest }) => largest),
        Math.max(...operator.choices.map(({ planes }) => planes.length)),
      )
    case 'select': {
      const ranks = operator.choices.map(({ among, times, plus, over }) => {
        const count = plane(among).reduce((sum, one) => sum + one, 0)
        return Math.floor((times * count + plus) / over)
      })
      return choose(
        operator.choices.map(({ planes, among }, k) =>
          ranks[k] === 0 ? undefined : admitted(planes.map(plane), plane(among))[ranks[k]! - 1],
        ),
        ranks.map((rank) => rank === 0),
        Math.max(...operator.choices.map(({ planes }) => planes.length)),
      )
    }
    case 'sort': {
      const planes = operator.inputs.map(plane)
      const keyOf = (row: number): number =>
        planes.slice(0, operator.key).reduce((sum, bits, i) => sum + bits[row]! * 2 ** i, 0)
      const order = planes[0]!.map((_, row) => row).toSorted((a, b) => keyOf(a) - keyOf(b) || a - b)
      return bits(planes.map((all) => order.map((row) => all[row]!)))
    }
    case 'enumerate': {
      let combinations: readonly number[][] = [[]]
      for (const size of operator.sizes) {
        combinations = combinations.flatMap((digits) =>
          range(size).map((digit) => digits.concat(digit)),
        )
      }
      const planes = operator.sizes.map((size, k) =>
        range(widthBelow(size)).map((i) => combinations.map((digits) => (digits[k]! >> i) & 1)),
      )
      return bits(planes.toReversed().flat())
    }
    case 'member-number': {
      const numbers = [...memberOfRow].toSorted((a, b) => a - b)
      const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
      return bits(range(widthBelow(members + 1)).map((i) => numbers.map((one) => (one >> i) & 1)))
    }
    case 'member-place': {
      const sorted = [...memberOfRow].toSorted((a, b) => a - b)
      const places = sorted.map((member, row) => row - sorted.indexOf(member))
      const most = places.reduce((max, place) => Math.max(max, place + 1), 0)
      return bits(
        range(Math.max(1, widthBelow(most))).map((i) => places.map((one) => (one >> i) & 1)),
      )
    }
    case 'member-sort': {
      const planes = operator.inputs.map(plane)
      const member = [...memberOfRow].toSorted((a, b) => a - b)
      const keyOf = (row: number): number =>
        planes.slice(0, operator.key).reduce((sum, bits, i) => sum + bits[row]! * 2 ** i, 0)
      const order = range(member.length).toSorted(
        (a, b) => member[a]! - member[b]! || keyOf(a) - keyOf(b) || a - b,
      )
      return bits(planes.map((all) => order.map((row) => all[row]!)))
    }
    case 'member-rows': {
      const members = memberOfRow.reduce((most, member) => Math.max(most, member + 1), 0)
      const counts = range(members).map((one) => memberOfRow.filter((of) => of === one).length)
      return bits(
        range(widthBelow(Math.max(1, ...counts) + 1)).map((i) =>
          counts.map((one) => (one >> i) & 1),
        ),
      )
    }
    case 'append': {
      const byMember = range(memberOfRow.length).toSorted(
        (a, b) => memberOfRow[a]! - memberOfRow[b]! || a - b,
      )
      const lanesOf = <T>(
        piece: Piece,
        part: (ref: Ref) => readonly T[],
        known: T,
      ): readonly T[] => {
        if (!('op' in piece)) return Array.from({ length: piece.lanes }, () => known)
        const lanes = part(piece)
        return values[piece.op]!.rows === true ? byMember.map((row) => lanes[row]!) : lanes
      }
      const first = operator.parts.flat().find((piece) => 'op' in piece)!
      return values[first.op]!.type === 'bits'
        ? bits(
            operator.parts.map((pieces) =>
              pieces.flatMap((piece) =>
                lanesOf(piece, plane, 'op' in piece ? 0 : Number(piece.value)),
              ),
            ),
          )
        : field(
            operator.parts.map((pieces) =>
              pieces.flatMap((piece) =>
                lanesOf(piece, vector, 'op' in piece ? 0n : mod(BigInt(piece.value))),
              ),
            ),
          )
    }
    case 'shift':
      return rearranged(operator.inputs, (lanes, none) =>
        lanes.map((_, i) => lanes[i - operator.by] ?? none),
      )
    case 'slice':
      return rearranged(operator.inputs, (lanes) => lanes.slice(operator.from, operator.to))
    case 'prefix-sum':
      if (values[operator.inputs[0]!.op]!.type === 'bits') {
        return bits(
          operator.inputs.map((ref) => {
            let sum = 0
            return plane(ref).map((bit) => (sum ^= bit))
          }),
        )
      }
      return field(
        operator.inputs.map((ref) => {
          let sum = 0n
          return vector(ref).map((value) => (sum = mod(sum + value)))
        }),
      )
    case 'permute': {
      const order = plane(operator.order[0]!).map((_, lane) =>
        operator.order.reduce((sum, ref, i) => sum + plane(ref)[lane]! * 2 ** i, 0),
      )
      if (operator.direction === 'from') {
        return rearranged(operator.inputs, (lanes) => order.map((from) => lanes[from]!))
      }
      return rearranged(operator.inputs, (lanes) =>
        range(order.length).map((lane) => lanes[order.indexOf(lane)]!),
      )
    }
    case 'compact': {
      const flags = plane(operator.flag)
      return rearranged(operator.inputs, (lanes) => lanes.filter((_, i) => flags[i] === 1))
    }
    case 'combine': {
      const inputs = operator.inputs.map(vector)
      return field([
        inputs[0]!.map((_, lane) =>
          mod(
            inputs.reduce(
              (sum, input, i) => sum + BigInt(operator.coefficients[i]!) * input[lane]!,
              BigInt(operator.constant ?? 0),
            ),
          ),
        ),
      ])
    }
    case 'less-than-zero':
      return bits(operator.inputs.map((ref) => vector(ref).map((a) => (a > P / 2n ? 1 : 0))))
    case 'equals-zero':
      return bits(operator.inputs.map((ref) => vector(ref).map((a) => (a === 0n ? 1 : 0))))
    case 'field-to-bits':
      return bits(
        operator.inputs.flatMap((ref) =>
          range(operator.width).map((i) => vector(ref).map((a) => Number((a >> BigInt(i)) & 1n))),
        ),
      )
    case 'gather': {
      const first = operator.lanes[0]!
      return values[first.from.op]!.type === 'bits'
        ? bits([operator.lanes.map(({ from, lane }) => plane(from)[lane]!)])
        : field([operator.lanes.map(({ from, lane }) => vector(from)[lane]!)])
    }
    case 'pick': {
      const { inputs, lanes } = operator
      const picked = <T>(of: readonly T[], none: T): T[] =>
        lanes.map((lane) => (lane === null ? none : of[lane]!))
      return values[inputs[0]!.op]!.type === 'bits'
        ? bits(inputs.map((ref) => picked(plane(ref), 0)))
        : field(inputs.map((ref) => picked(vector(ref), 0n)))
    }
    case 'table':
      throw new RangeError('a table ends a section')
    case 'output':
      break
  }
  return field(operator.inputs.map(vector))
}

/** The numbers in the lanes whose filter is 1, ascending. */
function admitted(planes: readonly (readonly number[])[], among: readonly number[]): bigint[] {
  const numbers = among.flatMap((one, lane) =>
    one === 1
      ? [planes.reduce((number, plane, i) => number + (BigInt(plane[lane]!) << BigInt(i)), 0n)]
      : [],
  )
  return numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

/** Chosen numbers as planes; what there is not is 0 or all ones. */
function choose(
  chosen: readonly (bigint | undefined)[],
  elseZero: readonly boolean[],
  width: number,
): PlainValue {
  const numbers = chosen.map(
    (number, k) => number ?? (elseZero[k]! ? 0n : 2n ** BigInt(width) - 1n),
  )
  const parts = range(width).map((i) => numbers.map((number) => Number((number >> BigInt(i)) & 1n)))
  return { type: 'bits', parts }
}

function columnOf(columns: Readonly<Record<string, PlainColumn>>, name: string): PlainColumn {
  const column = columns[name]
  if (column === undefined) throw new RangeError(`no column ${name}`)
  return column
}

/** ceil(log2 size) */
function widthBelow(size: number): number {
  let width = 0
  while (2 ** width < size) width++
  return width
}

function mod(value: bigint): bigint {
  return ((value % P) + P) % P
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}
