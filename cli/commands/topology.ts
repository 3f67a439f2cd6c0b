import { readTopology } from '../../node/topology.ts'
import type { Command } from '../command.ts'
import { TOPOLOGY_OPTION, topologyFile } from '../options.ts'
import { renderTable } from '../table.ts'

export const topologyCheck: Command = {
  path: ['topology', 'check'],
  summary: 'Read a topology file and say what is wrong with it, or who is in it',
  options: [TOPOLOGY_OPTION],
  example: 'sharehold topology check --topology topology.example.json',
  async run(_args, options) {
    const topology = await readTopology(topologyFile(options))
    const rows = [...topology.byName.values()].map((actor) => [
      actor.role,
      actor.name,
      actor.address ?? '',
      actor.peerId,
    ])
    process.stdout.write(renderTable(['role', 'name', 'address', 'peer id'], rows))
  },
}
