/** Leave to use shares of an earlier job: only with the signatures of all share-nodes, for this very job. */
import { expect, test } from 'vitest'

import type { Load } from '../../node/column-blocks.ts'
import { commonSharings, openTickets, signTicket, type Ticket } from '../../node/column-ticket.ts'
import { rng } from '../../node/crypto.ts'
import { ActorKey } from '../../node/keys.ts'
import { generateKey } from '../../protocol/ledger/note.ts'
import { SCHEMA } from '../coordinator/fixture.ts'

const [X, Y] = ['1'.repeat(64), '2'.repeat(64)]
const SHARE_NODES = ['share-1', 'share-2', 'share-3']
const keys = SHARE_NODES.map((name) => new ActorKey(generateKey(name, rng).skey))
const shareNodes = keys.map(({ name, vkey }) => ({ name, vkey }))
const loads: readonly Load[] = [
  { dataset: 'trips', column: SCHEMA.columns[0]!, encoding: 'bits' },
  { dataset: 'trips', column: SCHEMA.columns[1]!, encoding: 'bits' },
  { dataset: 'trips', column: SCHEMA.columns[0]!, encoding: 'field' },
]
const ABOUT = { origin: 'coop.example/ledger', subject: 'a'.repeat(64), loads }
const HELD = [X, Y, X]
const SHARINGS = [X, '', X]

const tickets = (about = ABOUT, sharings: readonly string[] = SHARINGS): Ticket[] =>
  keys.map(({ skey }) => signTicket(about, sharings, skey))

const open = (list: readonly Ticket[], held = HELD): readonly string[] =>
  openTickets(list, shareNodes, ABOUT, held)

const REFUSED = expect.objectContaining({ code: 'SH_PROTOCOL_TICKET' }) as Error

test('a column is warm if all MPC nodes hold the same sharing of it', () => {
  expect(commonSharings([HELD, HELD, HELD])).toEqual(HELD)
  expect(commonSharings([HELD, [X, X, X], HELD])).toEqual([X, '', X])
  expect(commonSharings([HELD, ['', Y, X], [X, Y, X]])).toEqual(['', Y, X])
})

test('tickets of all share-nodes for this job give leave', () => {
  expect(open(tickets())).toEqual(SHARINGS)
})

test('nothing warm needs no signature', () => {
  const none = tickets(ABOUT, ['', '', ''])
  expect(none.map(({ line }) => line)).toEqual(['', '', ''])
  expect(open(none)).toEqual(['', '', ''])
})

const replaced = (i: number, ticket: Ticket): Ticket[] => tickets().with(i, ticket)

test.each<[string, () => Ticket[]]>([
  ['a signature is missing', () => replaced(2, { sharings: SHARINGS, line: '' })],
  ['one share-node has signed twice', () => replaced(2, tickets()[0]!)],
  ['a stranger has signed', () => replaced(1, strangers(SHARINGS))],
  ['it is another job’s', () => tickets({ ...ABOUT, subject: 'b'.repeat(64) })],
  ['one is another job’s', () => replaced(0, tickets({ ...ABOUT, subject: 'b'.repeat(64) })[0]!)],
  ['it is another network’s', () => tickets({ ...ABOUT, origin: 'other.example/ledger' })],
  ['it is for other columns', () => tickets({ ...ABOUT, loads: loads.toReversed() })],
  ['it was signed for fewer columns', () => forMore(tickets(ABOUT, [X, '', '']), SHARINGS)],
  ['share-nodes differ', () => replaced(1, tickets(ABOUT, [X, Y, X])[1]!)],
  ['this node holds another sharing', () => tickets(ABOUT, [Y, '', X])],
  ['a load is left out', () => forMore(tickets(), [X, ''])],
  ['a line has more than a line', () => replaced(0, { sharings: SHARINGS, line: `x\n\n${X}\n` })],
])('refuses them if %s', (_why, make) => {
  expect(() => open(make())).toThrow(REFUSED)
})

test('refuses leave for what this node does not hold', () => {
  expect(() => open(tickets(), ['', Y, X])).toThrow(REFUSED)
})

test('names the share-node whose signature is bad', () => {
  const forged = replaced(1, tickets({ ...ABOUT, subject: 'b'.repeat(64) })[1]!)
  expect(() => open(forged)).toThrow(expect.objectContaining({ party: 'share-2' }) as Error)
})

function strangers(sharings: readonly string[]): Ticket {
  return signTicket(ABOUT, sharings, generateKey('share-2', rng).skey)
}

const forMore = (list: readonly Ticket[], sharings: readonly string[]): Ticket[] =>
  list.map(({ line }) => ({ sharings, line }))
