/** Circuits that depend on a size only, built once each. */
import type { Circuit } from './circuit.ts'

/** The same function, which remembers. @param build a pure function of a small number */
export function circuitFor(build: (size: number) => Circuit): (size: number) => Circuit {
  const built = new Map<number, Circuit>()
  return (size) => {
    let circuit = built.get(size)
    if (circuit === undefined) {
      circuit = build(size)
      built.set(size, circuit)
    }
    return circuit
  }
}
