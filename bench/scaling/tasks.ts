/** The queries of the scale benchmark as tasks of a fleet, with columns from a file. */
import { execute } from '../../protocol/execute.ts'
import { openFieldEvidence, type Task } from '../tasks/task.ts'

import { openColumns } from './column-file.ts'
import { QUERIES, type SurveyQuery } from './queries.ts'
import { memberOfRow, surveyParams } from './survey.ts'

function taskFor(query: SurveyQuery): Task {
  const { name, title } = query
  // Of the last number of rows: every run is checked, and ten million rows take a second.
  let known: { readonly rows: number; readonly answer: string } | undefined
  return {
    name,
    about: `rows: ${title}; columns are read from a file batch by batch`,
    size: 1_000_000,
    async prepare({ committee, index, size }) {
      const members = memberOfRow(size)
      const params = surveyParams(committee, members)
      const { plan } = await query.plan(params)
      const source = await openColumns({ committee, index, plan, params }, members)
      return {
        async run(party) {
          const shares = await execute(party, plan, params, source)
          return () => shares
        },
      }
    },
    async check(committee, size, evidence) {
      const planned = await query.plan(surveyParams(committee, memberOfRow(size)))
      const found = JSON.stringify(planned.answerOf(openFieldEvidence(committee, evidence)))
      if (known?.rows !== size) {
        known = { rows: size, answer: JSON.stringify(query.plainAnswer(size)) }
      }
      if (found !== known.answer) throw new Error(`${name}: ${found} instead of ${known.answer}`)
    },
  }
}

export const SCALE_TASKS: readonly Task[] = QUERIES.map(taskFor)
