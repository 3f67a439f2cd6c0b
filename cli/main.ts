/**
 * The roof: turns the command table into a program. An error ends here, as code, message, place and
 * hint on stderr and as an exit code; nothing below prints.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'

import { Command as Program, CommanderError, Option } from 'commander'
import pc from 'picocolors'

import { ShareholdError } from '../shares/errors.ts'

import type { Command } from './command.ts'
import { commandsFor } from './commands.ts'
import { EXIT, EXIT_HELP, exitCodeOf } from './exit-codes.ts'

function packageVersion(): string {
  const file = path.join(import.meta.dirname, '..', 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** Kept apart from process exit so that a test can hold the text against the docs. */
export function buildProgram(commands: readonly Command[], done: (code: number) => void): Program {
  const root = new Program('sharehold')
    .description('Secure multi-party computation for data cooperatives')
    .version(packageVersion())
    .addHelpText(
      'after',
      `\nExit codes:\n${EXIT_HELP.map(([code, what]) => `  ${code}  ${what}`).join('\n')}`,
    )
    .showHelpAfterError('(add --help for the usage)')
    // `ledger` and `ledger show` both have --topology: what stands behind `show` belongs to `show`.
    .enablePositionalOptions()
    .exitOverride()
  const groups = new Map<string, Program>([['', root]])
  for (const command of commands) {
    const parentPath = command.path.slice(0, -1).join(' ')
    let parent = groups.get(parentPath)
    if (parent === undefined) {
      parent = root.command(parentPath).exitOverride()
      groups.set(parentPath, parent)
    }
    const program = parent.command(command.path.at(-1)!)
    if (command.path.length === 1) groups.set(command.path[0]!, program)
    program
      .exitOverride()
      .description(command.summary)
      .addHelpText('after', `\nExample:\n  ${command.example.replaceAll('\n', '\n  ')}`)
    for (const argument of command.arguments ?? []) program.argument(argument.name, argument.help)
    for (const option of command.options ?? []) program.addOption(toOption(option))
    program.action(async (...received: unknown[]) => {
      const count = command.arguments?.length ?? 0
      const values = received.slice(0, count) as (string | undefined)[]
      const code = await command.run(values, received[count] as Record<string, string | boolean>)
      done(code ?? EXIT.ok)
    })
  }
  return root
}

function toOption(option: NonNullable<Command['options']>[number]): Option {
  const made = new Option(option.flags, option.help)
  if (option.fallback !== undefined) made.default(option.fallback)
  if (option.choices !== undefined) made.choices([...option.choices])
  if (option.required === true) made.makeOptionMandatory()
  return made
}

/** What the user reads when something goes wrong. */
export function describeError(error: unknown): string {
  if (!(error instanceof ShareholdError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return `${pc.red('unexpected failure')} (a defect, please report it)\n${text}`
  }
  const place = [
    error.party === undefined ? '' : `party ${error.party}`,
    error.round === undefined ? '' : `round ${error.round}`,
    error.position === undefined
      ? ''
      : `line ${error.position.line}, column ${error.position.column}`,
  ].filter((part) => part !== '')
  const where = place.length === 0 ? '' : ` (${place.join(', ')})`
  const hint = error.hint === undefined ? '' : `\n${pc.dim('hint:')} ${error.hint}`
  return `${pc.red(error.code)}: ${error.message}${where}${hint}`
}

export async function main(argv: readonly string[]): Promise<number> {
  let exit: number = EXIT.ok
  try {
    await buildProgram(await commandsFor(argv[0]), (code) => {
      exit = code
    }).parseAsync([...argv], { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput
    process.stderr.write(`${describeError(error)}\n`)
    return exitCodeOf(error)
  }
}

// A reader that closes our stdout early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
})
process.exitCode = await main(process.argv.slice(2))
