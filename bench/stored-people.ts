/**
 * The table of people at rest: the shares that an import of it leaves with a share-node, in its store, and
 * the notes by which nodes admit a job on it. Shares are pseudo-random from public labels, so every
 * process makes its own; signatures are real.
 */
import { hash, rng as randomBytes } from '../node/crypto.ts'
import { blocksOf } from '../node/import-blocks.ts'
import { writeManifest } from '../node/store/manifest.ts'
import { type JobProposal, jobIdOf } from '../protocol/admission.ts'
import { canonicalJson } from '../protocol/canonical-json.ts'
import { noteHash, schemaHash, signRecord } from '../protocol/ledger/records.ts'
import { encodeMembers, type MemberRun } from '../protocol/members.ts'
import { CHUNK_ROWS } from '../protocol/plan.ts'
import { compile } from '../protocol/sql/compile.ts'
import { type BlockLeaf, blockLeaf, commitTo } from '../shares/commit.ts'
import type { Committee } from '../shares/committee.ts'
import { encodeChunk } from '../shares/encode.ts'
import { newArena, view, viewFp } from '../shares/field/memory.ts'
import { hexOf } from '../shares/hex.ts'
import { split as splitBits, wholeBlock } from '../shares/replicated.ts'
import { split as splitField } from '../shares/shamir.ts'
import type { ShareStore } from '../shares/store.ts'

import { publicRng, publicWords } from './public-data.ts'
import { chunksOf, paramsFor, people, SCHEMA } from './tasks/people.ts'
import type { People } from './tasks/people.ts'

const IMPORT_ID = 'people-1'

/** Whoever signs: one repository and one querier. */
export interface Authors {
  readonly origin: string
  readonly repository: { readonly name: string; readonly skey: string }
  readonly querier: { readonly skey: string }
}

const bytesOf = (words: Uint32Array): Uint8Array => new Uint8Array(words.buffer)

/** The canonical list of member runs. */
function membersOf({ memberOfRow }: People): Uint8Array {
  const runs: MemberRun[] = []
  for (let row = 0; row < memberOfRow.length;) {
    const member = memberOfRow[row]!
    const from = row
    while (memberOfRow[row] === member) row++
    runs.push({ member: `m${String(member).padStart(9, '0')}`, rows: row - from })
  }
  return encodeMembers(runs, bytesOf(publicWords('stored/members', 8)))
}

/**
 * Writes what share-node `index` holds of the table.
 * @returns the root, hex
 */
export async function storePeople(
  store: ShareStore,
  of: Committee,
  index: number,
  rows: number,
): Promise<string> {
  const table = people(rows)
  const chunks = chunksOf(rows)
  const writer = await store.stage(IMPORT_ID)
  const leaves: BlockLeaf[] = []
  const salts: string[] = []
  for (const place of blocksOf(SCHEMA, chunks)) {
    const { column, encoding, chunk } = place
    const label = `stored/${encoding}/${column.name}/${chunk}`
    const values = table.columns[column.name]!.subarray(
      chunk * CHUNK_ROWS,
      chunk * CHUNK_ROWS + place.rows,
    )
    const arena = newArena()
    const encoded = encodeChunk(arena, column, Array.from(values, String))
    const rng = publicRng(label)
    const share =
      encoding === 'field'
        ? viewFp(splitField(arena, encoded.field, of, rng)[index - 1]!)
        : view(wholeBlock(splitBits(arena, encoded.planes, of, rng)[index - 1]!))
    const key = {
      dataset: SCHEMA.dataset,
      importId: IMPORT_ID,
      column: column.name,
      encoding,
      chunk,
    }
    const salt = bytesOf(publicWords(`${label}/salt/${index}`, 8))
    leaves.push(blockLeaf(key, salt, share, hash))
    salts.push(hexOf(salt))
    await writer.put(key, share)
    arena.release()
  }
  const members = membersOf(table)
  const root = hexOf(commitTo(leaves, hash).root)
  const manifest = {
    dataset: SCHEMA.dataset,
    importId: IMPORT_ID,
    repository: 'repository',
    schemaHash: schemaHash(SCHEMA),
    schemaNote: '',
    chunks,
    members: hexOf(hash.sha256(members)),
    root,
    leaves: leaves.map(({ leaf }) => hexOf(leaf)),
    salts,
  }
  await writeManifest(writer, manifest, members)
  await writer.commit()
  return root
}

/** What all jobs on a table have in common. */
export interface PeopleVersion {
  readonly schemaNote: string
  readonly versionNote: string
  /** Canonical JSON. */
  readonly planParams: string
  readonly planHash: string
}

/** The first version of the dataset, signed. @param roots of the share-nodes, in order */
export async function versionOfPeople(
  authors: Authors,
  committee: Committee,
  rows: number,
  roots: readonly string[],
  sql: string,
): Promise<PeopleVersion> {
  const { origin, repository } = authors
  const table = people(rows)
  const params = paramsFor(committee, table)
  const part = {
    repository: repository.name,
    importId: IMPORT_ID,
    chunks: chunksOf(rows),
    members: hexOf(hash.sha256(membersOf(table))),
    roots,
    // Nobody who admits a job looks them up: they are for the ledger.
    receipts: roots.map(() => '0'.repeat(64)),
  }
  const schema = { repositories: [repository.name], schema: SCHEMA }
  const version = {
    dataset: SCHEMA.dataset,
    version: 1,
    importer: repository.name,
    schemaHash: schemaHash(SCHEMA),
    parts: [part],
    rowsPerMember: params.dataset.rowsPerMember,
  }
  return {
    schemaNote: signRecord(origin, 'schema', schema, [repository.skey]),
    versionNote: signRecord(origin, 'version', version, [repository.skey]),
    planParams: canonicalJson(params),
    planHash: (await compile(sql, SCHEMA, params)).planHash,
  }
}

/** A querier's next job on the table, as a coordinator proposes it. */
export function proposeJob(authors: Authors, version: PeopleVersion, sql: string): JobProposal {
  const request = {
    sql,
    purpose: SCHEMA.purposes[0]!,
    datasets: [
      {
        name: SCHEMA.dataset,
        version: 1,
        schemaHash: schemaHash(SCHEMA),
        versionNote: noteHash(version.versionNote),
      },
    ],
    resultKey: '0'.repeat(64),
    nonce: hexOf(randomBytes(32)),
    expiry: Math.floor(Date.now() / 1000) + 3600,
    grant: '',
  }
  const requestNote = signRecord(authors.origin, 'job-request', request, [authors.querier.skey])
  const { schemaNote, versionNote, planParams, planHash } = version
  const job = jobIdOf(requestNote)
  const [schemaNotes, versionNotes] = [[schemaNote], [versionNote]]
  return { job, requestNote, schemaNotes, versionNotes, planParams, planHash }
}
