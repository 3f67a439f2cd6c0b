import { createKeyFiles, keyFiles } from '../../node/keys.ts'
import { text } from '../command.ts'
import type { Command } from '../command.ts'
import { note } from '../output.ts'

export const keysNew: Command = {
  path: ['keys', 'new'],
  summary: 'Make an ed25519 key: the identity of a node, a repository or a querier',
  arguments: [{ name: '<name...>', help: 'names of the actors, as in the topology' }],
  options: [{ flags: '--dir <directory>', help: 'where the key files go', fallback: 'keys' }],
  example: 'sharehold keys new share-1 share-2 share-3 --dir keys',
  async run(args, options) {
    const directory = text(options, 'dir')
    for (const name of args.flat()) {
      const key = await createKeyFiles(directory, name!)
      const { skeyFile, vkeyFile } = keyFiles(directory, name!)
      process.stdout.write(`${key.vkey}\n`)
      note(`${vkeyFile} may be given to anyone; ${skeyFile} never leaves this machine.`)
    }
  },
}
