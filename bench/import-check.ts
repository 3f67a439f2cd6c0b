/**
 * Opens what the share-nodes hold of an import, after they have ended: all shares of all nodes must agree,
 * and both encodings of each column must add up to what the file said.
 */
import { openLevelShareStore } from '../node/store/level-share-store.ts'
import { popcount } from '../shares/bits/plane.ts'
import { codecOf } from '../shares/column-codec.ts'
import { committee as committeeOf } from '../shares/committee.ts'
import { planeAt } from '../shares/encode.ts'
import { newArena, view, viewFp } from '../shares/field/memory.ts'
import type { Arena } from '../shares/field/memory.ts'
import { sum } from '../shares/field/vector.ts'
import { asBitShare, componentCount, reconstruct as openBits } from '../shares/replicated.ts'
import type { Schema } from '../shares/schema.ts'
import { asShamirShare, reconstruct as openField } from '../shares/shamir.ts'
import type { BlockKey, ShareStore } from '../shares/store.ts'

import type { CodeSums } from './import-data.ts'

/** @param directories of the stores, node 1 first. @throws Error if a column is not as it was in the file */
export async function checkImport(
  directories: readonly string[],
  schema: Schema,
  expected: CodeSums,
): Promise<void> {
  const stores = await Promise.all(directories.map(openLevelShareStore))
  try {
    const sums = new Map<string, bigint>()
    const keys = await stores[0]!.list({ dataset: schema.dataset })
    for (const key of keys.filter(({ column }) => !column.startsWith('#'))) {
      const name = `${key.column}/${key.encoding}`
      sums.set(name, (sums.get(name) ?? 0n) + (await sumOf(stores, schema, key)))
    }
    for (const column of schema.columns) {
      for (const encoding of ['field', 'bits']) {
        const found = sums.get(`${column.name}/${encoding}`)
        if (found === expected[column.name]) continue
        throw new Error(`${column.name}, ${encoding}: ${found}, not ${expected[column.name]}`)
      }
    }
  } finally {
    await Promise.all(stores.map((store) => store.close()))
  }
}

/** The sum of the codes of one block. All minima are 0: codes are field values. */
async function sumOf(
  stores: readonly ShareStore[],
  schema: Schema,
  key: BlockKey,
): Promise<bigint> {
  const blocks = await Promise.all(stores.map((store) => store.get(key)))
  const arena = newArena()
  try {
    return key.encoding === 'field'
      ? fieldSum(arena, blocks)
      : bitSum(arena, blocks, planesIn(schema, key))
  } finally {
    arena.release()
  }
}

function planesIn(schema: Schema, { column }: BlockKey): { codes: number; stored: number } {
  const found = schema.columns.find(({ name }) => name === column)!
  const codes = codecOf(found).planes
  return { codes, stored: codes + (found.nullable ? 1 : 0) }
}

function fieldSum(arena: Arena, blocks: readonly Uint8Array[]): bigint {
  const shares = blocks.map((bytes, i) => {
    const share = arena.elements(bytes.length / 8)
    viewFp(share).set(bytes)
    return { party: i + 1, share: asShamirShare(share) }
  })
  return sum(openField(arena, committeeOf(blocks.length), shares))
}

function bitSum(
  arena: Arena,
  blocks: readonly Uint8Array[],
  { codes, stored }: { codes: number; stored: number },
): bigint {
  const of = committeeOf(blocks.length)
  const shares = blocks.map((bytes, i) => {
    const block = arena.bytes(bytes.length)
    view(block).set(bytes)
    return { party: i + 1, share: asBitShare(block, componentCount(of)) }
  })
  const planes = openBits(arena, of, shares)
  const lanes = (planes.bytes / stored) * 8
  let total = 0n
  for (let k = 0; k < codes; k++) {
    total += BigInt(popcount(planeAt(planes, k, lanes))) << BigInt(k)
  }
  return total
}
