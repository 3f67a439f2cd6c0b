/** What an MPC node keeps: never more than the limit, nothing that is in use is wiped, nothing of old versions. */
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { WarmColumns, type VersionId, type WarmColumn } from '../../node/warm-columns.ts'

const V1: VersionId = { dataset: 'trips', version: 1, note: 'v1' }
const V2: VersionId = { dataset: 'trips', version: 2, note: 'v2' }
const OTHER: VersionId = { dataset: 'people', version: 1, note: 'p1' }

/** Reserves, fills and keeps a column, and has done with it. */
function put(warm: WarmColumns, of: VersionId, name: string, bytes: number, sharing = 's1'): void {
  const column = warm.reserve(of, name, bytes)!
  column.chunks.push(new Uint8Array(bytes).fill(7))
  warm.keep(column, sharing)
  warm.release(column)
}

const isHeld = (warm: WarmColumns, of: VersionId, name: string): boolean => {
  const column = warm.use(of, name)
  if (column !== undefined) warm.release(column)
  return column !== undefined
}

test('gives back what it was given, under its name and sharing', () => {
  const warm = new WarmColumns(100)
  put(warm, V1, 'bits/seats', 40)
  const column = warm.use(V1, 'bits/seats')!
  expect(column.sharing).toBe('s1')
  expect(column.chunks).toEqual([new Uint8Array(40).fill(7)])
  expect(warm.use(V1, 'field/seats')).toBeUndefined()
  expect(warm.use(OTHER, 'bits/seats')).toBeUndefined()
})

test('what is not filled is not found, and its room is given back', () => {
  const warm = new WarmColumns(100)
  const column = warm.reserve(V1, 'bits/seats', 100)!
  expect(isHeld(warm, V1, 'bits/seats')).toBe(false)
  expect(warm.reserve(V1, 'field/seats', 1)).toBeUndefined()
  warm.release(column)
  expect(warm.bytes).toBe(0)
})

test('what was used longest ago makes room', () => {
  const warm = new WarmColumns(100)
  put(warm, V1, 'a', 40)
  put(warm, V1, 'b', 40)
  expect(isHeld(warm, V1, 'a')).toBe(true)
  put(warm, V1, 'c', 40)
  expect(['a', 'b', 'c'].map((name) => isHeld(warm, V1, name))).toEqual([true, false, true])
})

test('a newer version drops the older ones, and no other dataset', () => {
  const warm = new WarmColumns(100)
  put(warm, V1, 'a', 10)
  put(warm, OTHER, 'a', 10)
  warm.enter(V1)
  expect(isHeld(warm, V1, 'a')).toBe(true)
  warm.enter(V2)
  expect(isHeld(warm, V1, 'a')).toBe(false)
  expect(isHeld(warm, OTHER, 'a')).toBe(true)
  put(warm, V2, 'a', 10)
  warm.enter(V1)
  expect(isHeld(warm, V2, 'a')).toBe(true)
  // Another note of the same number is another version.
  warm.enter({ ...V2, note: 'v2 again' })
  expect(isHeld(warm, V2, 'a')).toBe(false)
})

test('what is dropped is wiped when its last user has done with it, not before', () => {
  const warm = new WarmColumns(100)
  put(warm, V1, 'a', 40)
  const first = warm.use(V1, 'a')!
  const second = warm.use(V1, 'a')!
  const [bytes] = first.chunks
  warm.enter(V2)
  expect(warm.use(V1, 'a')).toBeUndefined()
  warm.release(first)
  expect(bytes).toEqual(new Uint8Array(40).fill(7))
  expect(warm.bytes).toBe(40)
  warm.release(second)
  expect(bytes).toEqual(new Uint8Array(40))
  expect(warm.bytes).toBe(0)
})

test('a new sharing takes the place of the old one; one that was replaced can be discarded', () => {
  const warm = new WarmColumns(100)
  put(warm, V1, 'a', 40, 's1')
  const old = warm.use(V1, 'a')!
  put(warm, V1, 'a', 40, 's2')
  warm.discard(old)
  warm.release(old)
  expect(warm.use(V1, 'a')?.sharing).toBe('s2')
  expect(warm.bytes).toBe(40)
})

test('a limit of 0 keeps nothing', () => {
  const warm = new WarmColumns(0)
  expect(warm.reserve(V1, 'a', 1)).toBeUndefined()
})

test('whatever happens, it stays within its limit and wipes nothing that is in use', () => {
  const version = fc.constantFrom(V1, V2, OTHER)
  const name = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('enter'), version }),
    fc.record({ kind: fc.constant('use'), version, name }),
    fc.record({
      kind: fc.constant('reserve'),
      version,
      name,
      bytes: fc.integer({ min: 1, max: 60 }),
    }),
    fc.record({ kind: fc.constantFrom('keep', 'discard', 'release'), which: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const warm = new WarmColumns(100)
      const inUse: { column: WarmColumn; bytes: Uint8Array; kept: boolean }[] = []
      for (const one of steps) {
        if ('name' in one || one.kind === 'enter') {
          const { version: of } = one as { version: VersionId }
          if (one.kind === 'enter') warm.enter(of)
          else if ('bytes' in one) {
            const column = warm.reserve(of, one.name, one.bytes)
            const bytes = new Uint8Array(one.bytes).fill(9)
            column?.chunks.push(bytes)
            if (column !== undefined) inUse.push({ column, bytes, kept: false })
          } else {
            const column = warm.use(of, (one as { name: string }).name)
            if (column !== undefined) {
              inUse.push({ column, bytes: column.chunks[0]!, kept: true })
            }
          }
        } else if (inUse.length > 0) {
          const at = (one as { which: number }).which % inUse.length
          const mine = inUse[at]!
          if (one.kind === 'keep' && !mine.kept) {
            warm.keep(mine.column, 's')
            mine.kept = true
          } else if (one.kind === 'discard') warm.discard(mine.column)
          else if (one.kind === 'release') {
            warm.release(mine.column)
            inUse.splice(at, 1)
          }
        }
        expect(warm.bytes).toBeLessThanOrEqual(100)
        for (const { bytes } of inUse) expect(bytes[0]).toBe(9)
      }
      for (const { column } of inUse) warm.release(column)
      warm.enter({ ...V2, note: 'last' })
      warm.enter({ ...OTHER, note: 'last' })
      expect(warm.bytes).toBe(0)
    }),
  )
})
