/** What the programs of this folder have in common: how they read numbers, fail, and end their children. */
import { killChildren } from './child-process.ts'

/** @throws RangeError naming the option */
export function natural(option: string, text: string): number {
  const value = Number(text.replaceAll(/[_,]/gu, ''))
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`--${option} takes a count, not "${text}"`)
  }
  return value
}

/** Runs a program to its end, an error or a signal; in each case no child is left. */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => giveUp(code))
  }
  // tsx, which runs this program and passes signals on, may be killed without a chance to do so.
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && giveUp(1), 1000).unref()
  try {
    await main()
  } catch (error) {
    killChildren()
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

function giveUp(code: number): void {
  killChildren()
  process.exit(code)
}
