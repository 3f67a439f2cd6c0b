/** Datasets beside the rows: what plans and parameters are refused. */
import { expect, test } from 'vitest'

import { storedDatasets } from '../../protocol/beside.ts'
import type { Operator, PlanParams } from '../../protocol/plan.ts'
import { storedLoads, tableParams } from '../../protocol/sections.ts'
import { validatePlan } from '../../protocol/validate-plan.ts'

import { paramsFor } from './run-plan.ts'

const SINGLE = paramsFor(3, [4], Uint32Array.of(0, 1, 2, 3))
const places = { name: 'places', version: 2, chunks: [3, 2], rowsPerMember: [[1, 5]] as const }
const PARAMS: PlanParams = { ...SINGLE, beside: [places] }

const LOAD = { kind: 'load-beside', dataset: 'places', column: 'a', planes: 2 } as const
const planOf = (...operators: Operator[]) => ({ version: 1, operators }) as const
const REST: readonly Operator[] = [
  { kind: 'bit-to-field', inputs: [{ op: 0, part: 0 }] },
  { kind: 'output', inputs: [{ op: 1, part: 0 }] },
]
const refused = expect.objectContaining({ code: 'SH_PLAN_INVALID' })

test('its columns are slots, a lane each row', () => {
  const plan = planOf({ ...LOAD, validity: true }, ...REST)
  expect(validatePlan(plan, PARAMS)[0]).toEqual({
    domain: 'slots',
    type: 'bits',
    parts: 3,
    lanes: 5,
  })
  expect(storedLoads(plan)).toEqual([plan.operators[0]])
  expect(storedDatasets(PARAMS).map(({ name }) => name)).toEqual(['trips', 'places'])
})

test('what is not beside the rows is not loaded', () => {
  const plan = planOf({ ...LOAD, validity: false }, ...REST)
  expect(() => validatePlan(plan, PARAMS)).not.toThrow()
  expect(() => validatePlan(plan, SINGLE)).toThrow(refused)
  expect(() =>
    validatePlan(planOf({ ...LOAD, dataset: 'trips', validity: false }, ...REST), PARAMS),
  ).toThrow(refused)
  const noPlanes = planOf({ ...LOAD, planes: 0, validity: false }, ...REST)
  expect(() => validatePlan(noPlanes, PARAMS)).toThrow(refused)
  const asRows = planOf({ ...LOAD, kind: 'load-bits', validity: false }, ...REST)
  expect(() => validatePlan(asRows, PARAMS)).toThrow(refused)
})

test('nothing stands beside a table that a plan has made', () => {
  expect(tableParams({ name: 't', rows: 'rows' }, PARAMS).beside).toBeUndefined()
})

test('parameters that contradict themselves are refused', () => {
  const plan = planOf({ ...LOAD, validity: false }, ...REST)
  for (const beside of [
    [],
    [places, places],
    [places, { ...places, name: 'trips' }],
    [{ ...places, version: 0 }],
    [{ ...places, chunks: [3, 3] }],
    Array.from({ length: 8 }, (_, k) => ({ ...places, name: k === 0 ? 'places' : `p${k}` })),
  ]) {
    expect(() => validatePlan(plan, { ...PARAMS, beside })).toThrow(refused)
  }
})
