/**
 * What has been opened as a permutation, checked and made a list of indices for kernels. Local.
 */
import { ShareholdError } from '../shares/errors.ts'
import { type Arena, type Block, view } from '../shares/field/memory.ts'

/**
 * Opened numbers as u32.
 * @param arena owns the result
 * @param words of 64 bits, one a lane, little endian
 * @throws ShareholdError SH_PROTOCOL_PERMUTATION if they are not the numbers below `lanes`, each once
 */
export function openedPermutation(arena: Arena, words: Block, lanes: number): Block {
  const indices = new Uint32Array(lanes)
  const seen = new Uint8Array(lanes)
  const halves = new Uint32Array(view(words).buffer, words.ptr, 2 * lanes)
  for (let row = 0; row < lanes; row++) {
    const place = halves[2 * row]!
    if (halves[2 * row + 1] !== 0 || place >= lanes || seen[place] === 1) throw noPermutation()
    seen[place] = 1
    indices[row] = place
  }
  return placeIndices(arena, indices)
}

/** Indices in kernel memory. */
export function placeIndices(arena: Arena, indices: Uint32Array): Block {
  const block = arena.bytes(4 * indices.length)
  view(block).set(new Uint8Array(indices.buffer, indices.byteOffset, indices.byteLength))
  return block
}

export function noPermutation(): ShareholdError {
  return new ShareholdError('SH_PROTOCOL_PERMUTATION', 'What was opened is no permutation.', {
    hint: 'A party has not kept to the protocol, or two have other inputs than the rest.',
  })
}
