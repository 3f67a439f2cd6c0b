/** Figures of a run, with a clock that goes on only when it is told to. */
import { expect, test } from 'vitest'

import { RunMeter } from '../../node/run-meter.ts'
import { decodeFigures, encodeFigures } from '../../protocol/run-figures.ts'

test('stages follow each other, operators overlap, and rounds are counted', () => {
  let ms = 1_000
  const seen: number[] = []
  const meter = new RunMeter(3, () => ms)
  ms += 20
  meter.ended('columnsMicros')
  const { progress, ended, round } = meter.hooks(({ op }) => seen.push(op))
  const at = (op: number, batch: number) => ({ op, stage: batch })
  progress!(at(0, 0))
  ms += 1
  progress!(at(1, 0))
  round!('begins')
  ms += 2
  round!('ends')
  ended!(at(0, 0))
  ms += 4
  ended!(at(1, 0))
  // The second batch of the first operator.
  progress!(at(0, 1))
  round!('begins')
  ms += 0.5
  round!('ends')
  ended!(at(0, 1))
  meter.ended('executeMicros')
  ms += 3
  meter.ended('sealMicros')
  const figures = meter.figures({ warmColumns: 1, dealtColumns: 2 })
  expect(figures).toEqual({
    rounds: 2,
    warmColumns: 1,
    dealtColumns: 2,
    columnsMicros: 20_000,
    executeMicros: 7_500,
    roundsMicros: 2_500,
    sealMicros: 3_000,
    operatorMicros: [3_500, 6_000, 0],
  })
  expect(seen).toEqual([0, 1, 0])
  expect(decodeFigures(encodeFigures(figures))).toEqual(figures)
})

test.each(['', '[]', '{"rounds":-1}', '{"rounds":1.5}', 'null'])('%j are no figures', (text) => {
  expect(decodeFigures(text)).toBeUndefined()
})
