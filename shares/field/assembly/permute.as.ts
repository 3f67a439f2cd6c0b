// Moving 64-bit words by public index lists (AssemblyScript): gathering and scattering check every index.

/**
 * Word k of o = word indices[k] of a, for k < count. `o` must not overlap `a`.
 * Returns the first k with indices[k] >= words (words of a), else count.
 */
export function wordGather(o: usize, a: usize, words: u32, indices: usize, count: u32): u32 {
  for (let k: u32 = 0; k < count; k++) {
    const i = load<u32>(indices + (<usize>k << 2))
    if (i >= words) return k
    store<u64>(o + (<usize>k << 3), load<u64>(a + (<usize>i << 3)))
  }
  return count
}

/**
 * Word indices[k] of o = word k of a, for k < count. `o` must not overlap `a`.
 * Returns the first k with indices[k] >= words (words of o), else count.
 */
export function wordScatter(o: usize, words: u32, a: usize, indices: usize, count: u32): u32 {
  for (let k: u32 = 0; k < count; k++) {
    const i = load<u32>(indices + (<usize>k << 2))
    if (i >= words) return k
    store<u64>(o + (<usize>i << 3), load<u64>(a + (<usize>k << 3)))
  }
  return count
}
