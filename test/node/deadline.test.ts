import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, it } from 'vitest'

import { deadline } from '../../node/deadline.ts'

describe('deadline', () => {
  it('fires though nobody but its listeners holds it', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const fired = new Promise<string>((resolve) => {
      const { signal } = deadline(150, new AbortController().signal)
      signal.addEventListener('abort', () => resolve((signal.reason as Error).name))
    })
    for (let i = 0; i < 5; i++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(await fired).toBe('TimeoutError')
  })

  it('follows the first of its signals, and says that it was not time', () => {
    const [a, b] = [new AbortController(), new AbortController()]
    const limit = deadline(10_000, a.signal, undefined, b.signal)
    expect(limit.signal.aborted).toBe(false)
    b.abort(new Error('b'))
    a.abort(new Error('a'))
    expect(limit.signal.reason).toEqual(new Error('b'))
    expect(limit.timedOut).toBe(false)
    limit.dispose()
  })

  it('is over at once with a signal that is, and never after dispose', async () => {
    expect(deadline(undefined, AbortSignal.abort('x')).signal.reason).toBe('x')
    const controller = new AbortController()
    const limit = deadline(10, controller.signal)
    limit.dispose()
    controller.abort()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(limit.signal.aborted).toBe(false)
  })

  it('says that it was time', async () => {
    const limit = deadline(10)
    await new Promise((resolve) => limit.signal.addEventListener('abort', resolve))
    expect(limit.timedOut).toBe(true)
  })
})
