/** EXPLAIN as text: the plan as a tree from the output down to the columns, choices, and what is revealed. */
import { choiceLines } from './choices.ts'
import { measuredLines, operatorSeconds } from './explain-measured.ts'
import type { MeasuredRun } from './explain-measured.ts'
import type { Basis, ExplainedOperator, Explanation } from './explain.ts'
import { age, count, seconds, size } from './figures.ts'

/**
 * Without a final newline.
 * @param measured if the query was asked as well
 */
export function explainText(explained: Explanation, measured?: MeasuredRun): string {
  const { dataset, version, joined, rows, members, kMin, groups, lanes, planHash, params } =
    explained
  const datasets = [{ dataset, version }, ...joined].map(
    (one) => `${one.dataset} version ${one.version}`,
  )
  // Members of a join are counted once for each dataset whose rows are lanes.
  const extent =
    joined.length === 0
      ? `${count(rows)} rows of ${count(members)} members`
      : `at most ${count(rows)} rows, a lane each, of at most ${count(members)} members`
  const { n, t } = params.committee
  const busiest = Math.max(...explained.bytesSent)
  return [
    `${datasets.join(', joined with ')}: ${extent}, at least ${kMin} to show a value`,
    `${count(groups)} ${groups === 1 ? 'group' : 'groups'}, ${count(lanes)} numbers opened; plan ${planHash.slice(0, 16)}`,
    `${n} parties, any ${t + 1} of them could read the data together (security ${params.security})`,
    '',
    ...treeLines(explained.operators, measured),
    '',
    `${count(explained.rounds)} rounds, ${size(busiest)} sent by the busiest party, ` +
      `${count(explained.andGates)} AND gates, ${count(explained.fieldMultiplications)} field multiplications`,
    `about ${seconds(explained.networkSeconds)} of network time (${basisText(explained.basis, params.network)}); computing comes on top`,
    '',
    ...choiceLines(explained.choices, params.network),
    'Reveals',
    ...explained.leaks.map((line) => `  ${line}`),
    ...(measured === undefined ? [] : ['', ...measuredLines(measured)]),
  ].join('\n')
}

function basisText(basis: Basis, network: string): string {
  const { roundTripMs, megabits } = basis.link
  if (basis.from === 'class') return network
  const trip = `${figure(roundTripMs)} ms`
  const rate = `${figure(megabits)} Mbit/s`
  if (basis.from === 'option') return `${trip}, ${rate}`
  return `${trip} and ${rate} on the slowest line, measured by the nodes ${age(basis.ageSeconds)} ago`
}

const figure = (value: number): string => String(Number(value.toPrecision(3)))

/** What several operators read is drawn under the first and named after. */
function treeLines(operators: readonly ExplainedOperator[], measured?: MeasuredRun): string[] {
  const rows: { readonly tree: string; readonly cost: string }[] = []
  const drawn = new Set<number>()
  const draw = (op: number, lead: string, branch: string, indent: string): void => {
    const operator = operators[op]
    if (operator === undefined) return
    const label = `${lead}${branch}${operator.kind} #${op}`
    if (drawn.has(op)) {
      rows.push({ tree: `${label} (above)`, cost: '' })
      return
    }
    drawn.add(op)
    rows.push({ tree: `${label}: ${operator.purpose}`, cost: costOf(operator, measured) })
    operator.inputs.forEach((input, index) => {
      const last = index === operator.inputs.length - 1
      draw(input, lead + indent, last ? '└─ ' : '├─ ', last ? '   ' : '│  ')
    })
  }
  draw(operators.length - 1, '', '', '')
  const width = Math.max(...rows.map(({ tree }) => tree.length))
  return rows.map(({ tree, cost }) => (cost === '' ? tree : `${tree.padEnd(width)}  ${cost}`))
}

function costOf(operator: ExplainedOperator, measured: MeasuredRun | undefined): string {
  const { op, rounds, first, last, bytes, andGates, fieldMultiplications } = operator
  const parts: string[] = []
  if (rounds > 0) {
    const place = first === last ? count(first) : `${count(first)}-${count(last)}`
    parts.push(`${count(rounds)} ${rounds === 1 ? 'round' : 'rounds'} (${place})`, size(bytes))
  }
  if (andGates > 0) parts.push(`${count(andGates)} ANDs`)
  if (fieldMultiplications > 0) parts.push(`${count(fieldMultiplications)} products`)
  const took = measured === undefined ? undefined : operatorSeconds(measured, op)
  if (took !== undefined) parts.push(`took ${seconds(took)}`)
  return parts.join(', ')
}
