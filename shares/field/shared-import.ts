/**
 * The kernels for a shared memory. WebAssembly has two types of memory, and a module names the one that it
 * imports; the code is the same for both. So there is one compiled module, and this changes its import.
 */

/** In the module: imports (2) of 15 bytes, one of them, `env.memory`, a memory (2) of at least 0 pages. */
const IMPORT = [2, 15, 1, 3, ...ascii('env'), 6, ...ascii('memory'), 2, 0, 0]
/** Limits: shared, with a maximum. */
const SHARED_LIMITS = 3

/**
 * @param code of a module that imports `env.memory`, not shared, and nothing else
 * @returns the module that imports it shared, at least 0 pages and at most so many
 * @throws Error if the module's import is another
 */
export function sharedImport(code: Uint8Array, maximumPages: number): Uint8Array {
  const at = code.findIndex((_, start) => IMPORT.every((byte, k) => code[start + k] === byte))
  if (at < 0) throw new Error('the kernels import another memory than build.ts says')
  const maximum = unsignedLeb(maximumPages)
  const start = IMPORT.with(1, IMPORT[1]! + maximum.length).slice(0, -2)
  return Uint8Array.from([
    ...code.subarray(0, at),
    ...start,
    SHARED_LIMITS,
    0,
    ...maximum,
    ...code.subarray(at + IMPORT.length),
  ])
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0))
}

/** LEB128, the integers of WebAssembly. */
function unsignedLeb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsignedLeb(value >>> 7)]
}
