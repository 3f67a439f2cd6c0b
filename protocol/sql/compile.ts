/**
 * SQL text to plan: parse, bind, plan. Deterministic: coordinator, nodes and auditors call this with the
 * same text, schema and planParams and must get the same hash.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

import type { Schema } from '../../shares/schema.ts'
import { canonicalJson } from '../canonical-json.ts'
import type { Plan, PlanParams } from '../plan.ts'
import { membersOf, rowsOf } from '../validate-plan.ts'

import { answerGroups, countAnswerGroups } from './answer-groups.ts'
import type { AnswerSpec } from './answer-spec.ts'
import { bindSelect } from './bind.ts'
import type { Choice } from './choices.ts'
import { locate } from './context.ts'
import { asShareholdError } from './internal-error.ts'
import { leaksOf } from './leaks.ts'
import { checkOverflow } from './overflow.ts'
import { loadParser, parseSelect } from './parse.ts'
import type { ParsedSelect } from './parse.ts'
import { groupingsFor, mostGroups, planQuery, sizesOf } from './plan.ts'
import { decideHaving } from './public-having.ts'
import { keywordAt } from './source.ts'

export interface CompiledQuery {
  readonly plan: Plan
  /** SHA-256 of the plan's canonical JSON, lower-case hex. */
  readonly planHash: string
  readonly answer: AnswerSpec
  /** What the query reveals, and to whom, a sentence each. */
  readonly leaks: readonly string[]
  /** What EXPLAIN says besides costs (explain.ts). */
  readonly explain: ExplainData
}

export interface ExplainData {
  readonly dataset: string
  readonly version: number
  /** What is joined to it. */
  readonly joined: readonly { readonly dataset: string; readonly version: number }[]
  readonly rows: number
  readonly members: number
  readonly kMin: number
  /** 1 without GROUP BY. */
  readonly groups: number
  /** What each operator of the plan is for. */
  readonly purposes: readonly string[]
  /** Where there were several ways: which was taken, and what the others would have cost. */
  readonly choices: readonly Choice[]
}

/**
 * Compiles a query.
 *
 * @param schemas of the datasets of the query, in any order
 * @param params sizes must be those of versions of them, arranged for the query (arrange.ts)
 * @throws ShareholdError SH_SQL_*, SH_PLAN_*, SH_POLICY_*, with position and hint where there are any;
 *   never an error of another kind, whatever the text.
 */
export async function compile(
  sql: string,
  schemas: Schema | readonly Schema[],
  params: PlanParams,
): Promise<CompiledQuery> {
  await loadParser()
  try {
    return compileParsed(parseSelect(sql), [schemas].flat(), params)
  } catch (error) {
    throw asShareholdError(error)
  }
}

function compileParsed(
  parsed: ParsedSelect,
  schemas: readonly Schema[],
  params: PlanParams,
): CompiledQuery {
  const { source } = parsed
  const query = bindSelect(parsed, schemas, params)
  const context = { source, tables: query.tables, columns: [], members: [] }
  const sizes = sizesOf(query, params)
  for (const aggregate of query.aggregates) {
    locate(context, aggregate.location, () => checkOverflow(aggregate, rowsOf(sizes)))
  }
  const grouping = keywordAt(source, 'group')
  const possible = groupingsFor(query, sizes)
  const groups = locate(context, grouping, () => answerGroups(query, mostGroups(possible)))
  const decided = locate(context, query.having?.location, () => decideHaving(query, sizes, groups))
  const place = grouping ?? query.aggregates[0]?.location ?? source.tokens[0]?.start
  const planned = locate(context, place, () => planQuery(query, params, possible, decided))
  const { plan, answer, purposes, choices } = planned
  return {
    plan,
    planHash: bytesToHex(sha256(new TextEncoder().encode(canonicalJson(plan)))),
    answer,
    leaks: leaksOf(query, planned),
    explain: {
      dataset: params.dataset.name,
      version: params.dataset.version,
      joined: [...(params.joined ?? []), ...(params.beside ?? [])].map(({ name, version }) => ({
        dataset: name,
        version,
      })),
      rows: rowsOf(params),
      members: membersOf(params),
      kMin: query.kMin,
      groups: Number(countAnswerGroups(query)),
      purposes,
      choices,
    },
  }
}
