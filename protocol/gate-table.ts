/**
 * Gates under construction, as numbers in flat arrays: what each node is of, and which node computes a given pair. Planning
 * tries millions of gates and takes most of them back, so neither costs an object or a text.
 */

export const GATE = { constant: 0, input: 1, xor: 2, and: 3 } as const

export type GateKind = (typeof GATE)[keyof typeof GATE]

/** Slots of the table at the start; a power of two. */
const FIRST_SLOTS = 1024

export class GateTable {
  /** By node: its kind; the wires it is of, or the number of an input. */
  readonly kinds: number[] = []
  readonly as: number[] = []
  readonly bs: number[] = []
  /** Nodes + 1 by the hash of their kind and operands without complements; 0 is free. Linear probing. */
  #slots = new Int32Array(FIRST_SLOTS)
  #gates = 0

  get nodes(): number {
    return this.kinds.length
  }

  /** The XOR or AND of two wires, their complements aside; -1 if there is none. */
  find(kind: GateKind, a: number, b: number): number {
    const at = this.#slots[this.#slotOf(kind, a, b)]!
    return at - 1
  }

  /** Adds a node that is not there. */
  push(kind: GateKind, a: number, b: number): number {
    const node = this.kinds.length
    this.kinds.push(kind)
    this.as.push(a)
    this.bs.push(b)
    if (kind === GATE.xor || kind === GATE.and) {
      if (2 * ++this.#gates > this.#slots.length) this.#grow()
      else this.#slots[this.#slotOf(kind, a, b)] = node + 1
    }
    return node
  }

  /** Takes back the last node. */
  pop(): GateKind {
    const node = this.kinds.length - 1
    const kind = this.kinds[node] as GateKind
    if (kind === GATE.xor || kind === GATE.and) {
      // The last one in: no other was placed behind it because of it.
      this.#slots[this.#slotOf(kind, this.as[node]!, this.bs[node]!)] = 0
      this.#gates--
    }
    this.kinds.length = this.as.length = this.bs.length = node
    return kind
  }

  /** Where the gate stands, or would. */
  #slotOf(kind: GateKind, a: number, b: number): number {
    const { kinds, as, bs } = this
    const slots = this.#slots
    const mask = slots.length - 1
    const [x, y] = [a >> 1, b >> 1]
    let slot = (Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca6b) ^ kind) >>> 0
    slot = (slot ^ (slot >>> 15)) & mask
    for (;;) {
      const node = slots[slot]! - 1
      if (node < 0) return slot
      if (kinds[node] === kind && as[node]! >> 1 === x && bs[node]! >> 1 === y) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    this.#slots = new Int32Array(2 * this.#slots.length)
    for (let node = 0; node < this.kinds.length; node++) {
      const kind = this.kinds[node] as GateKind
      if (kind !== GATE.xor && kind !== GATE.and) continue
      this.#slots[this.#slotOf(kind, this.as[node]!, this.bs[node]!)] = node + 1
    }
  }
}
