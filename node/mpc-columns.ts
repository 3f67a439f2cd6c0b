/**
 * How an MPC node comes by the columns of its jobs: what it has kept, what the share-nodes give leave to
 * use, what they deal.
 *
 * Against whom: semi-honest share-nodes; a coordinator that tells the two committees different things
 * (column-lobby.ts) or would use columns without the share-nodes (column-ticket.ts). Lists of members
 * come from one share-node and are compared with the signed dataset version.
 */
import type { AdmittedJob } from '../protocol/admission.ts'
import { datasetsOf } from '../protocol/join-lanes.ts'
import { joinMembers, rowsPerMemberOf } from '../protocol/member-table.ts'
import { decodeMembers } from '../protocol/members.ts'
import type { MemberList } from '../protocol/members.ts'
import { MembersCollector } from '../protocol/wire/members-pieces.ts'
import { committee } from '../shares/committee.ts'
import type { Committee } from '../shares/committee.ts'
import { ShareholdError } from '../shares/errors.ts'
import { hexOf } from '../shares/hex.ts'

import {
  COLUMNS_PROTOCOL,
  loadsOf,
  membersSender,
  nameOf,
  subjectOf,
  withMembers,
} from './column-blocks.ts'
import type { Load } from './column-blocks.ts'
import { ColumnLobby } from './column-lobby.ts'
import { ColumnReader } from './column-reader.ts'
import { columnBytes, JobColumns } from './column-source.ts'
import type { OpenedColumnSource } from './column-source.ts'
import { openTickets } from './column-ticket.ts'
import { hash } from './crypto.ts'
import type { FramedStream, WaitOptions } from './framed-stream.ts'
import { MAX_MEMBERS_BYTES } from './import-blocks.ts'
import { receiveMessage } from './message-stream.ts'
import type { Overlay } from './overlay.ts'
import { WarmColumns } from './warm-columns.ts'
import type { VersionId, WarmColumn } from './warm-columns.ts'

const MEMBERS = 'members'
/** Members are public: there is one "sharing" of them. */
const PUBLIC = 'public'

/** What an attempt of a job uses; given back when it is forgotten. */
interface Attempt {
  readonly admitted: AdmittedJob
  readonly subject: string
  /** Of each dataset, by name. */
  readonly versions: ReadonlyMap<string, VersionId>
  readonly loads: readonly Load[]
  /** What this node has said that it holds, as it was when the job was admitted. */
  readonly held: readonly (WarmColumn | undefined)[]
  readonly members: WarmColumn | undefined
  /** Of all that is used of what is kept. */
  readonly used: Set<WarmColumn>
}

export class MpcColumns {
  readonly #overlay: Overlay
  readonly #lobby: ColumnLobby
  readonly #warm: WarmColumns
  readonly #attempts = new Map<string, Attempt>()

  /**
   * Takes share-nodes' streams from now on.
   * @param warmBytes most that is kept for further jobs
   */
  static async open(overlay: Overlay, warmBytes: number): Promise<MpcColumns> {
    const columns = new MpcColumns(overlay, warmBytes)
    await overlay.handle(COLUMNS_PROTOCOL, (stream, peer) => columns.#lobby.welcome(stream, peer))
    return columns
  }

  private constructor(overlay: Overlay, warmBytes: number) {
    this.#overlay = overlay
    this.#lobby = new ColumnLobby(overlay)
    this.#warm = new WarmColumns(warmBytes)
  }

  /** A job has been admitted: share-nodes may bring its columns. Undone by `forget`. */
  expect(admitted: AdmittedJob, attempt: number): void {
    const { compiled, datasets } = admitted
    const versions = new Map(
      datasets.map(({ version: { dataset, version }, note }) => [
        dataset,
        { dataset, version, note },
      ]),
    )
    for (const version of versions.values()) this.#warm.enter(version)
    const schemas = datasets.map(({ schema }) => schema)
    const loads = loadsOf(compiled.plan, schemas)
    const held = loads.map((load) => this.#warm.use(versions.get(load.dataset)!, nameOf(load)))
    // What is kept of members numbers those of one dataset: for a join, the lists are needed again.
    const [only, ...joined] = datasetsOf(admitted.params)
    const members =
      joined.length === 0 ? this.#warm.use(versions.get(only!.name)!, MEMBERS) : undefined
    const used = new Set([...held, members].filter((one) => one !== undefined))
    const subject = subjectOf(admitted, attempt)
    const state = { admitted, subject, versions, loads, held, members, used }
    this.#attempts.set(`${admitted.job}/${attempt}`, state)
    this.#lobby.expect(admitted.job, attempt, subject, {
      members: members !== undefined,
      sharings: held.map((one) => one?.sharing ?? ''),
    })
  }

  /**
   * The columns of an attempt.
   *
   * @param of the MPC committee
   * @throws ShareholdError SH_PROTOCOL_COLUMN, SH_PROTOCOL_TICKET, SH_NET_*; and so does what it returns
   */
  async fetch(
    job: string,
    attempt: number,
    of: Committee,
    signal: AbortSignal,
  ): Promise<OpenedColumnSource> {
    const { self, topology } = this.#overlay
    const state = this.#attempts.get(`${job}/${attempt}`)!
    const { admitted, subject, loads, held } = state
    const wait = { signal, timeoutMs: topology.roundTimeoutMs }
    const { streams, sharing } = await this.#lobby.take(job, attempt, wait.timeoutMs, signal)
    const tickets = await Promise.all(
      streams.map(async (stream) => (await receiveMessage(stream, ['columnsTicket'], wait)).header),
    )
    const about = { origin: topology.origin, subject, loads }
    const heldSharings = held.map((one) => one?.sharing ?? '')
    const sharings = openTickets(tickets, topology.shareNodes, about, heldSharings)
    const warm = held.map((one, i) => (sharings[i] === '' ? undefined : one))
    const { params } = admitted
    const filled = loads.map((load, i) => {
      if (warm[i] !== undefined) return undefined
      // Not all nodes hold what this one does: it is of no use any more.
      if (held[i] !== undefined) this.#warm.discard(held[i])
      return this.#reserve(state, load.dataset, nameOf(load), columnBytes(load, params, of))
    })
    const from = committee(topology.shareNodes.length)
    const memberOfRow = await this.#members(state, streams, wait)
    const [lead] = memberOfRow
    return new JobColumns({
      plan: admitted.compiled.plan,
      params,
      loads,
      of,
      memberOfRow: lead!,
      ...(memberOfRow.length > 1 ? { joinedMembers: memberOfRow } : {}),
      reader: new ColumnReader({ from, to: of, index: self.index, streams, wait }),
      warm,
      filled,
      onFilled: (column) => this.#warm.keep(column, sharing),
    })
  }

  /** The attempt is over; its source has been released. */
  forget(job: string, attempt: number): void {
    const key = `${job}/${attempt}`
    this.#lobby.forget(job, attempt)
    for (const column of this.#attempts.get(key)?.used ?? []) this.#warm.release(column)
    this.#attempts.delete(key)
  }

  #reserve(
    { versions, used }: Attempt,
    dataset: string,
    name: string,
    bytes: number,
  ): WarmColumn | undefined {
    const column = this.#warm.reserve(versions.get(dataset)!, name, bytes)
    if (column !== undefined) used.add(column)
    return column
  }

  /**
   * The member of each row, of each dataset; of a join, by numbers common to all.
   * @throws ShareholdError SH_PROTOCOL_COLUMN naming who sent something else
   */
  async #members(
    state: Attempt,
    streams: readonly FramedStream[],
    wait: WaitOptions,
  ): Promise<readonly Uint32Array[]> {
    const { admitted, members: kept } = state
    if (kept !== undefined) return [new Uint32Array(kept.chunks[0]!.buffer)]
    const stream = streams[membersSender(streams.length, this.#overlay.self.index) - 1]!
    const wrong = (): ShareholdError =>
      new ShareholdError(
        'SH_PROTOCOL_COLUMN',
        'The member runs are not those of the signed dataset version.',
        { party: stream.peer },
      )
    const lists = new Map<string, MemberList[]>()
    let part = 0
    for (const { version } of withMembers(admitted)) {
      const own: MemberList[] = []
      for (const { members } of version.parts) {
        const list = await takeMembers(stream, part++, wait)
        if (hexOf(hash.sha256(list)) !== members) throw wrong()
        own.push(decodeMembers(list))
      }
      if (JSON.stringify(rowsPerMemberOf(own)) !== JSON.stringify(version.rowsPerMember)) {
        throw wrong()
      }
      lists.set(version.dataset, own)
    }
    const { memberOfRow } = joinMembers([...lists.values()].flat())
    if (lists.size > 1) {
      let row = 0
      return [...lists.values()].map((own) => {
        const rows = own.reduce((sum, { totalRows }) => sum + totalRows, 0)
        return memberOfRow.subarray(row, (row += rows))
      })
    }
    const { name } = admitted.params.dataset
    const column = this.#reserve(state, name, MEMBERS, memberOfRow.byteLength)
    if (column !== undefined) {
      column.chunks.push(new Uint8Array(memberOfRow.buffer))
      this.#warm.keep(column, PUBLIC)
    }
    return [memberOfRow]
  }
}

async function takeMembers(
  stream: FramedStream,
  part: number,
  wait: WaitOptions,
): Promise<Uint8Array> {
  const collector = new MembersCollector(part, MAX_MEMBERS_BYTES)
  for (;;) {
    const list = collector.add(await receiveMessage(stream, ['members'], wait))
    if (list !== undefined) return list
  }
}
