/** Names as a person writes them: quoting, looking up, and guesses at what was meant. */

const UNQUOTED = /^[a-z_][a-z0-9_$]*$/u
const SHOWN_NAMES = 12

/** The name as it must be written in SQL, in double quotes where PostgreSQL would fold or refuse it. */
export function quoteName(name: string): string {
  return UNQUOTED.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}

/** The entry of a table under a name that a stranger wrote, which may be `constructor`. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** A hint: the nearest candidate, else the candidates. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const folded = name.toLowerCase()
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(folded, candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = ranked[0]
  if (best !== undefined && best.distance <= name.length / 2) {
    return `Did you mean ${quoteName(best.candidate)}?`
  }
  if (candidates.length === 0) return 'There is none to choose from.'
  const shown = candidates.slice(0, SHOWN_NAMES).map(quoteName).join(', ')
  return `There ${candidates.length === 1 ? 'is' : 'are'} ${shown}${candidates.length > SHOWN_NAMES ? ', …' : ''}.`
}

/** The candidate that a word is one slip away from, if it is none itself. */
export function slipOf(word: string, candidates: readonly string[]): string | undefined {
  const folded = word.toLowerCase()
  if (folded.length < 3 || candidates.includes(folded)) return undefined
  return candidates.find((candidate) => distance(folded, candidate) === 1)
}

/** Edit distance, with transpositions of neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  const xs = Array.from(a).slice(0, 64)
  const ys = Array.from(b).slice(0, 64)
  let before: number[] = []
  let row = Array.from({ length: ys.length + 1 }, (_, j) => j)
  for (let i = 1; i <= xs.length; i++) {
    const next = [i]
    for (let j = 1; j <= ys.length; j++) {
      const same = xs[i - 1] === ys[j - 1]
      let best = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && xs[i - 1] === ys[j - 2] && xs[i - 2] === ys[j - 1]
      if (swapped) best = Math.min(best, before[j - 2]! + 1)
      next.push(best)
    }
    before = row
    row = next
  }
  return row[ys.length]!
}
