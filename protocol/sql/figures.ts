/** Figures as EXPLAIN prints them. */

/** With thousands separators, the same in every locale. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',')
}

export function size(bytes: number): string {
  if (bytes < 10_000) return `${count(bytes)} B`
  if (bytes < 10_000_000) return `${count(Math.round(bytes / 1000))} kB`
  return `${count(Math.round(bytes / 1_000_000))} MB`
}

export function seconds(value: number): string {
  if (value >= 1) return `${value.toFixed(1)} s`
  return value >= 0.1 ? `${Math.round(value * 1000)} ms` : `${(value * 1000).toFixed(1)} ms`
}

export function age(value: number): string {
  if (value < 120) return `${Math.round(value)} s`
  return value < 7200 ? `${Math.round(value / 60)} min` : `${Math.round(value / 3600)} h`
}
