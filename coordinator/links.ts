/**
 * What the MPC nodes have measured of the lines between them, for whoever predicts a run. The coordinator asks them when
 * somebody asks it, one after the other so that they do not disturb each other, and not more often than once a minute.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { askLinks } from '../node/link-meter.ts'
import type { Log } from '../node/log.ts'
import type { Overlay } from '../node/overlay.ts'
import type { LinkFigures } from '../protocol/link-figures.ts'

import type { NetworkInfo } from './api-types.ts'

const ASKED_FOR_MS = 60_000
/** How long a node may take to measure its lines. */
const PATIENCE_MS = 20_000
/** How long whoever asks waits if nothing is known yet; what is known is told at once, and renewed behind. */
const FIRST_WAIT_MS = 3_000

interface Told {
  readonly figures: LinkFigures
  readonly at: number
}

export class Links {
  readonly #overlay: Overlay
  readonly #log: Log
  readonly #now: () => number
  /** By index. */
  readonly #told = new Map<number, Told>()
  #asking: Promise<void> | undefined
  #asked = -Infinity

  /** @param now milliseconds that only grow */
  constructor(overlay: Overlay, log: Log, now: () => number = () => performance.now()) {
    this.#overlay = overlay
    this.#log = log
    this.#now = now
  }

  async info(): Promise<NetworkInfo> {
    const { network, mpcNodes } = this.#overlay.topology
    if (this.#now() - this.#asked > ASKED_FOR_MS) this.#asking ??= this.#askAll()
    if (this.#told.size < mpcNodes.length && this.#asking !== undefined) {
      const waited = new AbortController()
      const limit = sleep(FIRST_WAIT_MS, undefined, { signal: waited.signal }).catch(() => {})
      await Promise.race([this.#asking, limit])
      waited.abort()
    }
    return {
      network,
      nodes: mpcNodes.map(({ index }) => {
        const told = this.#told.get(index)
        const since = told === undefined ? 0 : this.#now() - told.at
        const peers = (told?.figures ?? []).map(({ ageMs, ...line }) => ({
          ...line,
          ageMs: Math.round(ageMs + since),
        }))
        return { node: index, peers }
      }),
    }
  }

  async #askAll(): Promise<void> {
    for (const node of this.#overlay.topology.mpcNodes) {
      try {
        const figures = await askLinks(this.#overlay, node, PATIENCE_MS)
        if (figures.length > 0) this.#told.set(node.index, { figures, at: this.#now() })
      } catch (error) {
        this.#log.debug({ node: node.name, err: error }, 'a node tells nothing of its lines')
      }
    }
    this.#asked = this.#now()
    this.#asking = undefined
  }
}
