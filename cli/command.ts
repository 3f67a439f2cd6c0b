/**
 * A command is data: the parser, `--help` and docs/cli.md are all made from it. Data goes to stdout,
 * everything else (progress, notes, errors) to stderr.
 */
export interface CommandOption {
  /** commander's notation, e.g. `--format <format>`. */
  readonly flags: string
  readonly help: string
  readonly fallback?: string | boolean
  readonly choices?: readonly string[]
  readonly required?: boolean
}

export interface CommandArgument {
  /** commander's notation: `<sql>` or `[file]`. */
  readonly name: string
  readonly help: string
}

/** Values as the user typed them; a switch is a boolean. */
export type CommandValues = Readonly<Record<string, string | boolean | undefined>>

export interface Command {
  /** `['ledger', 'show']` is `sharehold ledger show`. */
  readonly path: readonly string[]
  readonly summary: string
  readonly arguments?: readonly CommandArgument[]
  readonly options?: readonly CommandOption[]
  readonly example: string
  /** Resolves to the exit code (0 if nothing is returned). */
  run(args: readonly (string | undefined)[], options: CommandValues): Promise<number | void>
}

/** Option value as text, or a usage error: for options that the command itself requires. */
export function text(options: CommandValues, name: string): string {
  const value = options[name]
  if (typeof value !== 'string') throw new TypeError(`option ${name} has no value`)
  return value
}

/** Option value as text, or undefined. */
export function optionalText(options: CommandValues, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}
