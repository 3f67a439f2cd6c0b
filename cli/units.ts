/** Figures as people read them. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** `1.5 MB`: decimal units, one digit after the point where there is a unit. */
export function humanBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]!}`
}

/** `1,234,567` */
export function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+(?!\d))/gu, ',')
}
