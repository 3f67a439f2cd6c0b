/** The child's side of child-process.ts: a table of functions, and nothing that a child does not need. */

/** What a child can do. Arguments and results are copied (structured clone). */
export type Program = Record<string, (argument: never) => unknown>

export interface Question {
  readonly name: string
  readonly argument: unknown
}

export type Answer = { readonly result: unknown } | { readonly error: string }

/** The child's side: answers until the parent is gone, then ends the process. */
export function serveParent(program: Program): void {
  process.on('message', (message) => void answer(program, message as Question))
  process.once('disconnect', () => process.exit(0))
}

async function answer(program: Program, { name, argument }: Question): Promise<void> {
  let reply: Answer
  try {
    const run = program[name] as ((argument: unknown) => unknown) | undefined
    if (run === undefined) throw new RangeError(`the child has no "${name}"`)
    reply = { result: await run(argument) }
  } catch (error) {
    reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  // A parent that is gone takes no answer: `disconnect` ends this process.
  process.send?.(reply, undefined, undefined, () => {})
}
