/**
 * Batcher's merge exchange: a sorting network for any number of lanes, as layers of exchanges between lanes a
 * fixed distance apart. Public: which lanes meet depends on the number of lanes alone.
 *
 * Source: Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M. The network for fewer lanes is that for
 * more without the exchanges that reach beyond the end, as if the largest numbers stood there: so segments of
 * different lengths go through the layers of the longest together.
 */

/** Lane i meets lane i + distance wherever (i AND bit) = bits. */
export interface ExchangeLayer {
  readonly distance: number
  readonly bit: number
  readonly bits: number
}

/** The layers for up to `longest` lanes: k (k + 1) / 2 of them for k = ceil(log2 longest). */
export function exchangeLayers(longest: number): readonly ExchangeLayer[] {
  if (longest <= 1) return []
  const half = 2 ** (31 - Math.clz32(longest - 1))
  const layers: ExchangeLayer[] = []
  for (let bit = half; bit >= 1; bit /= 2) {
    layers.push({ distance: bit, bit, bits: 0 })
    for (let reach = half; reach > bit; reach /= 2) {
      layers.push({ distance: reach - bit, bit, bits: bit })
    }
  }
  return layers
}

/** Whether lane i is the lower one of an exchange, if the upper one is there. */
export function isLower({ bit, bits }: ExchangeLayer, lane: number): boolean {
  return (lane & bit) === bits
}

/** How many exchanges a layer has among so many lanes. */
export function countExchanges({ distance, bit, bits }: ExchangeLayer, lanes: number): number {
  const lower = Math.max(0, lanes - distance)
  const whole = Math.floor(lower / (2 * bit))
  const rest = lower - 2 * bit * whole
  return whole * bit + (bits === 0 ? Math.min(rest, bit) : Math.max(0, rest - bit))
}
