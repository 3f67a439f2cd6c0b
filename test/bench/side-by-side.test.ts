import { describe, expect, it } from 'vitest'

import { type Measurement, parseMeasurements } from '../../bench/measurement.ts'
import { selected, sideBySide } from '../../bench/side-by-side.ts'

function measurement(
  name: string,
  samples: number[],
  other: Partial<Measurement> = {},
): Measurement {
  return {
    name,
    mode: 'passive',
    parties: 3,
    n: 1000,
    repeat: samples.length,
    seconds: samples[samples.length >> 1]!,
    samples,
    bytesPerParty: 8000,
    rounds: 1,
    rssBytes: 1e8,
    ...other,
  }
}

const OPTIONS = { common: false, cpu: false }
const SLOW = [2, 2.01, 2.02, 2.03, 2.04]
const FAST = [1, 1.01, 1.02, 1.03, 1.04]

describe('sideBySide', () => {
  it('says which side is faster', () => {
    const table = sideBySide(
      [measurement('mul', SLOW), measurement('dot', FAST), measurement('eq', FAST)],
      [measurement('mul', FAST), measurement('dot', SLOW), measurement('eq', FAST)],
      OPTIONS,
    )
    const [, mul, dot, eq] = table.split('\n')
    expect(mul).toMatch(/^mul \(passive, 3 parties, n = 1,000\).* 0\.505 .*5 {2}faster$/u)
    expect(dot).toMatch(/ 1\.980 .*slower$/u)
    expect(eq).toMatch(/ 1\.000 .*no difference shown$/u)
  })

  it('takes processor seconds if told to, and says if there are none', () => {
    const first = measurement('mul', FAST, { cpuSamples: FAST })
    const second = measurement('mul', FAST, { cpuSamples: SLOW })
    expect(sideBySide([first], [second], { ...OPTIONS, cpu: true })).toContain('slower')
    expect(() =>
      sideBySide([measurement('mul', FAST)], [second], { ...OPTIONS, cpu: true }),
    ).toThrow('no processor seconds')
  })

  it('takes the median for a single run if lines have no samples, and does not judge by it', () => {
    const { samples: _, ...old } = measurement('mul', SLOW)
    const table = sideBySide([old], [measurement('mul', FAST)], OPTIONS)
    expect(table).toMatch(/ 1 {2}no difference shown/u)
  })

  it('refuses what only one side has, unless told to leave it out', () => {
    const first = [measurement('mul', FAST), measurement('dot', FAST)]
    const second = [measurement('mul', FAST), measurement('eq', FAST)]
    expect(() => sideBySide(first, second, OPTIONS)).toThrow(
      /dot .* is only in the first\neq .* is only in the second/u,
    )
    const table = sideBySide(first, second, { ...OPTIONS, common: true })
    expect(table).toContain('mul')
    expect(table).not.toContain('dot')
    expect(() => sideBySide(first.slice(1), second.slice(1), { ...OPTIONS, common: true })).toThrow(
      'is only in',
    )
  })

  it('does not compare different sizes, committees or modes', () => {
    for (const other of [{ n: 10 }, { parties: 5 }, { mode: 'jiff' }]) {
      const changed = measurement('mul', FAST, other)
      expect(() => sideBySide([measurement('mul', FAST)], [changed], OPTIONS)).toThrow('is only in')
    }
  })

  it('wants as many blocks on either side', () => {
    const one = measurement('mul', FAST)
    expect(() => sideBySide([one, one], [one], OPTIONS)).toThrow(
      'is 2 times in the first and 1 times in the second',
    )
  })
})

describe('selected', () => {
  it('picks by name, and names what there is if a name is unknown', () => {
    const side = [measurement('mul', FAST), measurement('dot', FAST)]
    expect(selected(side, ['dot'], 'x').map(({ name }) => name)).toEqual(['dot'])
    expect(selected(side, undefined, 'x')).toHaveLength(2)
    expect(() => selected(side, ['dto'], 'x.jsonl')).toThrow(
      'x.jsonl has no benchmark "dto": it has mul, dot',
    )
  })
})

describe('parseMeasurements', () => {
  it('reads what was printed', () => {
    const lines = [measurement('mul', FAST), measurement('dot', SLOW)]
    const text = lines.map((one) => `${JSON.stringify(one)}\n`).join('')
    expect(parseMeasurements(text, 'x')).toEqual(lines)
  })

  it('names the line and the field that is wrong', () => {
    const good = JSON.stringify(measurement('mul', FAST))
    const without = JSON.stringify({ ...measurement('mul', FAST), rssBytes: undefined })
    expect(() => parseMeasurements(`${good}\n{"name":`, 'x.jsonl')).toThrow(
      'x.jsonl, line 2: this is no JSON',
    )
    expect(() => parseMeasurements(`${good}\n\n${without}`, 'x.jsonl')).toThrow(
      /x\.jsonl, line 3: rssBytes: /u,
    )
    expect(() => parseMeasurements(good.replace('1.01', '"1"'), 'x')).toThrow('samples.1')
    expect(() => parseMeasurements(good.replace('1.01', '0'), 'x')).toThrow('samples.1')
    expect(() => parseMeasurements('\n', 'x')).toThrow('x has no measurements')
  })
})
