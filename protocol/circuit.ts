/**
 * Boolean circuits over F_2, evaluated on whole bit-planes at once. Wires: 0 is the constant 0, 1 the
 * constant 1, then the inputs, then one wire per gate in order. XOR and NOT (XOR with wire 1) are
 * local; AND costs one bit per lane and party at n=3. All ANDs of equal AND depth share one round.
 */

/** [1, a, b] is a AND b; [0, a, b] is a XOR b. Operands have smaller wire numbers. */
export type Gate = readonly [kind: 0 | 1, a: number, b: number]

export interface Circuit {
  readonly inputs: number
  readonly gates: readonly Gate[]
  /** Output wires; may be constants or inputs. */
  readonly outputs: readonly number[]
}
