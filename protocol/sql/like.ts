/**
 * LIKE and ILIKE on public texts (a dictionary at plan time). `%` stands for any characters, `_` for
 * one; ILIKE folds character by character as PostgreSQL does in C.UTF-8 (never 'ß' to 'SS').
 *
 * Source: src/backend/utils/adt/like_match.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

type Element = { readonly character: string } | 'one' | 'any'

/**
 * Makes the matcher of a pattern.
 *
 * @param escape one character, or '' for none
 * @throws ShareholdError SH_SQL_LITERAL if the pattern ends with the escape character, or that is longer.
 */
export function likeMatcher(
  pattern: string,
  escape: string,
  ignoreCase: boolean,
): (text: string) => boolean {
  const fold = ignoreCase ? foldCase : (text: string): string[] => Array.from(text)
  const elements = elementsOf(pattern, escape, fold)
  return (text) => matches(fold(text), elements)
}

function elementsOf(pattern: string, escape: string, fold: (text: string) => string[]): Element[] {
  if (Array.from(escape).length > 1) {
    throw new ShareholdError('SH_SQL_LITERAL', 'The escape must be empty or one character.')
  }
  const characters = Array.from(pattern)
  const elements: Element[] = []
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!
    if (escape !== '' && character === escape) {
      const next = characters[++i]
      if (next === undefined) {
        throw new ShareholdError('SH_SQL_LITERAL', 'The pattern ends with its escape character.', {
          hint: 'Double the escape character to match it.',
        })
      }
      elements.push({ character: fold(next)[0]! })
    } else if (character === '%') {
      if (elements.at(-1) !== 'any') elements.push('any')
    } else {
      elements.push(character === '_' ? 'one' : { character: fold(character)[0]! })
    }
  }
  return elements
}

/** Greedy with one point of return, the last %: linear memory, at most text times pattern steps. */
function matches(text: readonly string[], elements: readonly Element[]): boolean {
  let at = 0
  let element = 0
  let retry: { at: number; element: number } | undefined
  while (at < text.length) {
    const expected = elements[element]
    if (expected === 'any') {
      retry = { at, element: ++element }
    } else if (expected === 'one' || (expected !== undefined && expected.character === text[at])) {
      at++
      element++
    } else if (retry === undefined) {
      return false
    } else {
      at = ++retry.at
      element = retry.element
    }
  }
  return elements.slice(element).every((rest) => rest === 'any')
}

/** Lower case of each character alone; U+0130 is the only one whose simple mapping JavaScript does not give. */
function foldCase(text: string): string[] {
  return Array.from(text, (character) => {
    const lower = character === '\u0130' ? 'i' : character.toLowerCase()
    return Array.from(lower).length === 1 ? lower : character
  })
}
