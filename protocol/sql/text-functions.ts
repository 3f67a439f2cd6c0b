/**
 * Functions of texts, by characters, as PostgreSQL's in C.UTF-8: case is mapped character by character ('ß' stays
 * when it has no single counterpart).
 *
 * Source: oracle_compat.c, varlena.c (PostgreSQL 18).
 */
import { ShareholdError } from '../../shares/errors.ts'

export function lowerCase(text: string): string {
  return mapCharacters(text, (character) =>
    character === '\u0130' ? 'i' : character.toLowerCase(),
  )
}

export function upperCase(text: string): string {
  return mapCharacters(text, (character) => character.toUpperCase())
}

/** Upper case at the start of each word of letters and digits, lower case within. */
export function initialCapitals(text: string): string {
  let inWord = false
  return Array.from(text, (character) => {
    const mapped = inWord ? lowerCase(character) : upperCase(character)
    inWord = /[\p{L}\p{N}]/u.test(character)
    return mapped
  }).join('')
}

/** Only where the mapping is one character too. */
function mapCharacters(text: string, map: (character: string) => string): string {
  return Array.from(text, (character) => {
    const mapped = map(character)
    return Array.from(mapped).length === 1 ? mapped : character
  }).join('')
}

export function lengthOf(text: string): number {
  return Array.from(text).length
}

/** Characters from the place `start`, counted from 1 and perhaps before it. @throws SH_ANSWER_ARGUMENT */
export function substring(text: string, start: bigint, length?: bigint): string {
  if (length !== undefined && length < 0n) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', 'The length of a substring is negative.')
  }
  const characters = Array.from(text)
  const end = length === undefined ? BigInt(characters.length) + 1n : start + length
  const from = start < 1n ? 1n : start
  return end <= from ? '' : characters.slice(Number(from) - 1, place(end) - 1).join('')
}

/** The first characters; all but the last -count if it is negative. */
export function leftOf(text: string, count: bigint): string {
  return Array.from(text).slice(0, place(count)).join('')
}

/** The last characters; all but the first -count if it is negative. */
export function rightOf(text: string, count: bigint): string {
  const characters = Array.from(text)
  if (count < 0n) return characters.slice(place(-count)).join('')
  return characters.slice(Math.max(0, characters.length - place(count))).join('')
}

export function trim(text: string, set: string, ends: 'both' | 'start' | 'end'): string {
  const characters = Array.from(text)
  const dropped = new Set(Array.from(set))
  let [from, to] = [0, characters.length]
  if (ends !== 'end') while (from < to && dropped.has(characters[from]!)) from++
  if (ends !== 'start') while (to > from && dropped.has(characters[to - 1]!)) to--
  return characters.slice(from, to).join('')
}

/** Every occurrence, from the left; nothing for an empty text. */
export function replaceAll(text: string, from: string, to: string): string {
  return from === '' ? text : text.split(from).join(to)
}

/** Place of the first occurrence, from 1; 0 if there is none. */
export function placeOf(text: string, part: string): number {
  const index = text.indexOf(part)
  return index < 0 ? 0 : lengthOf(text.slice(0, index)) + 1
}

/** The n-th field, from the end if n is negative; empty if there is none. @throws SH_ANSWER_ARGUMENT */
export function splitPart(text: string, delimiter: string, n: bigint): string {
  if (n === 0n) {
    throw new ShareholdError('SH_ANSWER_ARGUMENT', 'The number of a field must not be zero.')
  }
  if (text === '') return ''
  if (delimiter === '') return n === 1n || n === -1n ? text : ''
  const fields = text.split(delimiter)
  const index = n > 0n ? n - 1n : BigInt(fields.length) + n
  return index < 0n ? '' : (fields[place(index)] ?? '')
}

export function reverse(text: string): string {
  return Array.from(text).toReversed().join('')
}

/** A place as a number that can be added to. */
function place(value: bigint): number {
  return Number(value > 2n ** 40n ? 2n ** 40n : value)
}
