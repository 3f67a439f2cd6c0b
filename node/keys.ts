/**
 * Key files. An actor (share-node, MPC node, coordinator, repository, querier) has one Ed25519 key:
 * it signs notes and it is the libp2p identity. Both uses are apart because a note's text begins with
 * a line that names its kind, and no handshake text of libp2p is a note's text.
 *
 *     <name>.skey   PRIVATE+KEY+<name>+<key id>+<base64>   mode 0600, the secret
 *     <name>.vkey   <name>+<key id>+<base64>               what goes into the topology
 *
 * Whoever reads the first file is the actor; whoever changes the second one, before it is copied into
 * a topology, is the actor for those who trust that topology.
 */
// oxlint-disable-next-line import/no-unassigned-import -- it must run before libp2p does
import './polyfill.ts'
import { constants, type Stats } from 'node:fs'
import { mkdir, open, rm } from 'node:fs/promises'
import path from 'node:path'

import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'

import {
  generateKey,
  isKeyName,
  parseSignerKey,
  parseVerifierKey,
  signNote,
} from '../protocol/ledger/note.ts'
import { ShareholdError } from '../shares/errors.ts'

import { rng } from './crypto.ts'

/** Longer than any key text. */
const MAX_KEY_BYTES = 4096

/** An actor's secret key. Nothing of it shows when it is logged or made into JSON. */
export class ActorKey {
  readonly name: string
  readonly vkey: string
  readonly #skey: string

  /** @throws ShareholdError SH_NOTE_KEY if the text is no signer key */
  constructor(skey: string) {
    const { name, vkey } = parseSignerKey(skey)
    this.name = name
    this.vkey = vkey
    this.#skey = skey
  }

  /** The signer key text, for the functions of protocol/ledger. Never log it. */
  get skey(): string {
    return this.#skey
  }

  /** Signs `text` as a note with this key's one signature. @throws TypeError if it is no note text */
  sign(text: string): string {
    return signNote(text, [this.#skey])
  }

  /** The same key as libp2p wants it. */
  async identity(): Promise<Ed25519PrivateKey> {
    return generateKeyPairFromSeed('Ed25519', parseSignerKey(this.#skey).seed)
  }

  toJSON(): object {
    return { name: this.name, vkey: this.vkey }
  }
}

/** The libp2p peer id that belongs to a verifier key. @throws ShareholdError SH_NOTE_KEY */
export function peerIdOfVkey(vkey: string): PeerId {
  return peerIdFromPublicKey(publicKeyFromRaw(parseVerifierKey(vkey).publicKey))
}

export interface KeyFiles {
  readonly skeyFile: string
  readonly vkeyFile: string
}

/** Where the key files of `name` lie in `directory`. Slashes in a name become underscores. */
export function keyFiles(directory: string, name: string): KeyFiles {
  const base = path.join(directory, name.replaceAll(/[/\\]/gu, '_'))
  return { skeyFile: `${base}.skey`, vkeyFile: `${base}.vkey` }
}

/**
 * Makes a new key and writes both files; makes the directory (0700) if it is not there.
 *
 * @throws ShareholdError SH_KEYS_EXISTS if a file is there already (nothing is changed then);
 * SH_KEYS_INVALID if the name cannot name a key; SH_KEYS_UNREADABLE if the files cannot be written
 */
export async function createKeyFiles(directory: string, name: string): Promise<ActorKey> {
  if (!isKeyName(name) || name.startsWith('.')) {
    throw new ShareholdError('SH_KEYS_INVALID', `"${name}" cannot name a key.`, {
      hint: 'Use letters, digits, dots and dashes; no spaces, no plus sign.',
    })
  }
  const { skeyFile, vkeyFile } = keyFiles(directory, name)
  const key = new ActorKey(generateKey(name, rng).skey)
  await writable(skeyFile, () => mkdir(directory, { recursive: true, mode: 0o700 }))
  await writable(skeyFile, () => writeNew(skeyFile, `${key.skey}\n`, 0o600))
  try {
    await writable(vkeyFile, () => writeNew(vkeyFile, `${key.vkey}\n`, 0o644))
  } catch (error) {
    await rm(skeyFile) // just made here, and useless without its other half
    throw error
  }
  return key
}

/**
 * Reads a secret key file.
 *
 * @param name whose key it must be, if that is known
 * @throws ShareholdError SH_KEYS_UNREADABLE, SH_KEYS_INVALID; SH_KEYS_PERMISSIONS if group or others
 * have any right on the file
 */
export async function readKeyFile(skeyFile: string, name?: string): Promise<ActorKey> {
  const text = await readPrivateFile(skeyFile)
  let key: ActorKey
  try {
    key = new ActorKey(text)
  } catch (cause) {
    // The cause's message quotes nothing of the file (protocol/ledger/key.ts).
    throw new ShareholdError('SH_KEYS_INVALID', `${skeyFile} does not hold a secret key.`, {
      hint: 'It must be one line: PRIVATE+KEY+<name>+<key id>+<base64>.',
      cause,
    })
  }
  if (name !== undefined && key.name !== name) {
    throw new ShareholdError('SH_KEYS_INVALID', `${skeyFile} is the key of "${key.name}".`, {
      hint: `Give the key file of "${name}".`,
    })
  }
  return key
}

/**
 * Reads a public key file.
 *
 * @returns the vkey text
 * @throws ShareholdError SH_KEYS_UNREADABLE, SH_KEYS_INVALID
 */
export async function readVkeyFile(vkeyFile: string): Promise<string> {
  const { text } = await readSmall(vkeyFile)
  try {
    parseVerifierKey(text)
  } catch (cause) {
    throw new ShareholdError('SH_KEYS_INVALID', `${vkeyFile} does not hold a public key.`, {
      hint: text.startsWith('PRIVATE+KEY+')
        ? 'It holds a secret key. Give the .vkey file, and keep the .skey file to yourself.'
        : 'It must be one line: <name>+<key id>+<base64>.',
      cause,
    })
  }
  return text
}

/**
 * Writes a file that only its owner may read; makes its directory (0700) if it is not there.
 * @throws ShareholdError SH_KEYS_EXISTS (nothing is changed then), SH_KEYS_UNREADABLE
 */
export async function createPrivateFile(file: string, text: string): Promise<void> {
  await writable(file, () => mkdir(path.dirname(file), { recursive: true, mode: 0o700 }))
  await writable(file, () => writeNew(file, text, 0o600))
}

/**
 * The one line of a small file that only its owner may use.
 * @throws ShareholdError SH_KEYS_UNREADABLE, SH_KEYS_INVALID, SH_KEYS_PERMISSIONS
 */
export async function readPrivateFile(file: string): Promise<string> {
  const { text, stats } = await readSmall(file)
  if ((stats.mode & 0o077) === 0) return text
  throw new ShareholdError('SH_KEYS_PERMISSIONS', `Others than the owner may use ${file}.`, {
    hint: `Run: chmod 600 ${file}`,
  })
}

/** One line, without its newline, and the stats of the very file that was read. */
async function readSmall(file: string): Promise<{ text: string; stats: Stats }> {
  try {
    const handle = await open(file, constants.O_RDONLY)
    try {
      const stats = await handle.stat()
      if (!stats.isFile() || stats.size > MAX_KEY_BYTES) {
        throw new ShareholdError('SH_KEYS_INVALID', `${file} is not a key file.`)
      }
      const text = await handle.readFile('utf8')
      return { text: text.replace(/\r?\n$/u, ''), stats }
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof ShareholdError) throw cause
    throw new ShareholdError('SH_KEYS_UNREADABLE', `${file} cannot be read (${codeOf(cause)}).`, {
      hint: 'Check the path; `sharehold keys` makes keys.',
      cause,
    })
  }
}

/** Creates the file with its final mode, or fails: never overwrites, never follows an older file. */
async function writeNew(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode)
  try {
    await handle.chmod(mode) // the umask may have taken rights away
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writable(file: string, write: () => Promise<unknown>): Promise<void> {
  try {
    await write()
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') {
      throw new ShareholdError('SH_KEYS_EXISTS', `${file} is there already.`, {
        hint: 'A key is never overwritten: move the old files away first, or choose another name.',
        cause,
      })
    }
    throw new ShareholdError(
      'SH_KEYS_UNREADABLE',
      `${file} cannot be written (${codeOf(cause)}).`,
      {
        cause,
      },
    )
  }
}

function codeOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'unknown reason'
}
