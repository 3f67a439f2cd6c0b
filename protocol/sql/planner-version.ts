/**
 * The version of the planner: who changes what any query compiles to, counts it up with the next release. It stands
 * in every start note, so that an auditor whose planner is another one can say that, not only that plans differ.
 * Start notes without it are of version 1.
 */
export const PLANNER_VERSION = 4
