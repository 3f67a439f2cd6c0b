/** Error codes of the coordinator and of its client. */
import type { ErrorTable } from '../shares/errors.ts'

export const COORDINATOR_ERRORS = {
  SH_COORDINATOR_UNREACHABLE: 'The coordinator does not answer over HTTP.',
  SH_COORDINATOR_RESPONSE:
    'The coordinator answered with something that this version does not understand.',
  SH_COORDINATOR_REQUEST: 'The request to the coordinator is malformed or too large.',
  SH_COORDINATOR_LISTEN: 'The HTTP address of the coordinator cannot be used.',
  SH_CATALOGUE_UNKNOWN_DATASET: 'No dataset of that name has a version yet.',
  SH_CATALOGUE_CONFLICT: 'Another import created that dataset version first.',
  SH_CATALOGUE_SCHEMA: 'The schema differs from the one that the dataset was created with.',
  SH_CATALOGUE_UNSIGNED: 'The schema is not signed by all of its repositories yet.',
  SH_CATALOGUE_VERSION: 'A dataset version contradicts itself or the version before it.',
  SH_CATALOGUE_RECEIPT: 'A receipt of a share-node does not belong to the dataset version.',
  SH_JOB_UNKNOWN: 'There is no job of that id.',
  SH_JOB_NOT_DONE: 'The job has no result (yet).',
  SH_JOB_NODE_MISSING: 'A node that the job needs cannot be reached.',
  SH_JOB_NODE_GONE: 'A node went away while the job was running.',
  SH_JOB_TIMEOUT: 'A node did not answer in time.',
  SH_JOB_DISAGREE: 'Nodes that must say the same said different things.',
  SH_JOB_DUPLICATE: 'This very request was submitted before.',
  SH_JOB_FAILED: 'A node failed for a reason of its own; its log says more.',
  SH_JOB_CLOSED: 'The coordinator was stopped while the job was running.',
  SH_RESULT_COST: 'What the nodes have sent, or say so, is not what the plan costs.',
  SH_RESULT_INVALID:
    'What came back as the result does not belong to the request, or not all nodes have signed for it.',
} as const satisfies ErrorTable

export type CoordinatorErrorCode = keyof typeof COORDINATOR_ERRORS
