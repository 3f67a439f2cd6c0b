/** The scale benchmark's figures as a page (Markdown) and as a plot (SVG). */
import type { Measurement } from '../measurement.ts'

import { type Panel, plot } from './plot.ts'
import type { SurveyQuery } from './queries.ts'

type Query = Pick<SurveyQuery, 'name' | 'title'>

export interface Circumstances {
  readonly date: string
  readonly commit: string
  readonly machine: string
  readonly command: string
  /** Timed runs. */
  readonly repeat: number
}

/** What a run gave, or why it gave nothing. */
export interface Attempt {
  readonly query: string
  readonly rows: number
  readonly result: Measurement | string
}

const count = (value: number): string => value.toLocaleString('en-US')
const digits = (value: number): string =>
  value >= 100 ? count(Math.round(value)) : value.toPrecision(3)

/** @param plotFile named relative to the page */
export function pageOf(
  queries: readonly Query[],
  attempts: readonly Attempt[],
  { date, commit, machine, command, repeat }: Circumstances,
  plotFile: string,
): string {
  const rows = attempts.map(({ query, rows: n, result }) => {
    const { title } = queries.find(({ name }) => name === query)!
    const start = [title, count(n)]
    if (typeof result === 'string') return [...start, result, '', '', '', '', '', '']
    const { seconds, cpuSeconds, bytesPerParty, rounds, rssBytes } = result
    return [
      ...start,
      digits(seconds),
      cpuSeconds === undefined ? '' : digits(cpuSeconds),
      digits(bytesPerParty / 1e6),
      rounds === undefined ? '' : count(rounds),
      count(Math.round(rssBytes / 1e6)),
      digits((seconds / n) * 1e6),
      digits(bytesPerParty / n),
    ]
  })
  const head = [
    'query',
    'rows',
    'seconds',
    'CPU s a node',
    'MB sent a party',
    'rounds',
    'RSS a node, MB',
    'µs a row',
    'bytes a row',
  ]
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'))
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  return `# Scale

What \`${command}\` measured.

|         |     |
| ------- | --- |
| date    | ${date} |
| commit  | ${commit} |
| machine | ${machine} |

Three parties on this machine, a process each, over the overlay; medians of ${repeat} timed runs. Each party's
columns lie in a file and are read batch by batch, so that memory is the engine's. Every answer was checked.

![Seconds, bytes and memory by rows](${plotFile})

${table}
`
}

export function plotOf(queries: readonly Query[], attempts: readonly Attempt[]): string {
  const panel = (title: string, value: (measurement: Measurement) => number): Panel => ({
    title,
    series: queries.map(({ name, title: series }) => ({
      name: series,
      points: attempts.flatMap(({ query, rows, result }) =>
        query !== name || typeof result === 'string' ? [] : [{ x: rows, y: value(result) }],
      ),
    })),
  })
  return plot(
    [
      panel('seconds', ({ seconds }) => seconds),
      panel('MB sent a party', ({ bytesPerParty }) => bytesPerParty / 1e6),
      panel('RSS a node, MB', ({ rssBytes }) => rssBytes / 1e6),
    ],
    'rows',
  )
}
