/** The rules of ShareStore as tests. Every implementation runs them: `shareStoreCompliance(name, open)`. */
import { describe, expect, it, type TestContext } from 'vitest'

import type { BlockKey, ShareStore } from '../../shares/store.ts'

export interface OpenStore {
  readonly store: ShareStore
  /** Opens the same data again as after a crash: without committing or closing politely. Absent if nothing persists. */
  readonly reopen?: () => Promise<ShareStore>
  readonly close: () => Promise<void>
}

const key = (part: Partial<BlockKey> = {}): BlockKey => ({
  dataset: 'trips',
  importId: 'one',
  column: 'fare',
  encoding: 'field',
  chunk: 0,
  ...part,
})

const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 255)

async function write(
  store: ShareStore,
  importId: string,
  keys: readonly BlockKey[],
): Promise<void> {
  const writer = await store.stage(importId)
  for (const [i, each] of keys.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- in order
    await writer.put(each, bytes(100 + i, i))
  }
  await writer.commit()
}

/**
 * @param open a new empty store for each test
 */
export function shareStoreCompliance(name: string, open: () => Promise<OpenStore>): void {
  const withStore =
    (run: (opened: OpenStore, context: TestContext) => Promise<void>) =>
    async (context: TestContext): Promise<void> => {
      const opened = await open()
      try {
        await run(opened, context)
      } finally {
        await opened.close()
      }
    }

  describe(`${name} as a ShareStore`, () => {
    it(
      'gives back what was committed, of any length, as the caller’s own copy',
      withStore(async ({ store }) => {
        const lengths = [0, 1, 65_535, 1_000_000]
        const writer = await store.stage('one')
        for (const [chunk, length] of lengths.entries()) {
          const block = bytes(length, chunk)
          // oxlint-disable-next-line no-await-in-loop -- in order
          await writer.put(key({ chunk }), block)
          block.fill(0)
        }
        await writer.commit()
        for (const [chunk, length] of lengths.entries()) {
          // oxlint-disable-next-line no-await-in-loop -- in order
          const got = await store.get(key({ chunk }))
          expect(Buffer.compare(got, bytes(length, chunk))).toBe(0)
          got.fill(1)
          // oxlint-disable-next-line no-await-in-loop -- in order
          expect(Buffer.compare(await store.get(key({ chunk })), bytes(length, chunk))).toBe(0)
        }
      }),
    )

    it(
      'shows nothing before commit and nothing after abort',
      withStore(async ({ store }) => {
        const writer = await store.stage('one')
        await writer.put(key(), bytes(10, 0))
        await expect(store.get(key())).rejects.toMatchObject({ code: 'SH_STORE_MISSING' })
        expect(await store.list({ dataset: 'trips' })).toEqual([])
        expect(await store.delete({ dataset: 'trips' })).toBe(0)
        await writer.abort()
        expect(await store.list({ dataset: 'trips' })).toEqual([])
        await write(store, 'one', [key({ chunk: 7 })])
        expect(await store.list({ dataset: 'trips' })).toEqual([key({ chunk: 7 })])
        await expect(store.get(key())).rejects.toMatchObject({ code: 'SH_STORE_MISSING' })
      }),
    )

    it(
      'drops what an earlier staging of the same import left, and finishes its writer',
      withStore(async ({ store }) => {
        const first = await store.stage('one')
        await first.put(key({ chunk: 1 }), bytes(10, 1))
        const second = await store.stage('one')
        await second.put(key({ chunk: 2 }), bytes(10, 2))
        await expect(first.put(key({ chunk: 3 }), bytes(1, 1))).rejects.toThrow(TypeError)
        await expect(first.commit()).rejects.toThrow(TypeError)
        await second.commit()
        expect(await store.list({ dataset: 'trips' })).toEqual([key({ chunk: 2 })])
      }),
    )

    it(
      'refuses to import twice under one id, until it is deleted',
      withStore(async ({ store }) => {
        await write(store, 'one', [key()])
        await expect(store.stage('one')).rejects.toMatchObject({ code: 'SH_STORE_EXISTS' })
        await write(store, 'two', [key({ importId: 'two' })])
        expect(await store.delete({ dataset: 'trips', importId: 'one' })).toBe(1)
        await write(store, 'one', [key({ chunk: 5 })])
        expect(await store.list({ dataset: 'trips' })).toEqual([
          key({ chunk: 5 }),
          key({ importId: 'two' }),
        ])
      }),
    )

    it(
      'refuses malformed keys, foreign blocks, repeated blocks and finished writers',
      withStore(async ({ store }) => {
        const writer = await store.stage('one')
        const put = (part: Partial<BlockKey>): Promise<void> => writer.put(key(part), bytes(1, 1))
        await expect(put({ importId: 'two' })).rejects.toThrow(TypeError)
        await expect(put({ column: '' })).rejects.toThrow(TypeError)
        await expect(put({ dataset: 'a\0b' })).rejects.toThrow(TypeError)
        await expect(put({ column: '\ud800' })).rejects.toThrow(TypeError)
        await expect(put({ chunk: -1 })).rejects.toThrow(TypeError)
        await expect(put({ chunk: 2 ** 32 })).rejects.toThrow(TypeError)
        await expect(put({ encoding: 'x' as 'bits' })).rejects.toThrow(TypeError)
        await put({})
        await expect(put({})).rejects.toThrow(TypeError)
        await writer.commit()
        await expect(put({ chunk: 1 })).rejects.toThrow(TypeError)
        await expect(writer.commit()).rejects.toThrow(TypeError)
        await writer.abort()
        expect(await store.list({ dataset: 'trips' })).toEqual([key()])
        await expect(store.stage('')).rejects.toThrow(TypeError)
      }),
    )

    it(
      'lists and deletes by prefix, in order, without touching neighbours',
      withStore(async ({ store }) => {
        // Names chosen so that a careless separator or a text sort of numbers would show.
        const keys = [
          key({ column: 'a', encoding: 'bits', chunk: 2 }),
          key({ column: 'a', encoding: 'bits', chunk: 10 }),
          key({ column: 'a', encoding: 'bits', chunk: 4_294_967_295 }),
          key({ column: 'a', encoding: 'field', chunk: 0 }),
          key({ column: 'a!', encoding: 'bits', chunk: 0 }),
          key({ column: 'a/bits', encoding: 'bits', chunk: 0 }),
          key({ column: 'ab', encoding: 'bits', chunk: 0 }),
        ]
        await write(store, 'one', keys.toReversed())
        const other = [
          key({ dataset: 'trip', importId: 'two' }),
          key({ dataset: 'trips!', importId: 'two' }),
          key({ dataset: 'trips2', importId: 'two' }),
        ]
        await write(store, 'two', other)
        expect(await store.list({ dataset: 'trips' })).toEqual(keys)
        expect(await store.list({ dataset: 'trips', importId: 'one', column: 'a' })).toEqual(
          keys.slice(0, 4),
        )
        const bits = { dataset: 'trips', importId: 'one', column: 'a', encoding: 'bits' } as const
        expect(await store.list(bits)).toEqual(keys.slice(0, 3))
        expect(await store.list({ dataset: 'trips', importId: 'on' })).toEqual([])
        expect(await store.delete(bits)).toBe(3)
        expect(await store.delete(bits)).toBe(0)
        expect(await store.list({ dataset: 'trips' })).toEqual(keys.slice(3))
        expect(await store.delete({ dataset: 'trips' })).toBe(4)
        for (const each of other) {
          // oxlint-disable-next-line no-await-in-loop -- in order
          expect(await store.list({ dataset: each.dataset })).toEqual([each])
        }
      }),
    )

    it(
      'keeps concurrent imports apart',
      withStore(async ({ store }) => {
        const ids = ['one', 'two', 'three']
        await Promise.all(
          ids.map((importId) =>
            write(store, importId, [key({ importId }), key({ importId, chunk: 1 })]),
          ),
        )
        const found = await store.list({ dataset: 'trips' })
        expect(found.length).toBe(6)
        expect(new Set(found.map((each) => each.importId))).toEqual(new Set(ids))
      }),
    )

    it(
      'has no effect when aborted',
      withStore(async ({ store }) => {
        const aborted = AbortSignal.abort(new Error('stop'))
        await expect(store.stage('one', aborted)).rejects.toThrow('stop')
        const writer = await store.stage('one')
        await expect(writer.put(key(), bytes(1, 1), aborted)).rejects.toThrow('stop')
        await writer.put(key({ chunk: 1 }), bytes(1, 1))
        await expect(writer.commit(aborted)).rejects.toThrow('stop')
        expect(await store.list({ dataset: 'trips' })).toEqual([])
        await writer.commit()
        await expect(store.get(key({ chunk: 1 }), aborted)).rejects.toThrow('stop')
        await expect(store.list({ dataset: 'trips' }, aborted)).rejects.toThrow('stop')
        await expect(store.delete({ dataset: 'trips' }, aborted)).rejects.toThrow('stop')
        expect(await store.list({ dataset: 'trips' })).toEqual([key({ chunk: 1 })])
      }),
    )

    it(
      'keeps committed imports over a crash, and only those',
      withStore(async ({ store, reopen }, context) => {
        if (reopen === undefined) {
          context.skip('this store keeps nothing')
          return
        }
        await write(store, 'one', [key()])
        const writer = await store.stage('two')
        await writer.put(key({ importId: 'two' }), bytes(10, 2))
        await write(store, 'three', [key({ importId: 'three' })])
        await store.delete({ dataset: 'trips', importId: 'three' })
        const again = await reopen()
        expect(await again.list({ dataset: 'trips' })).toEqual([key()])
        expect(Buffer.compare(await again.get(key()), bytes(100, 0))).toBe(0)
        await write(again, 'two', [key({ importId: 'two', chunk: 9 })])
        expect(await again.list({ dataset: 'trips', importId: 'two' })).toEqual([
          key({ importId: 'two', chunk: 9 }),
        ])
      }),
    )
  })
}
