import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'

import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import {
  createKeyFiles,
  keyFiles,
  peerIdOfVkey,
  readKeyFile,
  readVkeyFile,
} from '../../node/keys.ts'
import { openNote } from '../../protocol/ledger/note.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sharehold-keys-'))
})

afterEach(() => rm(directory, { recursive: true, force: true }))

describe('key files', () => {
  it('come in pairs: the secret for the owner only, whatever the umask', async () => {
    const umask = process.umask(0o000)
    try {
      const key = await createKeyFiles(path.join(directory, 'keys'), 'share-1')
      const { skeyFile, vkeyFile } = keyFiles(path.join(directory, 'keys'), 'share-1')
      expect((await stat(skeyFile)).mode & 0o777).toBe(0o600)
      expect((await stat(path.dirname(skeyFile))).mode & 0o077).toBe(0)
      expect(await readFile(skeyFile, 'utf8')).toMatch(/^PRIVATE\+KEY\+share-1\+[0-9a-f]{8}\+.+\n$/)
      expect(await readVkeyFile(vkeyFile)).toBe(key.vkey)
      const again = await readKeyFile(skeyFile, 'share-1')
      expect(again.vkey).toBe(key.vkey)
      expect(again.skey).toBe(key.skey)
    } finally {
      process.umask(umask)
    }
  })

  it('are never overwritten, and nothing half is left', async () => {
    const key = await createKeyFiles(directory, 'a')
    await expect(createKeyFiles(directory, 'a')).rejects.toMatchObject({ code: 'SH_KEYS_EXISTS' })
    expect((await readKeyFile(keyFiles(directory, 'a').skeyFile)).vkey).toBe(key.vkey)
    await writeFile(keyFiles(directory, 'b').vkeyFile, 'old')
    await expect(createKeyFiles(directory, 'b')).rejects.toMatchObject({ code: 'SH_KEYS_EXISTS' })
    expect(await readFile(keyFiles(directory, 'b').vkeyFile, 'utf8')).toBe('old')
    await expect(stat(keyFiles(directory, 'b').skeyFile)).rejects.toThrow('ENOENT')
  })

  it.each([0o640, 0o604, 0o620, 0o601, 0o660])(
    'are refused when others have rights on them: %o',
    async (mode) => {
      await createKeyFiles(directory, 'a')
      const { skeyFile } = keyFiles(directory, 'a')
      await chmod(skeyFile, mode)
      await expect(readKeyFile(skeyFile)).rejects.toMatchObject({
        code: 'SH_KEYS_PERMISSIONS',
        hint: `Run: chmod 600 ${skeyFile}`,
      })
      await chmod(skeyFile, 0o400)
      expect((await readKeyFile(skeyFile)).name).toBe('a')
    },
  )

  it('are refused when they hold something else, without quoting it', async () => {
    const key = await createKeyFiles(directory, 'a')
    const { skeyFile, vkeyFile } = keyFiles(directory, 'a')
    const secret = key.skey.split('+').slice(4).join('+')
    const faults: [string, string, () => Promise<unknown>][] = [
      ['SH_KEYS_INVALID', key.skey.slice(0, -4), () => readKeyFile(skeyFile)],
      ['SH_KEYS_INVALID', key.skey.replace('+a+', '+b+'), () => readKeyFile(skeyFile)],
      ['SH_KEYS_INVALID', key.vkey, () => readKeyFile(skeyFile)],
      ['SH_KEYS_INVALID', `${key.skey}\n${key.skey}`, () => readKeyFile(skeyFile)],
      ['SH_KEYS_INVALID', 'x'.repeat(10_000), () => readKeyFile(skeyFile)],
      ['SH_KEYS_INVALID', key.skey, () => readKeyFile(skeyFile, 'b')],
    ]
    for (const [code, text, read] of faults) {
      await writeFile(skeyFile, text)
      const error: unknown = await read().catch((one: unknown) => one)
      expect(error).toMatchObject({ code })
      expect(inspect(error, { depth: 10 })).not.toContain(secret.slice(0, 30))
    }
    await writeFile(vkeyFile, key.skey)
    const error: unknown = await readVkeyFile(vkeyFile).catch((one: unknown) => one)
    expect(error).toMatchObject({
      code: 'SH_KEYS_INVALID',
      hint: expect.stringContaining('secret key') as string,
    })
    expect(inspect(error, { depth: 10 })).not.toContain(secret.slice(0, 30))
    await expect(readKeyFile(path.join(directory, 'none.skey'))).rejects.toMatchObject({
      code: 'SH_KEYS_UNREADABLE',
    })
    await expect(readKeyFile(directory)).rejects.toMatchObject({ code: 'SH_KEYS_INVALID' })
  })

  it.each(['', 'a b', 'a+b', '.hidden', 'a\nb'])('have no name like %j', async (name) => {
    await expect(createKeyFiles(directory, name)).rejects.toMatchObject({ code: 'SH_KEYS_INVALID' })
  })

  it('stay in their directory, whatever the name', () => {
    expect(keyFiles('/k', '../x/y').skeyFile).toBe('/k/.._x_y.skey')
  })
})

describe('ActorKey', () => {
  it('is one key for notes and for libp2p', async () => {
    const key = await createKeyFiles(directory, 'coop.example/ledger')
    expect(openNote(key.sign('a text\n'), [key.vkey])).toEqual({
      text: 'a text\n',
      signers: [key.vkey],
    })
    const peerId = peerIdFromPrivateKey(await key.identity())
    expect(peerIdOfVkey(key.vkey).toString()).toBe(peerId.toString())
    expect(peerId.toString()).toMatch(/^12D3KooW/)
  })

  it('does not show its secret', async () => {
    const key = await createKeyFiles(directory, 'a')
    const shown = [inspect(key), inspect({ key }), JSON.stringify({ key })].join(' ')
    expect(shown).not.toContain(key.skey.split('+').slice(4).join('+'))
    expect(shown).not.toContain('PRIVATE')
  })
})
