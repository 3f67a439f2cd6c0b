/**
 * Two runs of `npm run -s bench -- --json` side by side (side-by-side.ts), from two files of their lines.
 *
 * With --checkout the two sides are run here and now in turn, block by block: what noise asks for, since
 * two files that were measured an hour apart differ by the machine as much as by the program.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { runElsewhere } from './child-process.ts'
import { natural, runProgram } from './command-line.ts'
import { type Measurement, parseMeasurements } from './measurement.ts'
import { selected, sideBySide } from './side-by-side.ts'

const USAGE = `npm run bench:compare -- FIRST.jsonl SECOND.jsonl [options]
npm run bench:compare -- --checkout DIR [options]
  --only NAME,…   these benchmarks only
  --common        leave out what only one side has, instead of refusing
  --cpu           processor seconds of the party that spends most, instead of seconds:
                  what a busy machine changes least
with --checkout: runs DIR (first) and this checkout (second) in turn
  --blocks N      times each side is run, 5 by default
  --repeat N      timed runs a block, 5 by default
  --n N           rows or operations
  --save PREFIX   keeps the lines in PREFIX-first.jsonl and PREFIX-second.jsonl
`

const HERE = fileURLToPath(new URL('..', import.meta.url))

/** Both sides in turn; every other block begins with the second, so that neither is always the warmer one. */
async function alternate(
  checkout: string,
  blocks: number,
  benchArguments: readonly string[],
  save: string | undefined,
): Promise<[Measurement[], Measurement[]]> {
  const sides = [resolve(checkout), HERE].map((folder, i) => ({
    folder,
    lines: [] as Measurement[],
    file: save === undefined ? undefined : `${save}-${i === 0 ? 'first' : 'second'}.jsonl`,
  }))
  for (const { folder } of sides) {
    if (existsSync(join(folder, 'bench/main.ts'))) continue
    throw new Error(`${folder} is no checkout: it has no bench/main.ts`)
  }
  for (const { file } of sides) if (file !== undefined) writeFileSync(file, '')
  for (let block = 0; block < blocks; block++) {
    for (const side of block % 2 === 0 ? sides : sides.toReversed()) {
      if (process.stderr.isTTY) process.stderr.write(`block ${block + 1}: ${side.folder} …\n`)
      const text = await runElsewhere(side.folder, 'bench/main.ts', benchArguments)
      if (side.file !== undefined) appendFileSync(side.file, text)
      side.lines.push(...parseMeasurements(text, side.folder))
    }
  }
  return [sides[0]!.lines, sides[1]!.lines]
}

function readFile(path: string): Measurement[] {
  if (!existsSync(path)) throw new Error(`there is no file ${path}`)
  return parseMeasurements(readFileSync(path, 'utf8'), path)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      common: { type: 'boolean', default: false },
      cpu: { type: 'boolean', default: false },
      checkout: { type: 'string' },
      blocks: { type: 'string', default: '5' },
      repeat: { type: 'string', default: '5' },
      n: { type: 'string' },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  const { checkout, cpu, common, save } = values
  if (positionals.length !== (checkout === undefined ? 2 : 0)) {
    throw new RangeError(`two files are compared, or this checkout with another\n${USAGE}`)
  }
  const only = values.only?.split(',')
  const repeat = String(natural('repeat', values.repeat))
  const blocks = natural('blocks', values.blocks)
  const [first, second] =
    checkout === undefined
      ? [readFile(positionals[0]!), readFile(positionals[1]!)]
      : await alternate(
          checkout,
          blocks,
          [
            '--json',
            '--no-limit',
            '--repeat',
            repeat,
            ...(values.only === undefined ? [] : ['--only', values.only]),
            ...(values.n === undefined ? [] : ['--n', String(natural('n', values.n))]),
          ],
          save,
        )
  const names = checkout === undefined ? positionals : [checkout, HERE]
  const chosen = [first, second].map((side, i) => selected(side, only, names[i]!))
  process.stdout.write(sideBySide(chosen[0]!, chosen[1]!, { cpu, common }))
}

await runProgram(main)
