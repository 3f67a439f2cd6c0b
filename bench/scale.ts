/**
 * Seconds, bytes, rounds and memory by rows, for a filter, GROUP BY and a median: PREFIX.md with the table,
 * PREFIX.svg with the plot, PREFIX.jsonl with the measurements. The files are written anew after each
 * measurement, so what was measured before something failed is kept.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'

import { onFleet } from './benchmark.ts'
import { natural, runProgram } from './command-line.ts'
import { QUERIES } from './scaling/queries.ts'
import { type Attempt, type Circumstances, pageOf, plotOf } from './scaling/report.ts'
import { SCALE_TASKS } from './scaling/tasks.ts'

const PREFIX = 'scale-'
const NAMES = QUERIES.map(({ name }) => name.slice(PREFIX.length))

const USAGE = `npx tsx bench/scale.ts --out PREFIX [options]
  --out PREFIX    writes PREFIX.md, PREFIX.svg and PREFIX.jsonl
  --only NAME,…   ${NAMES.join(', ')}
  --rows N,…      10,000 100,000 1,000,000 10,000,000 (without the thousands' commas) by default
  --repeat N      timed runs, 3 by default
`

function circumstances(repeat: number): Circumstances {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { encoding: 'utf8', cwd: import.meta.dirname }).trim()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  const { model } = cpus()[0] ?? { model: 'an unknown processor' }
  const changed = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ' with changes'
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git('rev-parse', '--short', 'HEAD') + changed,
    machine: `${availableParallelism()} cores of ${model.trim()}, ${gibibytes} GiB, Node ${process.versions.node}`,
    command: `npx tsx bench/scale.ts ${process.argv.slice(2).join(' ')}`,
    repeat,
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      only: { type: 'string', default: NAMES.join(',') },
      rows: { type: 'string', default: '10000,100000,1000000,10000000' },
      repeat: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  const { out } = values
  if (out === undefined) throw new RangeError(`--out is missing\n${USAGE}`)
  const repeat = natural('repeat', values.repeat)
  const sizes = values.rows.split(',').map((text) => natural('rows', text))
  const names = values.only.split(',')
  const unknown = names.find((name) => !NAMES.includes(name))
  if (unknown !== undefined) {
    throw new RangeError(`there is no query "${unknown}": choose of ${NAMES.join(', ')}`)
  }
  const queries = QUERIES.filter(({ name }) => names.includes(name.slice(PREFIX.length)))
  const about = circumstances(repeat)
  const attempts: Attempt[] = []
  for (const { name } of queries) {
    for (const size of sizes) {
      const result = await attempt(name, size, repeat)
      attempts.push({ query: name, rows: size, result })
      write(out, queries, attempts, about)
    }
  }
  process.stdout.write(pageOf(queries, attempts, about, `${basename(out)}.svg`))
  if (attempts.some(({ result }) => typeof result === 'string')) process.exitCode = 1
}

/** @returns the measurement, or why there is none: the others may still work */
async function attempt(name: string, size: number, repeat: number): Promise<Attempt['result']> {
  process.stderr.write(`${name}, ${size} rows …\n`)
  const task = SCALE_TASKS.find((one) => one.name === name)!
  try {
    const { measurements } = await onFleet(task).measure({
      size,
      parties: 3,
      repeat,
      limit: false,
      flags: [],
      rehearsalMs: 2000,
      before: [],
    })
    return measurements[0]!
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(`${message}\n`)
    return `failed: ${message.split('\n')[0]!.replaceAll('|', ' ')}`
  }
}

function write(
  out: string,
  queries: typeof QUERIES,
  attempts: readonly Attempt[],
  about: Circumstances,
): void {
  const measured = attempts.flatMap(({ result }) => (typeof result === 'string' ? [] : [result]))
  writeFileSync(`${out}.jsonl`, measured.map((one) => `${JSON.stringify(one)}\n`).join(''))
  writeFileSync(`${out}.md`, pageOf(queries, attempts, about, `${basename(out)}.svg`))
  if (measured.length > 0) writeFileSync(`${out}.svg`, plotOf(queries, attempts))
}

await runProgram(main)
