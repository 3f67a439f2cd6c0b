/**
 * What the constructs of PostgreSQL that are refused are called, and what to do instead: by the kind of their
 * node in the syntax tree, by operator, and by the function that the grammar puts in place of a special syntax.
 */

/** `what` with its article, as the subject of "… is not supported". */
export interface Refusal {
  readonly what: string
  /** "are", where `what` is several things. */
  readonly plural?: true
  readonly hint: string
}

const NO_JSON = 'Columns hold numbers, texts, booleans, dates and timestamps.'
const SINGLE_ROWS = 'It would show the values of single rows: count them, or GROUP BY the column.'

/** By the kind of the node. */
export const BY_KIND: Readonly<Record<string, Refusal>> = {
  CaseExpr: { what: 'CASE', hint: 'Move the conditions into WHERE, one query for each.' },
  A_ArrayExpr: { what: 'An array', hint: 'Write a list: x IN (1, 2).' },
  RowExpr: { what: 'A row of values', hint: 'Compare the columns one by one, joined by AND.' },
  ParamRef: { what: 'A parameter', hint: 'Write the value into the text of the query.' },
  SQLValueFunction: {
    what: 'The current date, time or user',
    hint: 'Every node must plan the same: write the value as a literal.',
  },
  CollateClause: { what: 'COLLATE', hint: 'Text is compared by its bytes (collation "C").' },
  GroupingFunc: {
    what: 'GROUPING here',
    hint: 'It stands in SELECT, HAVING and ORDER BY, and is about group keys.',
  },
  A_Indirection: { what: 'A field or element of a value', hint: 'Name a column of the dataset.' },
  A_Const: { what: 'A bit string', hint: "Write a number: 5 instead of B'101'." },
  SetToDefault: { what: 'DEFAULT', hint: 'Write a value.' },
  NamedArgExpr: { what: 'A named argument', hint: 'Give arguments by position.' },
  CurrentOfExpr: { what: 'WHERE CURRENT OF', hint: 'There are no cursors.' },
  MergeSupportFunc: { what: 'MERGE_ACTION', hint: 'Queries change nothing.' },
  JsonIsPredicate: { what: 'IS JSON', hint: NO_JSON },
  JsonObjectConstructor: {
    what: 'JSON_OBJECT',
    hint: 'Answers can be printed as JSON: --format json.',
  },
  JsonArrayConstructor: {
    what: 'JSON_ARRAY',
    hint: 'Answers can be printed as JSON: --format json.',
  },
  JsonArrayQueryConstructor: {
    what: 'JSON_ARRAY of a query',
    hint: 'Answers can be printed as JSON: --format json.',
  },
  JsonObjectAgg: { what: 'JSON_OBJECTAGG', hint: SINGLE_ROWS },
  JsonArrayAgg: { what: 'JSON_ARRAYAGG', hint: SINGLE_ROWS },
  JsonParseExpr: { what: 'JSON(…)', hint: NO_JSON },
  JsonScalarExpr: { what: 'JSON_SCALAR', hint: NO_JSON },
  JsonSerializeExpr: { what: 'JSON_SERIALIZE', hint: NO_JSON },
  JsonFuncExpr: { what: 'A JSON query', hint: NO_JSON },
  XmlExpr: { what: 'XML', hint: NO_JSON },
  XmlSerialize: { what: 'XMLSERIALIZE', hint: NO_JSON },
}

/** Sub-queries in expressions, by `subLinkType`. */
export const SUB_QUERIES: Readonly<Record<string, Refusal>> = {
  EXISTS_SUBLINK: {
    what: 'EXISTS',
    hint: 'Ask about one dataset at a time; a condition on its own rows belongs into WHERE.',
  },
  ANY_SUBLINK: {
    what: 'A comparison with the rows of a sub-query',
    hint: 'Write the values as a list: x IN (1, 2).',
  },
  ALL_SUBLINK: {
    what: 'A comparison with all rows of a sub-query',
    hint: 'Ask for the largest or smallest first, then compare with it.',
  },
  ARRAY_SUBLINK: {
    what: 'ARRAY of a sub-query',
    hint: 'Answers hold no arrays: GROUP BY the column.',
  },
  EXPR_SUBLINK: {
    what: 'A sub-query as a value',
    hint: 'Ask two queries: write the answer of the first into the second.',
  },
}

const BITS = 'Take an integer apart with / and %.'

/** Operators between two values. */
export const BY_OPERATOR: Readonly<Record<string, Refusal>> = {
  '||': { what: 'Joining texts with ||', hint: 'Join the texts after the answer has arrived.' },
  '^': { what: 'The power operator ^', hint: 'Multiply: x * x.' },
  '~': { what: 'A regular expression', hint: 'Use LIKE or IN.' },
  '~*': { what: 'A regular expression', hint: 'Use ILIKE or IN.' },
  '!~': { what: 'A regular expression', hint: 'Use NOT LIKE or NOT IN.' },
  '!~*': { what: 'A regular expression', hint: 'Use NOT ILIKE or NOT IN.' },
  '^@': { what: 'The operator ^@', hint: "Write x LIKE 'start%'." },
  '&': { what: 'The bitwise operator &', hint: BITS },
  '|': { what: 'The bitwise operator |', hint: BITS },
  '#': { what: 'The bitwise operator #', hint: BITS },
  '<<': { what: 'The operator <<', hint: 'Multiply by a power of two.' },
  '>>': { what: 'The operator >>', hint: 'Divide by a power of two.' },
  '==': { what: 'The operator ==', hint: 'Write =.' },
  '=<': { what: 'The operator =<', hint: 'Write <=.' },
  '&&': { what: 'The operator &&', hint: 'Write AND.' },
  '->': { what: 'The JSON operator ->', hint: NO_JSON },
  '->>': { what: 'The JSON operator ->>', hint: NO_JSON },
  '#>': { what: 'The JSON operator #>', hint: NO_JSON },
  '#>>': { what: 'The JSON operator #>>', hint: NO_JSON },
}

/** Operators in front of a value. */
export const BY_PREFIX_OPERATOR: Readonly<Record<string, Refusal>> = {
  '@': { what: 'The operator @', hint: 'Write ABS(x).' },
  '|/': { what: 'The operator |/', hint: 'Write SQRT(x).' },
  '||/': { what: 'The operator ||/', hint: 'There is SQRT(x), no cube root.' },
  '~': { what: 'The bitwise operator ~', hint: 'Write -1 - x.' },
  '!!': { what: 'The operator !!', hint: 'Write NOT.' },
}

/** Special syntax that the grammar turns into a call, by the function in pg_catalog. */
export const BY_SYNTAX: Readonly<Record<string, Refusal>> = {
  overlaps: { what: 'OVERLAPS', hint: 'Compare the ends: a_start < b_end AND b_start < a_end.' },
  timezone: {
    what: 'AT TIME ZONE',
    hint: 'Columns are timestamps without time zone: shift the constant that they are compared with.',
  },
  is_normalized: { what: 'IS NORMALIZED', hint: 'Text is compared by its bytes.' },
  normalize: { what: 'NORMALIZE', hint: 'Text is compared by its bytes.' },
  pg_collation_for: { what: 'COLLATION FOR', hint: 'Every text has the collation "C".' },
  xmlexists: { what: 'XMLEXISTS', hint: NO_JSON },
  extract: {
    what: 'EXTRACT',
    hint: 'Compare with the first and the last day: x BETWEEN … AND ….',
  },
  position: { what: 'POSITION', hint: "Write x LIKE '%part%'." },
  substring: { what: 'SUBSTRING', hint: "Use LIKE: x LIKE 'start%'." },
  overlay: { what: 'OVERLAY', hint: 'Change texts after the answer has arrived.' },
  btrim: { what: 'TRIM', hint: 'Change texts after the answer has arrived.' },
  ltrim: { what: 'TRIM', hint: 'Change texts after the answer has arrived.' },
  rtrim: { what: 'TRIM', hint: 'Change texts after the answer has arrived.' },
}

/** Items of FROM, by the kind of the node. */
export const IN_FROM: Readonly<Record<string, Refusal>> = {
  RangeFunction: { what: 'A function in FROM', hint: 'Write FROM and the name of a dataset.' },
  RangeTableSample: {
    what: 'TABLESAMPLE',
    hint: 'Answers are over all rows: leave it away, or choose rows in WHERE.',
  },
  RangeTableFunc: { what: 'XMLTABLE', hint: 'Write FROM and the name of a dataset.' },
  JsonTable: { what: 'JSON_TABLE', hint: 'Write FROM and the name of a dataset.' },
}

const CHANGES = 'Datasets are changed by their repositories, never through queries.'
const DECLARATIONS = 'Datasets are declared by their repositories: sharehold repository sign.'
const SESSIONS = 'A query stands alone: there are no sessions, transactions or settings.'

/** Statements other than SELECT: what to do instead, by the first word of the kind. */
export const STATEMENT_HINTS: readonly (readonly [kind: RegExp, hint: string])[] = [
  [
    /^ExplainStmt$/u,
    'EXPLAIN is answered by the software that asks; a request to the network holds the SELECT alone.',
  ],
  [/^(?:Insert|Update|Delete|Merge|Truncate)/u, CHANGES],
  [/^Copy/u, 'Write the SELECT alone; the answer can be printed as CSV: --format csv.'],
  [
    /^(?:Create|Alter|Drop|Define|Index|View|Grant|Revoke|Comment|Rename|Rule|SecLabel|ImportForeign|Refresh)/u,
    DECLARATIONS,
  ],
  [/./u, SESSIONS],
]
