/** docs/examples.md: the examples with what their plans take, exactly. */
import type { PlanParams } from '../../protocol/plan.ts'
import { arrangeDatasets } from '../../protocol/sql/arrange.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { explainQuery } from '../../protocol/sql/explain.ts'
import { count, size } from '../../protocol/sql/figures.ts'

import type { Example } from './literature.ts'

/** The page without its heading. @throws ShareholdError if an example is not answered */
export async function examplesText(examples: readonly Example[]): Promise<string> {
  const parts = await Promise.all(examples.map(exampleText))
  return parts.join('\n')
}

async function exampleText({ name, source, about, sql, datasets }: Example): Promise<string> {
  const schemas = datasets.map(({ schema }) => schema)
  const arranged = await arrangeDatasets(
    sql,
    schemas,
    datasets.map(({ sizes }) => sizes),
  )
  const params: PlanParams = {
    committee: { n: 3, t: 1 },
    security: 'passive',
    ...arranged,
    chunksInFlight: 16,
    network: 'lan',
  }
  const { rows, rounds, bytesSent, andGates, fieldMultiplications } = explainQuery(
    await compile(sql, schemas, params),
    params,
  )
  const sizesText = datasets.map(({ sizes }) => {
    const [all, members] = [
      sizes.rowsPerMember.reduce((sum, [each, many]) => sum + each * many, 0),
      sizes.rowsPerMember.reduce((sum, [, many]) => sum + many, 0),
    ]
    const most = sizes.rowsPerMember.at(-1)?.[0] ?? 0
    return `${sizes.name}: ${count(all)} rows of ${count(members)} members, at most ${count(most)} each`
  })
  return [
    `## ${name}`,
    '',
    `${source}. ${about}`,
    '',
    '```sql',
    sql,
    '```',
    '',
    `| ${sizesText.join('; ')} | |`,
    '| --- | --- |',
    `| lanes | ${count(rows)} |`,
    `| rounds | ${count(rounds)} |`,
    `| sent by the busiest party | ${size(Math.max(...bytesSent))} |`,
    `| AND gates | ${count(andGates)} |`,
    `| field multiplications | ${count(fieldMultiplications)} |`,
    '',
  ].join('\n')
}
