import { ActorKey } from '../../node/keys.ts'
import { silent } from '../../node/log.ts'
/**
 * A party in a process of its own, for tests that kill it: joins the session it is told of, sends one
 * message to party 1, says so, and does nothing more.
 */
import { createOverlay } from '../../node/overlay.ts'
import { acceptRounds } from '../../node/rounds.ts'
import { parseTopology } from '../../node/topology.ts'

export interface PartyOrder {
  readonly skey: string
  readonly topology: unknown
  /** Name and address of each peer. */
  readonly addresses: readonly (readonly [string, string])[]
  readonly job: string
}

process.once('message', (order: PartyOrder) => {
  void run(order)
})

async function run(order: PartyOrder): Promise<void> {
  const overlay = await createOverlay({
    key: new ActorKey(order.skey),
    topology: await parseTopology(order.topology, '/'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    keepAlive: false,
    log: silent,
  })
  for (const [name, address] of order.addresses) overlay.setAddress(name, address)
  const rounds = await acceptRounds(overlay)
  process.send!({ address: overlay.addresses[0] })
  const channel = await rounds.join({ committee: 'mpc', job: order.job, attempt: 1 })
  await channel.send(1, { op: 0, batch: 0, step: 0 }, new Uint8Array(8).fill(7))
  process.send!('sent')
}
