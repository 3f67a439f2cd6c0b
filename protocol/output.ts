/**
 * Sealed outputs: how a node hands its Shamir shares of the answer to the querier, and how the querier
 * puts the n of them together.
 *
 * Plaintext of node i: version 1, n, i, 0 (a byte each), number of lanes (u32 LE), then one canonical
 * u64 LE share per lane. It is sealed (seal.ts) with info "sharehold/output/v1" and
 * aad = jobContext || i, so that a share of another job, attempt or node does not open.
 *
 * Who learns what: the querier learns the lanes; everybody else their number. Secure against t nodes
 * that read. A node that lies is noticed as long as at least t+1 nodes are honest, because n = 2t+1
 * shares over-determine a polynomial of degree t, but it is never named: t liars can choose their shares
 * so that an honest node looks like the odd one out.
 */
import { ShareholdError } from '../shares/errors.ts'
import { concatBytes } from '../shares/hash.ts'

import { open, seal } from './seal.ts'

const INFO = new TextEncoder().encode('sharehold/output/v1')
const HEADER_BYTES = 8
const VERSION = 1
const P = (1n << 61n) - 1n

/** The place of a sealed output. */
export interface OutputContext {
  /** protocol.md 0.2, 32 bytes. */
  readonly jobContext: Uint8Array
  /** Committee size, 2t+1. */
  readonly n: number
  /** 1..n */
  readonly index: number
}

/**
 * Seals node `index`'s shares of all lanes.
 *
 * @param resultKey the querier's public key, 32 bytes
 * @param shares 8 bytes a lane, canonical u64 LE, as in kernel memory
 * @param rng cryptographic randomness, 32 bytes are drawn
 * @throws TypeError if `shares` is not a vector of canonical field elements
 */
export function sealOutput(
  resultKey: Uint8Array,
  context: OutputContext,
  shares: Uint8Array,
  rng: (bytes: number) => Uint8Array,
): Uint8Array {
  if (shares.length % 8 !== 0 || readShares(shares).some((share) => share >= P)) {
    throw new TypeError('output shares must be canonical u64 elements')
  }
  const header = new Uint8Array(HEADER_BYTES)
  header.set([VERSION, context.n, context.index])
  new DataView(header.buffer).setUint32(4, shares.length / 8, true)
  return seal(resultKey, INFO, aadOf(context), concatBytes(header, shares), rng)
}

/**
 * Opens one node's output.
 *
 * @param lanes number of lanes that the plan promises
 * @returns that node's shares, as numbers below p
 * @throws ShareholdError SH_SEAL_OPEN, SH_OUTPUT_MALFORMED, both naming the node's index
 */
export function openOutput(
  secretKey: Uint8Array,
  context: OutputContext,
  lanes: number,
  sealed: Uint8Array,
): bigint[] {
  const party = String(context.index)
  let plaintext: Uint8Array
  try {
    plaintext = open(secretKey, INFO, aadOf(context), sealed)
  } catch (cause) {
    throw new ShareholdError('SH_SEAL_OPEN', 'A sealed output does not open.', {
      party,
      hint: 'It was sealed to another result key or for another job, or changed on its way.',
      cause,
    })
  }
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  const header = [VERSION, context.n, context.index, 0]
  const shares = plaintext.length === HEADER_BYTES + 8 * lanes ? readShares(plaintext, 8) : []
  if (
    shares.length !== lanes ||
    header.some((byte, i) => plaintext[i] !== byte) ||
    view.getUint32(4, true) !== lanes ||
    shares.some((share) => share >= P)
  ) {
    throw new ShareholdError('SH_OUTPUT_MALFORMED', 'A node sealed something else than shares.', {
      party,
    })
  }
  return shares
}

/**
 * Opens the outputs of all n nodes and puts the lanes together.
 *
 * @param context of the job; the index is that of the position in `sealed`
 * @param lanes number of lanes that the plan promises
 * @param sealed sealed[i-1] is node i's; all n are needed
 * @returns the lanes, 0 <= lane < p
 * @throws ShareholdError SH_SEAL_OPEN, SH_OUTPUT_MALFORMED, SH_OUTPUT_INCONSISTENT (nobody blamed)
 */
export function openOutputs(
  secretKey: Uint8Array,
  context: Omit<OutputContext, 'index'>,
  lanes: number,
  sealed: readonly Uint8Array[],
): bigint[] {
  const { jobContext, n } = context
  if (sealed.length !== n) throw new RangeError('every node of the committee must have an output')
  const shares = sealed.map((bytes, i) =>
    openOutput(secretKey, { jobContext, n, index: i + 1 }, lanes, bytes),
  )
  return reconstruct(shares, n, lanes)
}

/** The polynomial through the first t+1 shares, taken at 0 and compared at the points of the others. */
function reconstruct(shares: readonly bigint[][], n: number, lanes: number): bigint[] {
  const t = (n - 1) / 2
  const points = Array.from({ length: t + 1 }, (_, i) => BigInt(i + 1))
  const atZero = lagrange(points, 0n)
  const checks = shares.slice(t + 1).map((others, i) => ({
    others,
    coefficients: lagrange(points, BigInt(t + 2 + i)),
  }))
  return Array.from({ length: lanes }, (_, lane) => {
    const at = (coefficients: readonly bigint[]): bigint =>
      coefficients.reduce((sum, c, i) => (sum + c * shares[i]![lane]!) % P, 0n)
    if (checks.some(({ others, coefficients }) => at(coefficients) !== others[lane])) {
      throw new ShareholdError(
        'SH_OUTPUT_INCONSISTENT',
        'The nodes’ output shares contradict each other: there is no answer.',
        { hint: 'A node failed or lied. Ask again; if it stays, have the ledger audited.' },
      )
    }
    return at(atZero)
  })
}

/** Lagrange coefficients of `points` at `x`, mod p. */
function lagrange(points: readonly bigint[], x: bigint): bigint[] {
  return points.map((point) => {
    let numerator = 1n
    let denominator = 1n
    for (const other of points) {
      if (other === point) continue
      numerator = modulo(numerator * (x - other))
      denominator = modulo(denominator * (point - other))
    }
    return modulo(numerator * power(denominator, P - 2n))
  })
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square)
    square = modulo(square * square)
  }
  return result
}

function modulo(value: bigint): bigint {
  return ((value % P) + P) % P
}

function readShares(bytes: Uint8Array, start = 0): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shares: bigint[] = []
  for (let at = start; at < bytes.length; at += 8) shares.push(view.getBigUint64(at, true))
  return shares
}

function aadOf({ jobContext, index }: OutputContext): Uint8Array {
  if (jobContext.length !== 32) throw new TypeError('a job context has 32 bytes')
  return concatBytes(jobContext, Uint8Array.of(index))
}
