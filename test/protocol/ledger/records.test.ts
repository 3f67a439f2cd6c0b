import { describe, expect, it } from 'vitest'

import { canonicalJson } from '../../../protocol/canonical-json.ts'
import {
  joinSignatures,
  keyFromSeed,
  renameSignerKey,
  renameVerifierKey,
  signatureLine,
  signNote,
  verifyKeyOf,
} from '../../../protocol/ledger/note.ts'
import {
  type LedgerRecord,
  openRecord,
  openRecordOfAll,
  outputRoot,
  parseRecord,
  parseRecordOf,
  RECORD_KINDS,
  recordText,
  schemaHash,
  signRecord,
} from '../../../protocol/ledger/records.ts'
import { leafHash, nodeHash } from '../../../shares/merkle.ts'
import { parseSchema } from '../../../shares/parse-schema.ts'

import { hash } from './hash.ts'
import { sampleLedger } from './sample-ledger.ts'
import { KEYS, ORIGIN, SCHEMA, value } from './sample.ts'

const code = (name: string) => expect.objectContaining({ code: name })
const { records } = await sampleLedger()

/** Every path to a property or an array item inside a JSON value. */
function paths(json: unknown, prefix: (string | number)[] = []): (string | number)[][] {
  if (typeof json !== 'object' || json === null) return []
  const keys = Array.isArray(json) ? json.map((_, i) => i) : Object.keys(json)
  return keys.flatMap((key) => {
    const path = prefix.concat(key)
    return [path].concat(paths(Reflect.get(json, key), path))
  })
}

function change(json: unknown, path: readonly (string | number)[], how: (old: unknown) => unknown) {
  const copy: unknown = structuredClone(json)
  let at: unknown = copy
  for (const key of path.slice(0, -1)) at = Reflect.get(Object(at), key)
  const last = path.at(-1)!
  const changed = how(Reflect.get(Object(at), last))
  if (changed === undefined) Reflect.deleteProperty(Object(at), last)
  else Reflect.set(Object(at), last, changed)
  return copy
}

describe('records', () => {
  it('has a sample of every kind', () => {
    expect([...new Set(records.map(({ kind }) => kind))].toSorted()).toEqual(
      [...RECORD_KINDS].toSorted(),
    )
  })

  it.each(records)('$kind reads back as written', ({ kind, body }) => {
    const text = recordText(ORIGIN, kind, body)
    expect(text).toBe(`${ORIGIN}/${kind}/v1\n${canonicalJson(body)}\n`)
    expect(parseRecord(text, ORIGIN)).toEqual({ kind, body })
  })

  it.each(records)('$kind has no optional, no extra and no nullable field', ({ kind, body }) => {
    const text = (json: unknown) => `${ORIGIN}/${kind}/v1\n${canonicalJson(json)}\n`
    expect(() => parseRecord(text({ ...body, zzz: 1 }), ORIGIN)).toThrow(code('SH_LEDGER_RECORD'))
    for (const path of paths(body)) {
      const inArray = typeof path.at(-1) === 'number'
      for (const how of inArray ? [() => null] : [() => undefined, () => null]) {
        const changed = text(change(body, path, how))
        expect(() => parseRecord(changed, ORIGIN), path.join('.')).toThrow(code('SH_LEDGER_RECORD'))
      }
    }
  })

  it('refuses values out of range', () => {
    const bad: [LedgerRecord['kind'], (string | number)[], unknown][] = [
      ['schema', ['repositories'], ['west', 'east']],
      ['schema', ['schema', 'columns', 0, 'type'], 'float'],
      ['receipt', ['chunks', 0], 65_537],
      ['receipt', ['chunks', 0], 0],
      ['receipt', ['root'], value(1).toUpperCase().replace('0', 'A')],
      ['receipt', ['root'], value(1).slice(1)],
      ['version', ['version'], 0],
      [
        'version',
        ['rowsPerMember'],
        [
          [2, 1],
          [1, 1],
        ],
      ],
      ['version', ['importer'], 'a b'],
      ['job-request', ['sql'], ''],
      ['job-request', ['expiry'], -1],
      ['job-request', ['nonce'], `${value(1)}\n`],
      ['job-start', ['attempt'], 0],
      ['job-start', ['committee', 0, 'i'], 2],
      ['job-start', ['planParams', 'committee', 't'], 2],
      ['job-start', ['planParams', 'chunksInFlight'], 257],
      ['job-start', ['planParams', 'security'], 'active'],
      ['job-start', ['nonces'], [value(1)]],
      ['report', ['peers', 0, 'peer'], 7],
      ['report', ['index'], 8],
      ['completion', ['t'], 0],
      ['failure', ['code'], 'oops'],
      ['abort', ['blamed'], 'a b'],
    ]
    for (const [kind, path, wrong] of bad) {
      const { body } = records.find((record) => record.kind === kind)!
      const text = `${ORIGIN}/${kind}/v1\n${canonicalJson(change(body, path, () => wrong))}\n`
      expect(() => parseRecord(text, ORIGIN), `${kind} ${path.join('.')}`).toThrow(
        code('SH_LEDGER_RECORD'),
      )
    }
  })

  it('cannot be made with a wrong body', () => {
    const { body } = records.find((record) => record.kind === 'job-request')!
    const wrong = { ...body, nonce: 'x' }
    expect(() => recordText(ORIGIN, 'job-request', wrong as never)).toThrow(TypeError)
  })

  it('belongs to one origin, one kind and one version', () => {
    const request = records.find((record) => record.kind === 'job-request')!
    const text = recordText(ORIGIN, request.kind, request.body)
    const json = canonicalJson(request.body)
    expect(() => parseRecord(text, 'other.example')).toThrow(code('SH_LEDGER_RECORD'))
    expect(() => parseRecordOf(text, ORIGIN, 'report')).toThrow(code('SH_LEDGER_RECORD'))
    expect(parseRecordOf(text, ORIGIN, 'job-request')).toEqual(request.body)
    for (const bad of [
      `${ORIGIN}/job-request/v2\n${json}\n`,
      `${ORIGIN}/job-request/v1\n${json}\n\n`,
      `${ORIGIN}/job-request/v1\n${json}\nmore\n`,
      `${ORIGIN}/job-request/v1\n${json}`,
      `${ORIGIN}/job-request/v1\n`,
      `${ORIGIN}/job-request/v1\n ${json}\n`,
      `${ORIGIN}/job-request/v1\n${json.replace('"nonce"', '"nonce" ')}\n`,
      `${ORIGIN}/constructor/v1\n${json}\n`,
      '',
    ]) {
      expect(() => parseRecord(bad, ORIGIN), bad.slice(0, 40)).toThrow(code('SH_LEDGER_RECORD'))
    }
  })

  it('opens with the keys that may sign it', () => {
    const { body } = records.find((record) => record.kind === 'completion')!
    const nodes = KEYS.mpcNodes
    const skeys = nodes.map(({ skey }) => skey)
    const vkeys = nodes.map(({ vkey }) => vkey)
    const text = recordText(ORIGIN, 'completion', body as never)
    const note = joinSignatures(
      text,
      skeys.map((skey) => signatureLine(text, skey)),
    )
    expect(note).toBe(signRecord(ORIGIN, 'completion', body as never, skeys))
    expect(openRecordOfAll(note, ORIGIN, 'completion', vkeys)).toEqual(body)
    expect(openRecord(note, ORIGIN, 'completion', vkeys)).toEqual({ body, signers: vkeys })
    const two = signNote(text, skeys.slice(1))
    expect(() => openRecordOfAll(two, ORIGIN, 'completion', vkeys)).toThrow(
      code('SH_NOTE_UNSIGNED'),
    )
    expect(() => openRecord(note, ORIGIN, 'completion', vkeys.slice(1))).toThrow(
      code('SH_NOTE_UNKNOWN_SIGNER'),
    )
  })

  it('does not let a signature line change the text', () => {
    const line = signatureLine('a\n', KEYS.querier.skey)
    expect(() => joinSignatures('a\n', [line, `\n${line}`])).toThrow(code('SH_NOTE_MALFORMED'))
  })
})

describe('hashes of records', () => {
  it('of a schema reads all that a schema may say of a column, and nothing else', () => {
    const body = records.find(({ kind }) => kind === 'schema')!.body as object
    const record = (extra: object): string => {
      const columns = SCHEMA.columns.map((column) => ({ ...column, ...extra }))
      const schema = parseSchema({ ...SCHEMA, columns: columns as unknown })
      return recordText(ORIGIN, 'schema', { ...body, schema } as never)
    }
    const text = record({ reveal: 'extremes', derived: '1 + 1' })
    expect(parseRecord(text, ORIGIN).body).toHaveProperty('schema.columns.0.reveal', 'extremes')
    expect(() => parseRecord(text.replaceAll('"extremes"', '"rows"'), ORIGIN)).toThrow()
  })

  it('of a schema does not depend on the order of properties', () => {
    const reversed = Object.fromEntries(Object.entries(SCHEMA).toReversed())
    expect(schemaHash(reversed as never)).toBe(schemaHash(SCHEMA))
  })

  it('of the outputs is an RFC 6962 root', () => {
    const leaf = (n: number) => leafHash(new Uint8Array(32).fill(n), hash)
    const expected = nodeHash(nodeHash(leaf(1), leaf(2), hash), leaf(3), hash)
    expect(outputRoot([value(1), value(2), value(3)], hash)).toBe(
      Buffer.from(expected).toString('hex'),
    )
  })
})

describe('a key under two names', () => {
  it('is the same key', () => {
    const { skey, vkey } = keyFromSeed('coordinator', new Uint8Array(32).fill(3))
    const renamed = renameSignerKey(skey, ORIGIN)
    expect(verifyKeyOf(renamed)).toBe(renameVerifierKey(vkey, ORIGIN))
    expect(renameSignerKey(renamed, 'coordinator')).toBe(skey)
  })
})
