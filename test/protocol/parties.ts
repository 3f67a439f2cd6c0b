import { prg as nodePrg } from '../../node/crypto.ts'
import { deriveJobKeys } from '../../protocol/job-context.ts'
import { guardReuse } from '../../protocol/key-guard.ts'
import { type Intercept, MemoryNetwork } from '../../protocol/memory-channel.ts'
import type { Party } from '../../protocol/party.ts'
/**
 * A committee in one process: n parties on a memory network, with keys, and with every Prg guarded
 * against the reuse of a pad.
 */
import { agreeOnKeys } from '../../protocol/setup.ts'
import { committee as committeeOf, parties } from '../../shares/committee.ts'
import { hash, seededRng } from '../shares/noble.ts'

export interface TestCommittee {
  readonly network: MemoryNetwork
  readonly parties: readonly Party[]
}

/** Committees differ by `seed`; the same seed gives the same keys. */
export async function testCommittee(
  n: number,
  seed: number | string = 0,
  intercept?: Intercept,
): Promise<TestCommittee> {
  const committee = committeeOf(n)
  const setup = new MemoryNetwork(n)
  const session = new TextEncoder().encode(`session ${seed}`)
  const masters = await runAll(parties(committee), setup, (index) =>
    agreeOnKeys(committee, index, setup.channel(index), session, seededRng('party', index, seed)),
  )
  const network = new MemoryNetwork(n, intercept)
  const context = hash.sha256(session)
  return {
    network,
    parties: masters.map((master) => ({
      committee,
      index: master.index,
      keys: deriveJobKeys(master, context),
      channel: network.channel(master.index),
      prg: guardReuse(nodePrg),
    })),
  }
}

/** Runs one program at all parties. When one fails, the others learn that it has left. */
export async function runAll<P extends number | Party, T>(
  all: readonly P[],
  network: Pick<MemoryNetwork, 'close'>,
  program: (party: P) => Promise<T>,
): Promise<T[]> {
  return Promise.all(all.map((party) => runOne(party, network, program)))
}

/** As runAll, but tells how every party ended. */
export async function settleAll<P extends number | Party, T>(
  all: readonly P[],
  network: Pick<MemoryNetwork, 'close'>,
  program: (party: P) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(all.map((party) => runOne(party, network, program)))
}

async function runOne<P extends number | Party, T>(
  party: P,
  network: Pick<MemoryNetwork, 'close'>,
  program: (party: P) => Promise<T>,
): Promise<T> {
  try {
    return await program(party)
  } catch (error) {
    network.close(typeof party === 'number' ? party : party.index)
    throw error
  }
}
