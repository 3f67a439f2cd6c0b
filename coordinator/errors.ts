/** Error codes of the coordinator and of its client. */
import type { ErrorTable } from '../shares/errors.ts'

export const COORDINATOR_ERRORS = {
  SH_COORDINATOR_UNREACHABLE: 'The coordinator does not answer over HTTP.',
  SH_COORDINATOR_RESPONSE:
    'The coordinator answered with something that this version does not understand.',
  SH_COORDINATOR_REQUEST: 'The request to the coordinator is malformed or too large.',
  SH_CATALOGUE_UNKNOWN_DATASET: 'No dataset of that name has a version yet.',
  SH_CATALOGUE_CONFLICT: 'Another import created that dataset version first.',
  SH_CATALOGUE_SCHEMA: 'The schema differs from the one that the dataset was created with.',
  SH_JOB_UNKNOWN: 'There is no job of that id.',
  SH_JOB_NOT_DONE: 'The job has no result (yet).',
  SH_JOB_NODE_MISSING: 'A node that the job needs cannot be reached.',
  SH_JOB_NODE_GONE: 'A node went away while the job was running.',
  SH_JOB_TIMEOUT: 'A node did not answer in time.',
  SH_JOB_DISAGREE: 'Nodes that must say the same said different things.',
  SH_JOB_DUPLICATE: 'This very request was submitted before.',
  SH_JOB_FAILED: 'A node failed for a reason of its own; its log says more.',
} as const satisfies ErrorTable
