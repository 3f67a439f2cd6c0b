import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { SilenceClock } from '../../node/silence-clock.ts'

/** Time in which the process did nothing but compute: timers do not know of it. */
let computedMs = 0

beforeEach(() => {
  computedMs = 0
  vi.useFakeTimers()
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + computedMs)
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function watched(): { overdue(): void; times: number } {
  const self = { times: 0, overdue: () => void self.times++ }
  return self
}

describe('SilenceClock', () => {
  it('says once that the time allowed has passed, not before', () => {
    const clock = new SilenceClock(800)
    const party = watched()
    clock.start(party)
    vi.advanceTimersByTime(799)
    expect(party.times).toBe(0)
    expect(clock.waited(party)).toBe(799)
    vi.advanceTimersByTime(1)
    expect(party.times).toBe(1)
    vi.advanceTimersByTime(5000)
    expect(party.times).toBe(1)
    expect(clock.waited(party)).toBe(0)
  })

  it('is exact for each of many, whenever they began', () => {
    const clock = new SilenceClock(800)
    const parties = [watched(), watched(), watched()]
    for (const party of parties) {
      clock.start(party)
      vi.advanceTimersByTime(333)
    }
    // At 999 ms: they began at 0, 333 and 666.
    expect(parties.map(({ times }) => times)).toEqual([1, 0, 0])
    vi.advanceTimersByTime(133)
    expect(parties[1]!.times).toBe(0)
    vi.advanceTimersByTime(1)
    expect(parties.map(({ times }) => times)).toEqual([1, 1, 0])
    vi.advanceTimersByTime(332)
    expect(parties[2]!.times).toBe(0)
    vi.advanceTimersByTime(1)
    expect(parties[2]!.times).toBe(1)
  })

  it('begins anew, and forgets', () => {
    const clock = new SilenceClock(800)
    const [heard, forgotten] = [watched(), watched()]
    clock.start(heard)
    clock.start(forgotten)
    vi.advanceTimersByTime(700)
    clock.start(heard)
    clock.stop(forgotten)
    vi.advanceTimersByTime(799)
    expect([heard.times, forgotten.times]).toEqual([0, 0])
    vi.advanceTimersByTime(1)
    expect([heard.times, forgotten.times]).toEqual([1, 0])
  })

  it('keeps no timer while nobody is watched', () => {
    const clock = new SilenceClock(800)
    const party = watched()
    clock.start(party)
    clock.stop(party)
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(0)
    clock.start(party)
    vi.advanceTimersByTime(800)
    expect(party.times).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not count a slice whose end was noticed far too late', () => {
    const clock = new SilenceClock(800)
    const party = watched()
    clock.start(party)
    vi.advanceTimersByTime(250)
    computedMs = 10_000
    vi.advanceTimersByTime(599) // the slice from 200 to 300 is lost
    expect(party.times).toBe(0)
    vi.advanceTimersByTime(51)
    expect(party.times).toBe(1)
  })
})
