/**
 * Log-log panels as SVG, by hand: a line a series with a mark of its own at each point, named in one
 * legend. Colours are told apart by colour-blind readers too (Okabe and Ito), and text follows the reader's light or
 * dark scheme, also as an image in a page.
 */
export interface Point {
  readonly x: number
  readonly y: number
}

export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface Panel {
  readonly title: string
  readonly series: readonly Series[]
}

const WIDTH = 300
const HEIGHT = 260
const MARGIN = { left: 52, right: 14, top: 34, bottom: 40 }
const LEGEND = 34
const COLOURS = ['#0a84c4', '#d55e00', '#029e73', '#c061a5'] as const

/** A range of powers of ten. */
interface Axis {
  readonly low: number
  readonly high: number
  /** Position of a value, in pixels. */
  at(value: number): number
  /** Powers of ten. */
  readonly ticks: readonly number[]
}

function axisOf(values: readonly number[], from: number, to: number): Axis {
  const logs = values.map(Math.log10)
  const low = Math.floor(Math.min(...logs) + 1e-9)
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs) - 1e-9))
  return {
    low,
    high,
    at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: high - low + 1 }, (_, i) => low + i),
  }
}

/** @throws RangeError if a value is not positive, or there is none */
export function plot(panels: readonly Panel[], xTitle: string): string {
  const points = panels.flatMap(({ series }) => series.flatMap((one) => one.points))
  if (points.length === 0 || points.some(({ x, y }) => !(x > 0) || !(y > 0))) {
    throw new RangeError('a log-log plot needs points, all of them positive')
  }
  const width = WIDTH * panels.length
  const names = panels[0]!.series.map(({ name }) => name)
  const legend = names.map((name, i) => {
    const x = MARGIN.left + (i * (width - MARGIN.left)) / names.length
    return `${mark(i, x, 18)}${text(name, x + 10, 22, 'start')}`
  })
  const drawn = panels.map(
    (panel, i) => `<g transform="translate(${i * WIDTH} ${LEGEND})">${panelOf(panel, xTitle)}</g>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT + LEGEND}" width="${width}" height="${HEIGHT + LEGEND}" role="img" aria-label="${escape(panels.map(({ title }) => title).join(', '))} by ${escape(xTitle)}">
<style>
text { font: 12px system-ui, sans-serif; fill: #333 }
.grid { stroke: #999; stroke-opacity: 0.3 }
.line { fill: none; stroke-width: 1.8 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }
</style>
${[...legend, ...drawn].join('\n')}
</svg>
`
}

function panelOf({ title, series }: Panel, xTitle: string): string {
  const points = series.flatMap((one) => one.points)
  const x = axisOf(
    points.map((point) => point.x),
    MARGIN.left,
    WIDTH - MARGIN.right,
  )
  const y = axisOf(
    points.map((point) => point.y),
    HEIGHT - MARGIN.bottom,
    MARGIN.top,
  )
  const [left, right, bottom, top] = [
    x.at(10 ** x.low),
    x.at(10 ** x.high),
    y.at(10 ** y.low),
    y.at(10 ** y.high),
  ]
  const parts = [
    text(title, (left + right) / 2, 20, 'middle'),
    text(xTitle, (left + right) / 2, HEIGHT - 6, 'middle'),
    ...x.ticks.flatMap((power) => [
      line(x.at(10 ** power), bottom, x.at(10 ** power), top),
      text(powerOfTen(power), x.at(10 ** power), bottom + 16, 'middle'),
    ]),
    ...y.ticks.flatMap((power) => [
      line(left, y.at(10 ** power), right, y.at(10 ** power)),
      text(powerOfTen(power), left - 6, y.at(10 ** power) + 4, 'end'),
    ]),
    ...series.map((one, i) => {
      const at = one.points.map((point) => [x.at(point.x), y.at(point.y)] as const)
      const path = at.map(([px, py]) => `${round(px)},${round(py)}`).join(' ')
      const marks = at.map(([px, py]) => mark(i, px, py)).join('')
      return `<polyline class="line" stroke="${colour(i)}" points="${path}"/>${marks}`
    }),
  ]
  return parts.join('')
}

const colour = (series: number): string => COLOURS[series % COLOURS.length]!

/** Circle, square, triangle, diamond. */
function mark(series: number, x: number, y: number): string {
  const fill = `fill="${colour(series)}"`
  const [px, py] = [round(x), round(y)]
  switch (series % 4) {
    case 0:
      return `<circle cx="${px}" cy="${py}" r="4" ${fill}/>`
    case 1:
      return `<path d="M${px} ${py}m-3.5 -3.5h7v7h-7z" ${fill}/>`
    case 2:
      return `<path d="M${px} ${py}m0 -4.5l4.5 8h-9z" ${fill}/>`
    default:
      return `<path d="M${px} ${py}m0 -5l5 5l-5 5l-5 -5z" ${fill}/>`
  }
}

function text(content: string, x: number, y: number, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escape(content)}</text>`
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`
}

/** Plain numbers near 1, else a power. */
function powerOfTen(power: number): string {
  if (power >= -3 && power <= 2) return String(10 ** power)
  const digits = Array.from(String(Math.abs(power)), (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]!)
  return `10${power < 0 ? '⁻' : ''}${digits.join('')}`
}

const round = (value: number): number => Math.round(value * 10) / 10

const escape = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
