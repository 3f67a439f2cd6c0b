/**
 * Writes the pages that are made from the code: docs/errors.md from the tables of error codes, docs/cli.md
 * from the table of commands, the tables of docs/sql.md from conformance/, docs/examples.md from examples/. `--check` fails if a page is not up to date.
 */
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'

import { commandsFor } from '../cli/commands.ts'
import { ERROR_TABLES } from '../cli/error-tables.ts'
import { EXIT_HELP } from '../cli/exit-codes.ts'

import { withConformanceTables } from './conformance/tables.ts'
import { EXAMPLES } from './examples/literature.ts'
import { examplesText } from './examples/page.ts'

const NOTE = '<!-- Made by `npm run docs`; do not edit. -->'

function errorsPage(): string {
  const sections = ERROR_TABLES.map(({ title, table }) => {
    const rows = Object.entries(table)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([code, meaning]) => `| \`${code}\` | ${meaning.replaceAll('|', '\\|')} |`)
    return `## ${title}\n\n| code | meaning |\n| --- | --- |\n${rows.join('\n')}\n`
  })
  return `${NOTE}\n\n# Error codes\n\n${sections.join('\n')}`
}

async function cliPage(): Promise<string> {
  const sections = (await commandsFor()).map((command) => {
    const usage = ['sharehold', ...command.path, ...(command.arguments ?? []).map((a) => a.name)]
    const options = (command.options ?? []).map(
      (o) =>
        `| \`${o.flags}\` | ${o.help}${o.fallback === undefined ? '' : ` (default: ${o.fallback})`} |`,
    )
    const table =
      options.length === 0 ? '' : `\n| option | meaning |\n| --- | --- |\n${options.join('\n')}\n`
    return `## \`${usage.join(' ')}\`\n\n${command.summary}.\n${table}\n\`\`\`sh\n${command.example}\n\`\`\`\n`
  })
  const exits = EXIT_HELP.map(([code, what]) => `| ${code} | ${what} |`).join('\n')
  return `${NOTE}\n\n# The command line\n\n${sections.join('\n')}\n## Exit codes\n\n| code | meaning |\n| --- | --- |\n${exits}\n`
}

async function sqlPage(): Promise<string> {
  return withConformanceTables(await readFile(path.join(import.meta.dirname, 'sql.md'), 'utf8'))
}

async function examplesPage(): Promise<string> {
  const about =
    'Queries that the literature measures, as they are asked here, and what their plans take for three parties, to the byte ' +
    '(`explain` says the same of any query). Which answers PostgreSQL gives to them is tested on made-up data, by parties on ' +
    'shares (test/protocol/sql/literature.test.ts). The schemas are in docs/examples/literature.ts.'
  return `${NOTE}\n\n# Examples\n\n${about}\n\n${await examplesText(EXAMPLES)}`
}

/** As oxfmt would lay it out, so that the format check and this check agree. */
async function emit(file: string, text: string, check: boolean): Promise<boolean> {
  const target = path.join(import.meta.dirname, file)
  const before = await readFile(target, 'utf8').catch(() => '')
  await writeFile(target, text)
  spawnSync('npx', ['oxfmt', target], { stdio: 'ignore' })
  const after = await readFile(target, 'utf8')
  if (check && after !== before) await writeFile(target, before)
  return after === before
}

const check = process.argv.includes('--check')
const same = [
  await emit('errors.md', errorsPage(), check),
  await emit('cli.md', await cliPage(), check),
  await emit('sql.md', await sqlPage(), check),
  await emit('examples.md', await examplesPage(), check),
]
if (check && same.includes(false)) {
  process.stderr.write(
    'docs/errors.md, docs/cli.md, docs/sql.md or docs/examples.md is out of date: run `npm run docs`\n',
  )
  process.exitCode = 1
}
