/**
 * A signal that is aborted by time, or with the first of several others. Not AbortSignal.any: on Node
 * 20 a signal made by it is collected as garbage while somebody listens, with an AbortSignal.timeout
 * inside, and then never fires.
 */
import { setMaxListeners } from 'node:events'

export interface Deadline {
  readonly signal: AbortSignal
  /** Whether time ended it, and not one of the other signals. */
  readonly timedOut: boolean
  /** To be called when nobody waits any more. */
  dispose(): void
}

/** @param timeoutMs absent: no limit in time */
export function deadline(
  timeoutMs: number | undefined,
  ...signals: readonly (AbortSignal | undefined)[]
): Deadline {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  const sources = signals.filter((one) => one !== undefined)
  let timedOut = false
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true
          controller.abort(new DOMException('time is up', 'TimeoutError'))
        }, timeoutMs)
  const follow = (event: Event): void => {
    controller.abort(event.target instanceof AbortSignal ? event.target.reason : undefined)
  }
  for (const source of sources) {
    if (source.aborted) controller.abort(source.reason)
    else source.addEventListener('abort', follow, { once: true })
  }
  return {
    signal: controller.signal,
    get timedOut() {
      return timedOut
    },
    dispose() {
      clearTimeout(timer)
      for (const source of sources) source.removeEventListener('abort', follow)
    },
  }
}
