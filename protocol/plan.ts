/**
 * The plan: plain data, canonical JSON (RFC 8785), hashed. Every node makes it again from the SQL,
 * the signed schema and planParams, and refuses to run on a different hash. It is static: sizes,
 * rounds and order depend on the plan and planParams only.
 *
 * A plan is a list of operators in execution order; an operator's index is its operator id (the `op`
 * of message tags and of pseudo-random counters). Values live in a domain:
 *   rows     one lane per table row (of a join: join-rows.ts), processed in batches of up to chunksInFlight chunks
 *   members  one lane per distinct member pseudonym (ascending), whole table
 *   slots    a vector of its own length: one lane per aggregate, or those that were appended
 * and are either `bits` (w planes, CNF-shared over F_2) or `field` (w vectors, Shamir over F_p).
 *
 * Operators whose output is in `rows` run once per batch, in order; all others run once, after the
 * last batch. `dot` and `total` accumulate locally during the batches and finish afterwards. A
 * `rows` value that a later whole-table operator reads is collected over the batches.
 *
 * A `table` operator ends a section of the plan (sections.ts): what follows is a plan over the table that it makes, with
 * rows, batches and members of its own, and reads nothing else.
 */
import type { Circuit } from './circuit.ts'

/** Plane or vector `part` of the value that operator `op` produced. */
export interface Ref {
  readonly op: number
  readonly part: number
}

export type Operator =
  /** rows/bits: the stored planes of a column, least significant first; its validity plane (1 = not NULL) last if `validity`. */
  | {
      readonly kind: 'load-bits'
      readonly dataset: string
      /** Whose rows, if not those of the instance that is called like the dataset. */
      readonly instance?: string
      readonly column: string
      readonly planes: number
      readonly validity: boolean
    }
  /** rows/field, width 1: the stored Shamir shares of a column (a NULL is shared as 0). */
  | {
      readonly kind: 'load-field'
      readonly dataset: string
      readonly instance?: string
      readonly column: string
    }
  /**
   * rows/bits, one plane, which the nodes know: 1 where a row of the join has a row of the instance; without
   * one, where the lane is a row of the join at all. Local.
   */
  | { readonly kind: 'load-match'; readonly instance?: string }
  /**
   * slots/bits, one lane per row of a dataset that stands beside the rows (`beside` of planParams), in the order in which
   * they are stored: planes as load-bits has them. In the first section only.
   */
  | {
      readonly kind: 'load-beside'
      readonly dataset: string
      readonly column: string
      readonly planes: number
      readonly validity: boolean
    }
  /** bits in the domain of its inputs, one plane per circuit output. Rounds: the circuit's AND depth. */
  | { readonly kind: 'circuit'; readonly inputs: readonly Ref[]; readonly circuit: Circuit }
  /**
   * field in the inputs' domain: each plane as 0/1 vectors. 2 rounds at n=3. `via` is for its products, of
   * which there are none at n=3.
   */
  | { readonly kind: 'bit-to-field'; readonly inputs: readonly Ref[]; readonly via?: Via }
  /** field in the inputs' domain: elementwise products. 1 round, or 2 through a king. */
  | {
      readonly kind: 'multiply'
      readonly pairs: readonly (readonly [Ref, Ref])[]
      readonly via?: Via
    }
  /** slots/field, width 1, one lane per pair: inner products over all rows. 1 round, one element a lane. */
  | { readonly kind: 'dot'; readonly pairs: readonly (readonly [Ref, Ref])[] }
  /** slots/field, width 1, one lane per input: sums over all rows. Local. */
  | { readonly kind: 'total'; readonly inputs: readonly Ref[] }
  /** members/bits, one plane per input (rows/bits): 1 iff any row of the member has the bit set. Segmented OR. */
  | { readonly kind: 'any-row'; readonly inputs: readonly Ref[] }
  /**
   * slots/bits, one lane per choice, as many planes as the widest has: the largest or smallest number among
   * the lanes (bits of one domain, as many lanes) whose filter is 1. Among none, 0 or all ones.
   */
  | { readonly kind: 'extreme'; readonly choices: readonly ExtremeChoice[] }
  /**
   * slots/bits, one lane per choice, as many planes as the widest has: the number of rank floor((times * count
   * + plus) / over) among the `count` lanes (of rows/bits or members/bits) whose filter is 1; rank 1 is the
   * smallest. Rank 0 gives 0, a rank beyond the count all ones. `digit` (1..4 bits found at a time) and
   * `addingRounds` (of full adders, before what is left is counted) change the cost only.
   */
  | {
      readonly kind: 'select'
      readonly choices: readonly RankChoice[]
      readonly digit: number
      readonly addingRounds: number
    }
  /**
   * slots/bits, as many planes and lanes as it reads (bits of one domain): the lanes in ascending order of the
   * number that the first `key` planes spell, least significant first; equal ones keep their order. `digit` (1..4
   * bits sorted by at a time) changes the cost only.
   */
  | {
      readonly kind: 'sort'
      readonly inputs: readonly Ref[]
      readonly key: number
      readonly digit: number
    }
  /**
   * slots/bits: public numbers. Every combination of digits, of which digit k is below sizes[k], one a lane, the
   * last digit running fastest; the planes of the last digit come first, each digit's lowest first. Local.
   */
  | { readonly kind: 'enumerate'; readonly sizes: readonly number[] }
  /**
   * slots/bits, one lane per row, rows in the order of their members: the public number of the row's member, as
   * many planes as their number plus one takes, lowest first. Local.
   */
  | { readonly kind: 'member-number' }
  /**
   * slots/bits, one lane per row, rows in the order of their members: the public place of the row among those of its
   * member, from 0, as many planes as the most rows of a member take, one at least, lowest first. Local.
   */
  | { readonly kind: 'member-place' }
  /**
   * slots/bits, as many planes and lanes as it reads (slots/bits, one lane per row, rows in the order of their
   * members): the lanes of each member in ascending order of the number that the first `key` planes spell, least
   * significant first; equal ones keep their order. `depth` (rounds that a comparison may take, 0 for the least)
   * changes the cost only.
   */
  | {
      readonly kind: 'member-sort'
      readonly inputs: readonly Ref[]
      readonly key: number
      readonly depth: number
    }
  /**
   * slots, bits or field, a part for each list of pieces: their lanes on end. Lanes of rows come in the order of
   * their members, those of a member in the order of the table. Local.
   */
  | { readonly kind: 'append'; readonly parts: readonly (readonly Piece[])[] }
  /** slots, bits or field as its inputs: lane i holds what lane i - by held, or 0 if there is none. Local. */
  | { readonly kind: 'shift'; readonly inputs: readonly Ref[]; readonly by: number }
  /** slots, bits or field as its inputs: lanes from..to-1. Local. */
  | {
      readonly kind: 'slice'
      readonly inputs: readonly Ref[]
      readonly from: number
      readonly to: number
    }
  /** slots, bits or field as its inputs: lane i holds the sum of the lanes 0..i, of bits modulo 2. Local. */
  | { readonly kind: 'prefix-sum'; readonly inputs: readonly Ref[] }
  /**
   * slots, bits or field as its inputs: lanes in another order. The planes of `order`, lowest first, spell the
   * numbers of the lanes, each once: lane k is lane order[k] (`from`), or becomes it (`to`).
   */
  | {
      readonly kind: 'permute'
      readonly inputs: readonly Ref[]
      readonly order: readonly Ref[]
      readonly direction: 'from' | 'to'
    }
  /** slots, bits or field as its inputs: the lanes whose flag is 1, in their order. There must be `count`. */
  | {
      readonly kind: 'compact'
      readonly inputs: readonly Ref[]
      readonly flag: Ref
      readonly count: number
    }
  /** members/field, a vector per input (rows/field): the sum over the rows of each member. Local. */
  | { readonly kind: 'member-sum'; readonly inputs: readonly Ref[] }
  /**
   * members/bits: the rows of each member (rows/bits), in the order of the table, put together two by two until one is
   * left. Of two rows circuits[0] makes one, from the planes of the first and then those of the second; circuits[1] of
   * two of these; and so on, as many as ceil(log2 most rows of a member). A row without a partner goes on as it is,
   * behind the others, with planes of 0 for those that it lacks. Rounds: the AND depths of all circuits.
   */
  | {
      readonly kind: 'member-reduce'
      readonly inputs: readonly Ref[]
      readonly circuits: readonly Circuit[]
    }
  /** members/bits: the public number of rows of each member, lowest plane first, as many as the most rows take. Local. */
  | { readonly kind: 'member-rows' }
  /** slots/bits, one lane per input (rows/bits or members/bits), `width` planes: the number of ones, in binary. */
  | { readonly kind: 'popcount'; readonly inputs: readonly Ref[]; readonly width: number }
  /**
   * slots/field, width 1, one lane per input (rows/bits or members/bits): the number of ones. `addingRounds` (of
   * full adders on bits, before what is left is converted) change the cost only.
   */
  | { readonly kind: 'count'; readonly inputs: readonly Ref[]; readonly addingRounds: number }
  /** slots/field, width 1, one lane per number: public integers (decimal strings, may be negative). Local. */
  | { readonly kind: 'constant'; readonly lanes: readonly string[] }
  /**
   * field in the inputs' domain, width 1: sum over i of coefficients[i] * inputs[i], plus `constant` if there
   * is one (decimal strings, may be negative). Local.
   */
  | {
      readonly kind: 'combine'
      readonly inputs: readonly Ref[]
      readonly coefficients: readonly string[]
      readonly constant?: string
    }
  /** bits in the inputs' domain (field), one plane per input: 1 iff -2^60 < value < 0. 8 rounds at n=3. */
  | { readonly kind: 'less-than-zero'; readonly inputs: readonly Ref[] }
  /** bits in the inputs' domain (field), one plane per input: 1 iff the value is 0. 7 rounds at n=3. */
  | { readonly kind: 'equals-zero'; readonly inputs: readonly Ref[] }
  /**
   * bits in the inputs' domain (field), `width` planes (1..60) for each input in turn, lowest first: the lowest binary
   * digits of the element as a number below p. 11 rounds and more at n=3 (share-split.ts).
   */
  | { readonly kind: 'field-to-bits'; readonly inputs: readonly Ref[]; readonly width: number }
  /** slots/field or slots/bits, width 1: lanes picked from other slots values, in order. Local. */
  | {
      readonly kind: 'gather'
      readonly lanes: readonly { readonly from: Ref; readonly lane: number }[]
    }
  /**
   * slots, bits or field as its inputs (slots of equal lanes): lane k of each is its lane lanes[k], or a public 0
   * where that is null. Local.
   */
  | {
      readonly kind: 'pick'
      readonly inputs: readonly Ref[]
      readonly lanes: readonly (number | null)[]
    }
  /**
   * No value: ends a section. Its columns are what the next section loads, by `name`, which no dataset has. Rows of
   * `members` are lanes of members, one row a member; those of `rows` are slots, as many as there are rows, in the
   * order in which `append` puts rows. Local.
   */
  | {
      readonly kind: 'table'
      readonly name: string
      readonly rows: 'members' | 'rows'
      readonly columns: readonly TableColumn[]
    }
  /** No value: seals the Shamir shares of all lanes of these slots/field vectors to the result key. Always last. */
  | { readonly kind: 'output'; readonly inputs: readonly Ref[] }

/** A column that a plan has made, in the encodings that are loaded. What is NULL is 0 in all of them. */
export interface TableColumn {
  readonly name: string
  /** Least significant first; without them it has no bits. */
  readonly planes: readonly Ref[]
  /** 1 where it is not NULL; absent if it never is. */
  readonly validity?: Ref
  readonly field?: Ref
}

/** Lanes of an `append`: those of a value, or a public integer (decimal; 0 or 1 in bits) so many times. */
export type Piece = Ref | { readonly lanes: number; readonly value: string }

/** How products are re-shared: through a king, at n=5 and 7 (king.ts); absent, by everybody in one round. */
export type Via = 'king'

/** Numbers, least significant plane first, and the plane that says which of them count. */
export interface Choice {
  readonly planes: readonly Ref[]
  readonly among: Ref
}

export interface ExtremeChoice extends Choice {
  readonly largest: boolean
}

/** Natural numbers; `over` is at least 1. */
export interface RankChoice extends Choice {
  readonly times: number
  readonly plus: number
  readonly over: number
}

/**
 * Which rows of several instances make a row together: those of the same member (join-rows.ts). An instance is
 * a dataset as it stands in FROM once: one that is joined with itself has several.
 */
export type Join = { readonly kind: 'instance'; readonly instance: string } | JoinedPair

export interface JoinedPair {
  readonly kind: 'inner' | 'left' | 'right' | 'full'
  readonly left: Join
  readonly right: Join
  /**
   * An instance on the left and one on the right: their members must be the same. Absent: the member of the one
   * side and that of the other, whichever instance it comes from (USING).
   */
  readonly on?: readonly [string, string]
}

export interface Plan {
  readonly version: 1
  /** Of the instances of planParams; absent if there is one. */
  readonly join?: Join
  /** Chunks whose messages share a round, if the plan takes fewer than planParams allow: for the memory of a batch. */
  readonly chunksInFlight?: number
  readonly operators: readonly Operator[]
}

/** Everything that planning depends on besides SQL and schema. Canonical JSON, hashed, range-checked by every node. */
export interface PlanParams {
  readonly committee: { readonly n: number; readonly t: number }
  readonly security: 'passive'
  /** Its rows are the lanes, or make them (join-lanes.ts). */
  readonly dataset: InstanceParams
  /** What is joined to them; absent if nothing is. */
  readonly joined?: readonly JoinedParams[]
  /** What rows are looked for in by key (beside.ts); absent if nothing is. */
  readonly beside?: readonly DatasetParams[]
  /** Most chunks whose messages share a round, 1..256. */
  readonly chunksInFlight: number
  /** Round-trip and bandwidth class of the committee: what the planner's cost model may know of the network. */
  readonly network: 'loopback' | 'lan' | 'wan'
}

export interface DatasetParams {
  readonly name: string
  /** Dataset version, from 1. */
  readonly version: number
  /** Rows of each chunk, part after part (a part is one repository's import); each 1..65536. */
  readonly chunks: readonly number[]
  /** How many members have how many rows over all parts: [rows, members], ascending by rows. */
  readonly rowsPerMember: readonly (readonly [number, number])[]
}

/** A dataset as it stands in FROM once. */
export interface InstanceParams extends DatasetParams {
  /** What the plan calls it; absent if that is the dataset's name. */
  readonly instance?: string
}

export interface JoinedParams extends InstanceParams {
  /**
   * Whether its rows make lanes too, behind those of the instances before it: for members of whom these
   * have no row.
   */
  readonly lanes: boolean
}

export const CHUNK_ROWS = 65_536
