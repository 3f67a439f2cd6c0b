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

type Node =
  | { readonly kind: 'constant' }
  | { readonly kind: 'input'; readonly index: number }
  | { readonly kind: 'xor' | 'and'; readonly a: Wire; readonly b: Wire; readonly key: string }

export class CircuitBuilder {
  #nodes: Node[] = [{ kind: 'constant' }]
  /** AND depth per node. */
  #depths: number[] = [0]
  #known = new Map<string, number>()
  #inputs = 0
  #ands = 0

  /** Adds the next input plane. */
  input(): Wire {
    return this.#push({ kind: 'input', index: this.#inputs++ }, 0)
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
    for (const [one, other] of [
      [low, high],
      [high, low],
    ] as const) {
      const node = this.#nodes[one >> 1]!
      if (node.kind !== 'xor') continue
      if (node.a === other) return node.b ^ complement
      if (node.b === other) return node.a ^ complement
    }
    const depth = Math.max(this.depth(low), this.depth(high))
    return this.#gate('xor', low, high, depth) ^ complement
  }

  and(a: Wire, b: Wire): Wire {
    const [low, high] = ordered(a, b)
    if (low === FALSE || low === (high ^ 1)) return FALSE
    if (low === TRUE || low === high) return high
    const simpler = this.#simplerAnd(low, high)
    if (simpler !== undefined) return simpler
    const known = this.#known.get(gateKey('and', low, high))
    if (known === undefined) {
      this.#ands++
      return this.#gate('and', low, high, Math.max(this.depth(low), this.depth(high)) + 1)
    }
    const node = this.#nodes[known]!
    if (node.kind !== 'and') throw new Error('unreachable')
    // With g = u AND v built: (NOT u)v = v^g, u(NOT v) = u^g, (NOT u)(NOT v) = 1^u^v^g.
    const g = known << 1
    if (node.a === low && node.b === high) return g
    if (node.b === high) return this.xor(high, g)
    if (node.a === low) return this.xor(low, g)
    return this.xor(this.xor(node.a, node.b), g) ^ 1
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
    const nodes = this.#nodes.length
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
    const node = this.#nodes[wire >> 1]!
    const odd = (wire & 1) === 1
    if (node.kind === 'and') return { u: node.a, v: node.b, complement: odd }
    if (node.kind !== 'xor') return undefined
    for (const [gate, other] of [
      [node.a, node.b],
      [node.b, node.a],
    ] as const) {
      const and = this.#nodes[gate >> 1]!
      if (and.kind !== 'and') continue
      for (const [p, q] of [
        [and.a, and.b],
        [and.b, and.a],
      ] as const) {
        // p XOR pq = p AND NOT q
        if (p === other) return { u: p, v: q ^ 1, complement: odd }
        // NOT p XOR pq = NOT (p AND NOT q)
        if (p === (other ^ 1)) return { u: p, v: q ^ 1, complement: !odd }
      }
      const sum = this.#nodes[other >> 1]!
      if (sum.kind !== 'xor') continue
      const [low, high] = ordered(and.a & ~1, and.b & ~1)
      if (sum.a !== low || sum.b !== high) continue
      // p XOR q XOR pq = NOT (NOT p AND NOT q)
      const flips = ((and.a ^ and.b) & 1) === 1
      return { u: and.a ^ 1, v: and.b ^ 1, complement: odd === flips }
    }
    return undefined
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
    const costs = candidates.map((build) => {
      const before = { nodes: this.#nodes.length, ands: this.#ands }
      const depth = this.depth(build())
      const ands = this.#ands - before.ands
      this.#rollBack(before.nodes)
      return { ands, depth, build }
    })
    costs.sort((x, y) => x.ands - y.ands || x.depth - y.depth)
    const best = costs[0]
    if (best === undefined) throw new TypeError('no candidate')
    return best.build()
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
    this.#nodes.forEach((node, index) => {
      if (node.kind === 'input') numbers.set(index << 1, 2 + node.index)
      if (!needed[index] || node.kind === 'input' || node.kind === 'constant') return
      const a = numberOf(node.a)
      const b = numberOf(node.b)
      numbers.set(index << 1, emit([node.kind === 'and' ? 1 : 0, a, b]))
    })
    const outputWires = outputs.map(numberOf)
    return { inputs: this.#inputs, gates, outputs: outputWires }
  }

  #needed(outputs: readonly Wire[]): Uint8Array {
    const needed = new Uint8Array(this.#nodes.length)
    for (const wire of outputs) needed[wire >> 1] = 1
    for (let index = this.#nodes.length - 1; index >= 0; index--) {
      const node = this.#nodes[index]!
      if (!needed[index] || node.kind === 'input' || node.kind === 'constant') continue
      needed[node.a >> 1] = 1
      needed[node.b >> 1] = 1
    }
    return needed
  }

  #gate(kind: 'xor' | 'and', a: Wire, b: Wire, depth: number): Wire {
    const key = gateKey(kind, a, b)
    const known = this.#known.get(key)
    if (known !== undefined) return known << 1
    const wire = this.#push({ kind, a, b, key }, depth)
    this.#known.set(key, wire >> 1)
    return wire
  }

  #push(node: Node, depth: number): Wire {
    this.#depths.push(depth)
    return (this.#nodes.push(node) - 1) << 1
  }

  #rollBack(nodes: number): void {
    for (const node of this.#nodes.splice(nodes)) {
      if (node.kind === 'input') this.#inputs--
      if (node.kind === 'and') this.#ands--
      if (node.kind === 'xor' || node.kind === 'and') this.#known.delete(node.key)
    }
    this.#depths.length = nodes
  }
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

/** A gate is known by its operands without their complements. */
function gateKey(kind: 'xor' | 'and', a: Wire, b: Wire): string {
  return `${kind}:${a >> 1}:${b >> 1}`
}

function ordered(a: Wire, b: Wire): readonly [Wire, Wire] {
  return a <= b ? [a, b] : [b, a]
}
