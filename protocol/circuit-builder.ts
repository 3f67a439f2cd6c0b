/**
 * Builds boolean circuits with as few ANDs as possible: XOR and NOT are free in the protocol, an AND
 * costs a bit per lane and party and adds to the rounds. Equal gates are built once (hash-consing),
 * constants are folded, and of the four ANDs of a, b and their complements only one is built: the
 * other three are XORs away, since a AND NOT b = a XOR (a AND b). What one operand of an AND says about the
 * other is used, two gates deep: a AND (a OR b) is a, (a AND b) OR (a AND NOT b) too (the rules that never
 * add a gate of Brummayer, Biere, "Local two-level And-Inverter Graph minimization without blowup", 2006).
 *
 * Gadgets (comparison, sets of codes, adders) are in circuit-gadgets.ts.
 */
import type { Circuit, Gate } from './circuit.ts'
import { GATE, GateTable } from './gate-table.ts'
import type { GateKind } from './gate-table.ts'

/**
 * A wire of a circuit under construction: 2*node + complement, so that 0 and 1 are the constants and
 * `wire ^ 1` is NOT. These are the builder's own numbers; `build` renumbers.
 */
export type Wire = number

/** A number held bit by bit: wires, least significant first. */
export type Planes = readonly Wire[]

export const FALSE: Wire = 0
export const TRUE: Wire = 1

/** Most operands of an AND among which pairs are sought that cost nothing. */
const MAX_PAIRED = 16

export class CircuitBuilder {
  readonly #gates = new GateTable()
  /** AND depth per node. */
  #depths: number[] = []
  #inputs = 0
  #ands = 0

  /** How many nodes may still be tried. */
  #left: number
  readonly #exceeded: () => Error

  /**
   * @param most nodes that are tried, those included that are taken back
   * @param exceeded what is thrown beyond that
   */
  constructor(most = Infinity, exceeded = (): Error => new RangeError('too many gates')) {
    this.#left = most
    this.#exceeded = exceeded
    this.#push(GATE.constant, 0, 0, 0)
  }

  /** Adds the next input plane. */
  input(): Wire {
    return this.#push(GATE.input, this.#inputs++, 0, 0)
  }

  /** Adds `count` input planes. */
  inputs(count: number): Wire[] {
    return Array.from({ length: count }, () => this.input())
  }

  constant(bit: boolean): Wire {
    return bit ? TRUE : FALSE
  }

  not(a: Wire): Wire {
    return a ^ 1
  }

  xor(a: Wire, b: Wire): Wire {
    // NOT moves to the outside: one gate stands for all four complements.
    const complement = (a ^ b) & 1
    const [low, high] = ordered(a & ~1, b & ~1)
    if (low === high) return complement
    if (low === FALSE) return high ^ complement
    const rest = this.#without(low, high) ?? this.#without(high, low)
    if (rest !== undefined) return rest ^ complement
    const known = this.#gates.find(GATE.xor, low, high)
    if (known >= 0) return (known << 1) ^ complement
    const depth = Math.max(this.depth(low), this.depth(high))
    return this.#push(GATE.xor, low, high, depth) ^ complement
  }

  /** The other operand of an XOR, if one is `part`. */
  #without(xor: Wire, part: Wire): Wire | undefined {
    const { kinds, as, bs } = this.#gates
    const node = xor >> 1
    if (kinds[node] !== GATE.xor) return undefined
    if (as[node] === part) return bs[node]!
    return bs[node] === part ? as[node]! : undefined
  }

  and(a: Wire, b: Wire): Wire {
    const [low, high] = ordered(a, b)
    if (low === FALSE || low === (high ^ 1)) return FALSE
    if (low === TRUE || low === high) return high
    const simpler = this.#simplerAnd(low, high)
    if (simpler !== undefined) return simpler
    const known = this.#gates.find(GATE.and, low, high)
    if (known < 0) {
      this.#ands++
      return this.#push(GATE.and, low, high, Math.max(this.depth(low), this.depth(high)) + 1)
    }
    const [u, v] = [this.#gates.as[known]!, this.#gates.bs[known]!]
    // With g = u AND v built: (NOT u)v = v^g, u(NOT v) = u^g, (NOT u)(NOT v) = 1^u^v^g.
    const g = known << 1
    if (u === low && v === high) return g
    if (v === high) return this.xor(high, g)
    if (u === low) return this.xor(low, g)
    return this.xor(this.xor(u, v), g) ^ 1
  }

  /** Replaces pairs by their AND where that takes no gate and does not come later than the last of all. */
  #joinForFree(wires: Wire[]): void {
    const latest = Math.max(0, ...wires.map((wire) => this.depth(wire)))
    for (let j = 1; j < wires.length; j++) {
      for (let i = 0; i < j; i++) {
        const joined = this.#freeAnd(wires[i]!, wires[j]!)
        if (joined === undefined || this.depth(joined) > latest) continue
        wires.splice(j, 1)
        wires[i] = joined
        // What it is now may join those before it.
        j = 0
        break
      }
    }
  }

  /** x AND y if it is a constant, one of them, or built. */
  #freeAnd(x: Wire, y: Wire): Wire | undefined {
    const ands = this.#ands
    const { nodes } = this.#gates
    const wire = this.and(x, y)
    if (this.#ands === ands) return wire
    this.#rollBack(nodes)
    return undefined
  }

  /** x AND y without a gate of its own, if one of them decides what the other may be. */
  #simplerAnd(x: Wire, y: Wire): Wire | undefined {
    const [left, right] = [this.#asAnd(x), this.#asAnd(y)]
    return (
      this.#underOther(left, x, y) ??
      this.#underOther(right, y, x) ??
      besideOther(left, right, x, y)
    )
  }

  /** `product` AND other, where the product (or its complement) is a known AND. */
  #underOther(of: Product | undefined, product: Wire, other: Wire): Wire | undefined {
    if (of === undefined) return undefined
    const { u, v, complement } = of
    if (other === (u ^ 1) || other === (v ^ 1)) return complement ? other : FALSE
    if (other !== u && other !== v) return undefined
    return complement ? this.and(other, (other === u ? v : u) ^ 1) : product
  }

  /** A wire as an AND or the complement of one: also where it is an XOR away from the gate. */
  #asAnd(wire: Wire): Product | undefined {
    const { kinds, as, bs } = this.#gates
    const node = wire >> 1
    const odd = (wire & 1) === 1
    const [a, b] = [as[node]!, bs[node]!]
    if (kinds[node] === GATE.and) return { u: a, v: b, complement: odd }
    if (kinds[node] !== GATE.xor) return undefined
    return this.#sumAsAnd(a, b, odd) ?? this.#sumAsAnd(b, a, odd)
  }

  /** gate XOR other as an AND, where the gate is one. */
  #sumAsAnd(gate: Wire, other: Wire, odd: boolean): Product | undefined {
    const { kinds, as, bs } = this.#gates
    const and = gate >> 1
    if (kinds[and] !== GATE.and) return undefined
    const [p, q] = [as[and]!, bs[and]!]
    // p XOR pq = p AND NOT q
    if (p === other) return { u: p, v: q ^ 1, complement: odd }
    // NOT p XOR pq = NOT (p AND NOT q)
    if (p === (other ^ 1)) return { u: p, v: q ^ 1, complement: !odd }
    if (q === other) return { u: q, v: p ^ 1, complement: odd }
    if (q === (other ^ 1)) return { u: q, v: p ^ 1, complement: !odd }
    const sum = other >> 1
    if (kinds[sum] !== GATE.xor) return undefined
    const [low, high] = ordered(p & ~1, q & ~1)
    if (as[sum] !== low || bs[sum] !== high) return undefined
    // p XOR q XOR pq = NOT (NOT p AND NOT q)
    const flips = ((p ^ q) & 1) === 1
    return { u: p ^ 1, v: q ^ 1, complement: odd === flips }
  }

  or(a: Wire, b: Wire): Wire {
    return this.and(a ^ 1, b ^ 1) ^ 1
  }

  /** condition ? whenTrue : whenFalse, one AND. */
  mux(condition: Wire, whenTrue: Wire, whenFalse: Wire): Wire {
    return this.xor(whenFalse, this.and(condition, this.xor(whenTrue, whenFalse)))
  }

  xorMany(wires: readonly Wire[]): Wire {
    return wires.reduce((sum, wire) => this.xor(sum, wire), FALSE)
  }

  /** AND of all, in the least depth; TRUE if there are none. */
  andMany(wires: readonly Wire[]): Wire {
    // Two shallowest first (Huffman), ties by age: least depth, same on every node.
    const distinct = new Set(wires)
    distinct.delete(TRUE)
    const queue = [...distinct]
    if (queue.some((wire) => wire === FALSE || distinct.has(wire ^ 1))) return FALSE
    if (queue.length <= MAX_PAIRED) this.#joinForFree(queue)
    while (queue.length > 1) {
      queue.sort((x, y) => this.depth(x) - this.depth(y))
      queue.push(this.and(queue.shift()!, queue.shift()!))
    }
    return queue[0] ?? TRUE
  }

  /** OR of all, in the least depth; FALSE if there are none. */
  orMany(wires: readonly Wire[]): Wire {
    return this.andMany(wires.map((wire) => wire ^ 1)) ^ 1
  }

  /** AND depth of a wire: the round after which it is known. */
  depth(wire: Wire): number {
    return this.#depths[wire >> 1]!
  }

  /** ANDs built so far, used or not. */
  get ands(): number {
    return this.#ands
  }

  /**
   * Builds whichever candidate adds the fewest ANDs (then the least depth, then the first): candidates
   * are tried in turn and taken back, so that gates already there count as free.
   */
  cheapest(candidates: readonly (() => Wire)[]): Wire {
    const [first, ...others] = candidates
    if (first === undefined) throw new TypeError('no candidate')
    const before = { nodes: this.#gates.nodes, ands: this.#ands }
    const tried = (build: () => Wire): Tried => {
      this.#rollBack(before.nodes)
      const wire = build()
      return { build, wire, ands: this.#ands - before.ands, depth: this.depth(wire) }
    }
    let last = tried(first)
    let best = last
    for (const build of others) {
      last = tried(build)
      if (last.ands < best.ands || (last.ands === best.ands && last.depth < best.depth)) best = last
    }
    // The last one is there still.
    return best === last ? best.wire : tried(best.build).wire
  }

  /** The circuit that computes `outputs`, without gates that no output needs. All inputs are kept. */
  build(outputs: readonly Wire[]): Circuit {
    const needed = this.#needed(outputs)
    const gates: Gate[] = []
    const firstGate = 2 + this.#inputs
    const emit = (gate: Gate): number => firstGate + gates.push(gate) - 1
    const numbers = new Map<Wire, number>([
      [FALSE, 0],
      [TRUE, 1],
    ])
    const numberOf = (wire: Wire): number => {
      const known = numbers.get(wire)
      if (known !== undefined) return known
      const number = emit([0, numbers.get(wire ^ 1)!, 1])
      numbers.set(wire, number)
      return number
    }
    const { kinds, as, bs } = this.#gates
    kinds.forEach((kind, index) => {
      if (kind === GATE.input) numbers.set(index << 1, 2 + as[index]!)
      if (needed[index] === 0 || kind === GATE.input || kind === GATE.constant) return
      const a = numberOf(as[index]!)
      const b = numberOf(bs[index]!)
      numbers.set(index << 1, emit([kind === GATE.and ? 1 : 0, a, b]))
    })
    const outputWires = outputs.map(numberOf)
    return { inputs: this.#inputs, gates, outputs: outputWires }
  }

  #needed(outputs: readonly Wire[]): Uint8Array {
    const { nodes, kinds, as, bs } = this.#gates
    const needed = new Uint8Array(nodes)
    for (const wire of outputs) needed[wire >> 1] = 1
    for (let index = nodes - 1; index >= 0; index--) {
      const kind = kinds[index]
      if (needed[index] === 0 || kind === GATE.input || kind === GATE.constant) continue
      needed[as[index]! >> 1] = 1
      needed[bs[index]! >> 1] = 1
    }
    return needed
  }

  #push(kind: GateKind, a: number, b: number, depth: number): Wire {
    if (--this.#left < 0) throw this.#exceeded()
    this.#depths.push(depth)
    return this.#gates.push(kind, a, b) << 1
  }

  #rollBack(nodes: number): void {
    while (this.#gates.nodes > nodes) {
      const kind = this.#gates.pop()
      if (kind === GATE.input) this.#inputs--
      if (kind === GATE.and) this.#ands--
    }
    this.#depths.length = nodes
  }
}

/** A candidate as it was built. */
interface Tried {
  readonly build: () => Wire
  readonly wire: Wire
  readonly ands: number
  readonly depth: number
}

/** u AND v, or its complement. */
interface Product {
  readonly u: Wire
  readonly v: Wire
  readonly complement: boolean
}

/** x AND y, where both are products or complements of products. */
function besideOther(
  left: Product | undefined,
  right: Product | undefined,
  x: Wire,
  y: Wire,
): Wire | undefined {
  if (left === undefined || right === undefined) return undefined
  for (const [a, b] of [
    [left.u, left.v],
    [left.v, left.u],
  ] as const) {
    for (const [c, d] of [
      [right.u, right.v],
      [right.v, right.u],
    ] as const) {
      if (a === (c ^ 1)) {
        // ab and (NOT a)d exclude each other.
        if (!left.complement && !right.complement) return FALSE
        if (!left.complement) return x
        if (!right.complement) return y
      }
      // NOT (ab) AND NOT (a NOT b) = NOT a
      if (left.complement && right.complement && a === c && b === (d ^ 1)) return a ^ 1
    }
  }
  return undefined
}

function ordered(a: Wire, b: Wire): readonly [Wire, Wire] {
  return a <= b ? [a, b] : [b, a]
}
