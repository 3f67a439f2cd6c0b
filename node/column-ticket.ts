/**
 * Leave to use shares again: instead of dealing a column anew, share-nodes may let the MPC nodes use the
 * sharing that an earlier job has left with them (warm-columns.ts). A ticket says which ones, for one
 * attempt of one job, and is signed by a share-node.
 *
 *     share-node                        MPC node
 *       columnsBegin {subject, sharing}  ───▶
 *                                        ◀───  columnsHeld: which sharing it holds of each column
 *       columnsTicket: the columns of which all MPC nodes hold the same sharing
 *                                        ───▶  the rest is dealt, under the name `sharing`
 *
 * A sharing is named by the share committee's context of the job that dealt it, which has a fresh nonce of
 * every share-node in it: so nodes that hold a column under one name hold shares of one sharing.
 *
 * Against whom: a coordinator that would have columns used in a job that share-nodes do not admit. The
 * ticket's subject hashes request, plan, dataset version and attempt; t+1 signatures would show that
 * an honest share-node has admitted that; all n are asked for, since all n are there. An MPC node whose
 * peer says that it holds what it does not gets a wrong answer or none, as by any other lie of a node.
 */
import { canonicalJson } from '../protocol/canonical-json.ts'
import { joinSignatures, openNoteOfAll, signatureLine } from '../protocol/ledger/note.ts'
import { ShareholdError } from '../shares/errors.ts'

import type { Load } from './column-blocks.ts'

/** One for each load of the job, in order: the name of a sharing, or '' for none. */
export type Sharings = readonly string[]

/** Of each load, the sharing of which all MPC nodes hold their shares. @param held by each MPC node */
export function commonSharings(held: readonly Sharings[]): Sharings {
  const [first, ...others] = held
  return first!.map((sharing, i) => (others.every((one) => one[i] === sharing) ? sharing : ''))
}

/** What share-nodes sign: for which job, and which sharing is used of which column. */
interface TicketSubject {
  /** Name of the network's ledger: what is signed for one network is nothing in another. */
  readonly origin: string
  /** From `subjectOf`: request, plan, dataset version, attempt. */
  readonly subject: string
  readonly loads: readonly Load[]
}

function ticketText({ origin, subject, loads }: TicketSubject, sharings: Sharings): string {
  const columns = loads.flatMap(({ dataset, column, encoding }, i) =>
    sharings[i] === '' ? [] : [{ dataset, column: column.name, encoding, sharing: sharings[i]! }],
  )
  return `${origin}/columns-ticket/v2\n${canonicalJson({ subject, columns })}\n`
}

const isWarm = (sharing: string): boolean => sharing !== ''

/** What a share-node says of the loads of a job. */
export interface Ticket {
  readonly sharings: Sharings
  /** Its signature line; '' if all columns are dealt. */
  readonly line: string
}

/** A share-node's ticket. @param skey its signer key */
export function signTicket(about: TicketSubject, sharings: Sharings, skey: string): Ticket {
  const line = sharings.some(isWarm) ? signatureLine(ticketText(about, sharings), skey) : ''
  return { sharings, line }
}

/**
 * Checks the tickets of all share-nodes, at an MPC node.
 *
 * @param tickets of share-node 1..n
 * @param shareNodes the same, from the topology
 * @param held what this node has said that it holds
 * @returns of each load, the sharing to use, as in `held`; '' if it is dealt
 * @throws ShareholdError SH_PROTOCOL_TICKET, naming whose ticket is not a good one if that can be told
 */
export function openTickets(
  tickets: readonly Ticket[],
  shareNodes: readonly { readonly name: string; readonly vkey: string }[],
  about: TicketSubject,
  held: Sharings,
): Sharings {
  const { sharings } = tickets[0]!
  if (tickets.some((ticket) => ticket.sharings.join() !== sharings.join())) {
    throw refused('The share-nodes do not give leave for the same columns.')
  }
  if (
    sharings.length !== held.length ||
    sharings.some((one, i) => isWarm(one) && one !== held[i])
  ) {
    throw refused('The share-nodes give leave for a sharing that this node does not hold.')
  }
  if (!sharings.some(isWarm)) return sharings
  try {
    const note = joinSignatures(
      ticketText(about, sharings),
      tickets.map(({ line }) => line),
    )
    openNoteOfAll(
      note,
      shareNodes.map(({ vkey }) => vkey),
    )
  } catch (cause) {
    if (!(cause instanceof ShareholdError)) throw cause
    throw refused('A share-node has not signed leave for this job.', cause)
  }
  return sharings
}

function refused(message: string, cause?: ShareholdError): ShareholdError {
  return new ShareholdError('SH_PROTOCOL_TICKET', message, {
    ...(cause?.party === undefined ? {} : { party: cause.party }),
    ...(cause === undefined ? {} : { cause }),
  })
}
