/** The part of jiff-mpc that we measure, with types: the package is CommonJS and has none. */
import type { Server } from 'node:http'
import { createRequire } from 'node:module'

/** JIFF's own prime, of 25 bits: what its arithmetic in JavaScript numbers is made for. */
export const JIFF_PRIME = 16_777_729

export interface JiffShare {
  /** This party's share: a number, or the promise of one while it is being computed. */
  readonly value: number | Promise<number>
  sadd(other: JiffShare): JiffShare
  smult_bgw(other: JiffShare): JiffShare
  slt(other: JiffShare): JiffShare
  seq(other: JiffShare): JiffShare
}

export interface JiffClient {
  readonly SecretShare: new (
    value: number,
    holders: number[],
    threshold: number,
    prime: number,
  ) => JiffShare
  readonly socket: {
    readonly io: {
      readonly engine: {
        readonly transport: { readonly ws?: { _socket?: { bytesWritten: number } } }
      }
    }
  }
  preprocessing(operation: string, count: number, protocols: null, threshold: number): unknown
  executePreprocessing(done: () => void): void
}

interface JiffOptions {
  readonly party_id: number
  readonly party_count: number
  readonly crypto_provider: boolean
  readonly preprocessingBatchSize: number
  readonly onConnect: (client: JiffClient) => void
  readonly onError: (label: string, error: unknown) => void
}

interface Jiff {
  readonly JIFFClient: new (host: string, computation: string, options: JiffOptions) => JiffClient
  readonly JIFFServer: new (http: Server, options: { logs: boolean }) => unknown
}

export const jiff = createRequire(import.meta.url)('jiff-mpc') as Jiff
