import { readFile, writeFile } from 'node:fs/promises'

import pc from 'picocolors'

import { ledgerKey, networkKeys } from '../../coordinator/client/network-keys.ts'
import { hash } from '../../node/crypto.ts'
import { readTopology } from '../../node/topology.ts'
import type { Topology } from '../../node/topology.ts'
import { schedule, trafficOf } from '../../protocol/cost.ts'
import { audit as auditLedger } from '../../protocol/ledger/audit.ts'
import type { AuditItem, AuditKeys, AuditReport } from '../../protocol/ledger/audit.ts'
import { compile } from '../../protocol/sql/compile.ts'
import { ShareholdError } from '../../shares/errors.ts'
import { optionalText } from '../command.ts'
import type { Command } from '../command.ts'
import { LEDGER_OPTION, ledgerSource } from '../ledger-source.ts'
import { TOPOLOGY_OPTION, topologyFile } from '../options.ts'
import { note } from '../output.ts'

export const audit: Command = {
  path: ['audit'],
  summary: 'Replay the ledger’s proofs from its files and the topology’s public keys alone',
  arguments: [{ name: '[job]', help: 'check the attempts of this job only' }],
  options: [
    TOPOLOGY_OPTION,
    LEDGER_OPTION,
    { flags: '--all', help: 'list every single check' },
    {
      flags: '--since <file>',
      help: 'a checkpoint saved by an earlier audit: nothing before it may have changed',
    },
    { flags: '--save-checkpoint <file>', help: 'keep the checkpoint if all checks pass' },
  ],
  example: 'sharehold audit --all --since checkpoint.txt --save-checkpoint checkpoint.txt',
  async run(args, options) {
    const topology = await readTopology(topologyFile(options))
    const sinceFile = optionalText(options, 'since')
    const saveFile = optionalText(options, 'saveCheckpoint')
    const files = ledgerSource(options, topology)
    const report = await auditLedger({
      files,
      keys: auditKeys(topology),
      hash,
      job: args[0],
      since: sinceFile === undefined ? undefined : await readCheckpoint(sinceFile),
      compile: async (sql, schemas, params) => (await compile(sql, schemas, params)).plan,
      schedule: (plan, params) => trafficOf(schedule(plan, params)),
    })
    if (!report.ok) files.throwIfUnread()
    const lines = options['all'] === true || args[0] !== undefined ? all : brief
    process.stdout.write(
      lines(report)
        .map((line) => `${line}\n`)
        .join(''),
    )
    const failure = report.firstFailure
    if (failure !== undefined) {
      const entry = failure.entry === undefined ? '' : ` (entry ${failure.entry})`
      throw new ShareholdError('SH_AUDIT_FAILED', `${failure.title}: ${failure.detail}${entry}`)
    }
    if (saveFile !== undefined && report.checkpoint !== undefined) {
      await saveCheckpoint(saveFile, report.checkpoint.signed)
      note(`Checkpoint kept in ${saveFile}: give it as --since the next time.`)
    }
  },
}

function auditKeys(topology: Topology): AuditKeys {
  const vkeys = (actors: readonly { readonly vkey: string }[]): string[] =>
    actors.map(({ vkey }) => vkey)
  return {
    log: ledgerKey(networkKeys(topology)),
    coordinator: topology.coordinator.vkey,
    shareNodes: vkeys(topology.shareNodes),
    mpcNodes: vkeys(topology.mpcNodes),
    repositories: vkeys(topology.repositories),
    queriers: vkeys(topology.queriers),
  }
}

const mark = (ok: boolean, skipped = false): string =>
  skipped ? pc.dim('–') : ok ? pc.green('✓') : pc.red('✗')

function lineOf({ ok, skipped, title, detail, entry }: AuditItem): string {
  const where = entry === undefined ? '' : `, entry ${entry}`
  return `${mark(ok, skipped)} ${title}${pc.dim(` (${detail}${where})`)}`
}

/** Every check, under a heading for each attempt of a job. */
function all({ items, attempts }: AuditReport): string[] {
  const lines = items.filter(({ id }) => !id.startsWith('job/')).map(lineOf)
  for (const { job, attempt, outcome } of attempts) {
    lines.push('', `job ${job}, attempt ${attempt}: ${outcome}`)
    lines.push(...checksOf(items, job, attempt).map((item) => `  ${lineOf(item)}`))
  }
  return [...lines, '', closing(items)]
}

/** Every check that is not about a job, one line for each attempt, and whatever failed. */
function brief({ items, attempts }: AuditReport): string[] {
  const lines = items.filter(({ id }) => !id.startsWith('job/')).map(lineOf)
  for (const { job, attempt, outcome } of attempts) {
    const checks = checksOf(items, job, attempt)
    const failed = checks.filter(({ ok }) => !ok)
    const made = checks.filter(({ skipped }) => skipped !== true).length
    const what = `job ${job}, attempt ${attempt}: ${outcome}`
    lines.push(`${mark(failed.length === 0)} ${what}${pc.dim(` (${made} checks)`)}`)
    lines.push(...failed.map((item) => `  ${lineOf(item)}`))
  }
  return [...lines, '', closing(items)]
}

const checksOf = (items: readonly AuditItem[], job: string, attempt: number): AuditItem[] =>
  items.filter(({ id }) => id.startsWith(`job/${job}/${attempt}/`))

function closing(items: readonly AuditItem[]): string {
  const made = items.filter(({ skipped }) => skipped !== true)
  const failed = made.filter(({ ok }) => !ok).length
  return failed === 0
    ? pc.green(`All ${made.length} checks passed.`)
    : pc.red(`${failed} of ${made.length} checks failed.`)
}

async function readCheckpoint(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ShareholdError('SH_CLI_FILE', `The checkpoint file ${file} cannot be read.`, {
      hint: '`sharehold audit --save-checkpoint <file>` makes one.',
      cause,
    })
  }
}

async function saveCheckpoint(file: string, checkpoint: string): Promise<void> {
  try {
    await writeFile(file, checkpoint)
  } catch (cause) {
    throw new ShareholdError('SH_CLI_FILE', `The checkpoint file ${file} cannot be written.`, {
      cause,
    })
  }
}
