import { describe, expect, it } from 'vitest'

import { openCheckpoint } from '../../../protocol/ledger/checkpoint.ts'
import { encodeEntry } from '../../../protocol/ledger/entry.ts'
import { type LedgerFiles, memoryFiles } from '../../../protocol/ledger/files.ts'
import { Log } from '../../../protocol/ledger/log.ts'
import { keyFromSeed, signNote } from '../../../protocol/ledger/note.ts'
import { bundlePath, tilePath, tilesOfLevel, tilesOfTree } from '../../../protocol/ledger/tiles.ts'
import { leafHash, verifyConsistency, verifyInclusion } from '../../../shares/merkle.ts'

import { hash } from './hash.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const { skey, vkey } = keyFromSeed('log.example/ledger', new Uint8Array(32).fill(1))
const author = keyFromSeed('author.example', new Uint8Array(32).fill(2))
const first = signNote('note\n', [author.skey])
/** Notes with distinct texts; the signature is not what the log looks at, so it is signed once. */
const note = (i: number) => first.replace('note\n', `note ${i}\n`)
const notes = (n: number, from = 0) => Array.from({ length: n }, (_, i) => note(from + i))
const open = (files: LedgerFiles) => Log.open({ files, skey, hash })

describe('log', () => {
  it('starts empty, with a signed checkpoint', async () => {
    const files = memoryFiles()
    const log = await open(files)
    expect(log.size).toBe(0)
    expect(openCheckpoint(log.checkpoint, vkey).size).toBe(0)
    expect(await files.read('checkpoint')).toEqual(new TextEncoder().encode(log.checkpoint))
  })

  it.each([[[1, 1, 1]], [[255, 1, 1]], [[256, 256]], [[300, 0, 213, 4]]])(
    'keeps what is appended, in steps of %j, and finds it again',
    async (steps) => {
      const files = memoryFiles()
      let log = await open(files)
      const checkpoints = [openCheckpoint(log.checkpoint, vkey)]
      for (const step of steps) {
        const from = log.size
        const { seq, checkpoint } = await log.append(notes(step, from))
        expect(seq).toBe(from)
        checkpoints.push(openCheckpoint(checkpoint, vkey))
        log = await open(files)
        expect(log.checkpoint).toBe(checkpoint)
      }
      const { size, root } = openCheckpoint(log.checkpoint, vkey)
      expect(size).toBe(steps.reduce((sum, step) => sum + step, 0))
      for (const seq of [0, 1, size >> 1, size - 1]) {
        const entry = await log.read(seq)
        expect(entry.note).toBe(note(seq))
        const leaf = leafHash(encodeEntry(entry), hash)
        expect(verifyInclusion(seq, size, leaf, log.inclusionProof(seq), root, hash)).toBe(true)
      }
      for (const old of checkpoints) {
        const proof = log.consistencyProof(old.size)
        expect(verifyConsistency(old.size, size, old.root, root, proof, hash)).toBe(true)
      }
    },
  )

  it('serves concurrent appends one after the other', async () => {
    const log = await open(memoryFiles())
    const results = await Promise.all([0, 1, 2, 3].map((i) => log.append([note(i)])))
    expect(results.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])
    expect((await log.read(3)).prev).toEqual(leafHash(encodeEntry(await log.read(2)), hash))
  })

  it('enters all notes of a call or none', async () => {
    const log = await open(memoryFiles())
    await expect(log.append([note(0), 'not a note'])).rejects.toThrow(code('SH_NOTE_MALFORMED'))
    const long = signNote(`${'x'.repeat(65_535)}\n`, [author.skey])
    await expect(log.append([note(0), long])).rejects.toThrow(code('SH_LEDGER_ENTRY_SIZE'))
    expect(log.size).toBe(0)
    await log.append([note(0)])
    expect(log.size).toBe(1)
  })

  it('recovers from a crash at every write of an append', async () => {
    for (let survived = 0; survived < 9; survived++) {
      const files = memoryFiles()
      const log = await open(files)
      await log.append(notes(255))
      let left = survived
      const dying: LedgerFiles = {
        ...files,
        write: async (path, bytes) => {
          if (left-- === 0) throw new Error('power cut')
          await files.write(path, bytes)
        },
      }
      const doomed = await open(dying)
      const outcome = await doomed.append(notes(2, 1000)).catch((error: unknown) => error)
      if (left >= 0) {
        // More writes were allowed than there are: the append went through.
        expect(outcome).toMatchObject({ seq: 255 })
        expect(survived).toBe(6)
        return
      }
      expect(outcome).toMatchObject({ code: 'SH_LEDGER_STORAGE' })
      await expect(doomed.append([note(0)])).rejects.toThrow(code('SH_LEDGER_STORAGE'))
      const again = await open(files)
      expect(again.size).toBe(255)
      await again.append(notes(3, 255))
      const reopened = await open(files)
      expect((await reopened.read(254)).note).toBe(note(254))
      expect((await reopened.read(257)).note).toBe(note(257))
    }
    expect.unreachable()
  })

  it('serves superseded partial tiles although it keeps only the newest', async () => {
    const prune = memoryFiles()
    const { remove: _remove, ...keepAll } = memoryFiles()
    const [a, b] = [await open(keepAll), await open(prune)]
    for (const step of [3, 2, 252]) {
      for (const log of [a, b]) await log.append(notes(step, log.size))
    }
    const paths = (await keepAll.list('')).toSorted()
    expect((await prune.list('')).toSorted()).toEqual(
      [
        'checkpoint',
        ...tilesOfTree(257).map(tilePath),
        ...tilesOfLevel(0, 257).map(bundlePath),
      ].toSorted(),
    )
    expect(paths).toContain('tile/entries/000.p/3')
    for (const path of paths) expect(await b.file(path), path).toEqual(await keepAll.read(path))
    for (const path of ['', 'tile/0/001', 'tile/0/000.p/0', 'tile/0/001.p/2', 'tile/0/000.p/256']) {
      expect(await b.file(path), path).toBeUndefined()
    }
  })

  it('refuses to go on with files that contradict the checkpoint', async () => {
    const files = memoryFiles()
    await (await open(files)).append(notes(5))
    for (const path of await files.list('')) {
      const good = (await files.read(path))!
      await files.write(path, good.with(40, good[40]! ^ 1))
      const grow = open(files).then((log) => log.append([note(9)]))
      await expect(grow, path).rejects.toThrow(/./)
      await files.write(path, good)
    }
    await files.remove('tile/0/000.p/5')
    await expect(open(files)).rejects.toThrow(code('SH_LEDGER_MISSING'))
  })

  it('refuses the log of another key', async () => {
    const files = memoryFiles()
    await open(files)
    const other = keyFromSeed('log.example/ledger', new Uint8Array(32).fill(9))
    await expect(Log.open({ files, skey: other.skey, hash })).rejects.toThrow(
      code('SH_NOTE_UNSIGNED'),
    )
  })

  it('knows its range', async () => {
    const log = await open(memoryFiles())
    await log.append(notes(2))
    await expect(log.read(2)).rejects.toThrow(code('SH_LEDGER_RANGE'))
    expect(() => log.inclusionProof(2)).toThrow(code('SH_LEDGER_RANGE'))
    expect(() => log.consistencyProof(1, 3)).toThrow(code('SH_LEDGER_RANGE'))
  })
})
