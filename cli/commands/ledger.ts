import { readTopology } from '../../node/topology.ts'
import { printable } from '../../protocol/sql/display-width.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { optionalText, text } from '../command.ts'
import type { Command } from '../command.ts'
import { summarize } from '../entry-summary.ts'
import { LEDGER_OPTION, copyLedger, ledgerSource, readNotes } from '../ledger-source.ts'
import { FORMAT_OPTION, TOPOLOGY_OPTION, topologyFile } from '../options.ts'
import { note } from '../output.ts'
import { printRows } from '../rows.ts'

export const ledger: Command = {
  path: ['ledger'],
  summary: 'List the ledger’s entries',
  options: [TOPOLOGY_OPTION, LEDGER_OPTION, FORMAT_OPTION],
  example: 'sharehold ledger --format csv',
  async run(_args, options) {
    const topology = await readTopology(topologyFile(options))
    const notes = await readNotes(ledgerSource(options, topology), topology)
    const rows = notes.map((one, seq) => {
      const { kind, authors, summary } = summarize(one, topology.origin)
      return [seq, kind, authors.join(', '), summary]
    })
    printRows(['entry', 'kind', 'signed by', 'summary'], rows, optionalText(options, 'format'))
    note('The entries have the signed root; `sharehold audit` checks what they say.')
  },
}

export const ledgerShow: Command = {
  path: ['ledger', 'show'],
  summary: 'Print one entry of the ledger: the note as it was signed',
  arguments: [{ name: '<entry>', help: 'its number' }],
  options: [TOPOLOGY_OPTION, LEDGER_OPTION],
  example: 'sharehold ledger show 7',
  async run(args, options) {
    const topology = await readTopology(topologyFile(options))
    const notes = await readNotes(ledgerSource(options, topology), topology)
    const given = args[0]!
    const found = /^[0-9]{1,15}$/u.test(given) ? notes[Number(given)] : undefined
    if (found === undefined) {
      throw new ShareholdError('SH_LEDGER_RANGE', `The ledger has no entry ${given}.`, {
        hint: notes.length === 0 ? 'It is empty.' : `It has entries 0 to ${notes.length - 1}.`,
      })
    }
    // Byte for byte into a file; on a terminal nothing that steers it.
    const shown = found.split('\n').map(printable).join('\n')
    process.stdout.write(process.stdout.isTTY ? shown : found)
  },
}

export const ledgerPull: Command = {
  path: ['ledger', 'pull'],
  summary: 'Copy the ledger’s files: for an audit elsewhere, or to serve them',
  options: [
    TOPOLOGY_OPTION,
    { flags: '--out <directory>', help: 'where the files go', required: true },
  ],
  example: 'sharehold ledger pull --out ledger-copy',
  async run(_args, options) {
    const topology = await readTopology(topologyFile(options))
    const directory = text(options, 'out')
    const size = await copyLedger(ledgerSource({}, topology), topology, directory)
    note(`${size} entries copied to ${directory}.`)
  },
}
