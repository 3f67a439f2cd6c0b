/** Typed arrays that grow as their contents come: by half, so that each element is moved twice on average. */

type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array
type Growing = Numbers | BigUint64Array

/** The array itself, or, if it has fewer than `length` elements, a larger one that begins as it does. */
export function grown<T extends Growing>(array: T, length: number): T {
  if (length <= array.length) return array
  const more = Math.max(length, Math.ceil(1.5 * array.length))
  const larger = new (array.constructor as new (elements: number) => T)(more)
  larger.set(array as never)
  return larger
}
