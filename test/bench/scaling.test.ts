import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { plot } from '../../bench/scaling/plot.ts'
import { QUERIES } from '../../bench/scaling/queries.ts'
import { pageOf, plotOf } from '../../bench/scaling/report.ts'
import { codesOf, memberOfRow, REGIONS, surveyParams } from '../../bench/scaling/survey.ts'
import { committee } from '../../shares/committee.ts'

const ROWS = 70_000

describe('the survey', () => {
  it('is the same whichever range of it is made', () => {
    const whole = codesOf('district', 0, ROWS)
    fc.assert(
      fc.property(fc.nat(ROWS / 4 - 1), fc.nat(300), (quarter, length) => {
        const from = 4 * quarter
        const count = Math.min(length, ROWS - from)
        expect(codesOf('district', from, count)).toEqual(whole.subarray(from, from + count))
      }),
    )
  })

  it('has members of one to three rows, in ascending order, as its parameters say', () => {
    const members = memberOfRow(ROWS)
    expect(
      members.every((member, row) => row === 0 || [0, 1].includes(member - members[row - 1]!)),
    ).toBe(true)
    const { rowsPerMember, chunks } = surveyParams(committee(3), members).dataset
    expect(rowsPerMember.map(([rows]) => rows)).toEqual([1, 2, 3])
    expect(rowsPerMember.reduce((sum, [, count]) => sum + count, 0)).toBe(members[ROWS - 1]! + 1)
    expect(rowsPerMember.reduce((sum, [rows, count]) => sum + rows * count, 0)).toBe(ROWS)
    expect(chunks).toEqual([65_536, ROWS - 65_536])
  })
})

describe('its queries', () => {
  const column = (name: string): number[] => Array.from(codesOf(name, 0, ROWS))
  const rows = column('income').map((income, i) => ({ income, i }))
  const answer = (name: string) => QUERIES.find((query) => query.name === name)!.plainAnswer(ROWS)

  it('are answered as by hand', () => {
    const [city, age, region] = [column('city'), column('age'), column('region')]
    const sumOf = (some: typeof rows): number => some.reduce((sum, { income }) => sum + income, 0)

    const filtered = rows.filter(({ i }) => city[i] === 3 && age[i]! >= 30 && age[i]! < 50)
    expect(answer('scale-query')).toEqual([[`${sumOf(filtered)}`, `${filtered.length}`]])

    const groups = answer('scale-groups-10')
    expect(groups).toEqual(
      REGIONS.map((text, code) => {
        const some = rows.filter(({ i }) => region[i] === code)
        return [text, `${sumOf(some)}`, `${some.length}`]
      }),
    )

    const young = rows.filter(({ i }) => age[i]! < 64).map(({ income }) => income)
    const ascending = young.toSorted((a, b) => a - b)
    expect(answer('scale-median')).toEqual([[`${ascending[Math.ceil(young.length / 2) - 1]!}`]])
  })

  it('can all be planned, and read only the columns that they need', async () => {
    const params = surveyParams(committee(3), memberOfRow(1000))
    const loads = await Promise.all(
      QUERIES.map(async (query) => {
        const { plan } = await query.plan(params)
        const columns = plan.operators.flatMap((one) => ('column' in one ? [one.column] : []))
        return [...new Set(columns)].toSorted()
      }),
    )
    expect(loads).toEqual([
      ['age', 'city', 'income'],
      ['income', 'region'],
      ['district', 'income'],
      ['age', 'income'],
    ])
  })
})

describe('the plot', () => {
  const series = (points: [number, number][]) => [
    { name: 'a < b', points: points.map(([x, y]) => ({ x, y })) },
  ]

  it('puts equal ratios at equal distances', () => {
    const svg = plot(
      [
        {
          title: 'seconds',
          series: series([
            [10, 1],
            [100, 10],
            [1000, 100],
          ]),
        },
      ],
      'rows',
    )
    const points = /points="([^"]*)"/u.exec(svg)![1]!.split(' ')
    const [first, second, third] = points.map((point) => point.split(',').map(Number))
    expect(second![0]! - first![0]!).toBeCloseTo(third![0]! - second![0]!, 0)
    expect(first![1]! - second![1]!).toBeCloseTo(second![1]! - third![1]!, 0)
    expect(second![1]!).toBeLessThan(first![1]!)
    expect(svg).toContain('a &lt; b')
    expect(svg).not.toContain('NaN')
  })

  it('refuses what has no logarithm', () => {
    expect(() => plot([{ title: 'x', series: series([[1, 0]]) }], 'rows')).toThrow(RangeError)
    expect(() => plot([{ title: 'x', series: series([]) }], 'rows')).toThrow(RangeError)
  })
})

describe('the report', () => {
  const measurement = {
    name: 'scale-query',
    mode: 'passive',
    parties: 3,
    n: 1000,
    repeat: 3,
    seconds: 0.25,
    cpuSeconds: 0.125,
    bytesPerParty: 9000,
    rounds: 40,
    rssBytes: 2e8,
  }
  const attempts = [
    { query: 'scale-query', rows: 1000, result: measurement },
    { query: 'scale-query', rows: 10_000, result: 'failed: out of memory' },
  ]
  const about = { date: 'D', commit: 'C', machine: 'M', command: 'X', repeat: 3 }

  it('has a line for each attempt, also for one that failed', () => {
    const page = pageOf(QUERIES, attempts, about, 'scale.svg')
    expect(page).toContain(
      '| SUM, COUNT with a filter | 1,000 | 0.250 | 0.125 | 0.00900 | 40 | 200 | 250 | 9.00 |',
    )
    expect(page).toContain('| SUM, COUNT with a filter | 10,000 | failed: out of memory |')
    expect(page).toContain('(scale.svg)')
  })

  it('plots what was measured', () => {
    expect(plotOf(QUERIES.slice(0, 1), attempts).match(/<polyline/gu)).toHaveLength(3)
  })
})
