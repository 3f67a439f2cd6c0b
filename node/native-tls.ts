/**
 * libp2p's TLS 1.3 (/tls/1.0.0, github.com/libp2p/specs/blob/master/tls/tls.md) as a connection encrypter
 * that hands the TCP socket to node:tls: records are opened and sealed in C++ on the socket's own handle.
 * @libp2p/tls puts a JavaScript Duplex between the two, Noise does all in JavaScript; the bytes on the
 * wire are those of @libp2p/tls.
 *
 * Security: of the specification. Both sides show a self-signed certificate of a key made at start, which
 * the Ed25519 identity has signed; node:tls proves that they have that key, verifyPeerCertificate checks
 * the rest. No session is resumed: every connection proves anew. Forward secret; AES-128-GCM.
 *
 * It reaches into what is no interface: `socket` and `readBuffer` of the connections of @libp2p/tcp
 * 11.0.28, AbstractMultiaddrConnection of @libp2p/utils 7.4.1, generateCertificate and
 * verifyPeerCertificate of @libp2p/tls 3.1.10. test/node/native-tls.test.ts notices if they change.
 */
import { constants } from 'node:crypto'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { connect, createSecureContext, TLSSocket, type SecureContext } from 'node:tls'

import {
  type ConnectionEncrypter,
  InvalidCryptoExchangeError,
  type MultiaddrConnection,
  type SecureConnectionOptions,
  type SecuredConnection,
} from '@libp2p/interface'
import type { TLSComponents } from '@libp2p/tls'
import { generateCertificate, verifyPeerCertificate } from '@libp2p/tls/utils'
import { AbstractMultiaddrConnection, type SendResult } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'

const PROTOCOL = '/tls/1.0.0'

/** ALPN name of peers that agree on the multiplexer later. */
const NO_MUXER = 'libp2p'

/** How much node:tls takes before it asks to wait: with Node's 16 KiB, every frame would. */
const WRITE_AHEAD_BYTES = 1024 * 1024

/** Of a TLS record: a shorter piece is the last one that is there. */
const RECORD_BYTES = 16 * 1024

/** Pieces that are no longer than this together are written as one: a second one costs more than the copy. */
const JOIN_BYTES = 16 * 1024

/** How long the other side may take to end the connection too. */
const LINGER_MS = 1000

/** A connection of @libp2p/tcp, as it is inside. */
interface TcpConnection extends MultiaddrConnection {
  readonly socket: Socket
  readonly readBuffer: Uint8ArrayList
}

export function nativeTls(): (components: TLSComponents) => ConnectionEncrypter {
  return (components) => new NativeTls(components)
}

class NativeTls implements ConnectionEncrypter {
  readonly protocol = PROTOCOL
  readonly #components: TLSComponents
  #context: Promise<SecureContext> | undefined

  constructor(components: TLSComponents) {
    this.#components = components
  }

  secureInbound(
    connection: unknown,
    options: SecureConnectionOptions = {},
  ): Promise<SecuredConnection> {
    return this.#secure(tcpOf(connection), options, (tcp, secureContext, muxers) => {
      const known = new Set([...muxers, NO_MUXER])
      return new TLSSocket(tcp, {
        isServer: true,
        requestCert: true,
        rejectUnauthorized: false, // self-signed: verifyPeerCertificate judges
        secureContext,
        highWaterMark: WRITE_AHEAD_BYTES,
        ALPNCallback: ({ protocols }) => protocols.find((one) => known.has(one)),
      } as ServerOptions)
    })
  }

  secureOutbound(
    connection: unknown,
    options: SecureConnectionOptions = {},
  ): Promise<SecuredConnection> {
    return this.#secure(tcpOf(connection), options, (tcp, secureContext, muxers) =>
      connect({
        socket: tcp,
        rejectUnauthorized: false, // as above
        secureContext,
        highWaterMark: WRITE_AHEAD_BYTES,
        ALPNProtocols: [...muxers, NO_MUXER],
      } as ClientOptions),
    )
  }

  async #secure(
    tcp: TcpConnection,
    { signal, remotePeer, skipStreamMuxerNegotiation }: SecureConnectionOptions,
    wrap: (tcp: Socket, context: SecureContext, muxers: readonly string[]) => TLSSocket,
  ): Promise<SecuredConnection> {
    const muxers = this.#components.upgrader.getStreamMuxers()
    this.#context ??= contextOf(this.#components)
    const context = await this.#context
    signal?.throwIfAborted()
    takeOver(tcp)
    const early = skipStreamMuxerNegotiation === true ? [] : [...muxers.keys()]
    const socket = wrap(tcp.socket, context, early)
    // How @libp2p/tcp gives a connection up: a reset, which under a TLSSocket crashes Node 20 (SIGSEGV).
    tcp.socket.resetAndDestroy = () => {
      socket.destroy()
      return tcp.socket
    }
    try {
      await handshake(socket, signal)
      const { raw } = socket.getPeerCertificate() as { raw?: Uint8Array }
      if (raw === undefined) throw new InvalidCryptoExchangeError('the peer has no certificate')
      const peer = await verifyPeerCertificate(raw, remotePeer, tcp.log)
      signal?.throwIfAborted()
      if (socket.destroyed) throw new InvalidCryptoExchangeError('the peer has hung up')
      const muxer = muxers.get(socket.alpnProtocol || NO_MUXER)
      return {
        remotePeer: peer,
        connection: new TlsConnection(tcp, socket),
        ...(muxer === undefined ? {} : { streamMuxer: muxer }),
      }
    } catch (error) {
      socket.destroy()
      throw error
    }
  }
}

// Node 20 takes both options; its type declarations know them elsewhere only.
type ServerOptions = NonNullable<ConstructorParameters<typeof TLSSocket>[1]>
type ClientOptions = Parameters<typeof connect>[0] & object

async function contextOf({ privateKey }: TLSComponents): Promise<SecureContext> {
  return createSecureContext({
    ...(await generateCertificate(privateKey)),
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256', // which every TLS 1.3 peer has to know
    secureOptions: constants.SSL_OP_NO_TICKET,
  })
}

function tcpOf(connection: unknown): TcpConnection {
  const tcp = connection as Partial<TcpConnection>
  if (!(tcp.socket instanceof Socket) || tcp.readBuffer === undefined) {
    throw new InvalidCryptoExchangeError('not a connection of @libp2p/tcp')
  }
  return tcp as TcpConnection
}

/** Stops the connection's own reader, and gives the socket back what it has read ahead. */
function takeOver({ socket, readBuffer }: TcpConnection): void {
  socket.pause()
  socket.removeAllListeners('data')
  if (readBuffer.byteLength === 0) return
  socket.unshift(readBuffer.slice())
  readBuffer.consume(readBuffer.byteLength)
}

function handshake(socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  const onAbort = (): void => void socket.destroy(signal?.reason as Error)
  return new Promise<void>((resolve, reject) => {
    // Stays: an error that comes later destroys the socket, which is news enough.
    socket.on('error', reject)
    socket.once('close', () => reject(new InvalidCryptoExchangeError('the peer has hung up')))
    socket.once('secure', resolve)
    signal?.addEventListener('abort', onAbort, { once: true })
  }).finally(() => signal?.removeEventListener('abort', onAbort))
}

class TlsConnection extends AbstractMultiaddrConnection {
  readonly #tcp: TcpConnection
  readonly #socket: TLSSocket
  #arrived: Uint8Array[] = []

  constructor(tcp: TcpConnection, socket: TLSSocket) {
    const { remoteAddr, log, direction, inactivityTimeout, maxReadBufferLength } = tcp
    super({ remoteAddr, log, direction, inactivityTimeout, maxReadBufferLength })
    this.#tcp = tcp
    this.#socket = socket
    // A piece per record; all that one turn of the event loop brings goes up in one go, and what is
    // known to be all goes up at once.
    socket.on('data', (piece) => {
      const first = this.#arrived.push(piece) === 1
      if (piece.length < RECORD_BYTES) this.#deliver()
      else if (first) setImmediate(() => this.#deliver())
    })
    // What libp2p closes is the connection below: it must not hang up before all is written.
    tcp.socket.destroySoon = () => void this.close().catch((error: Error) => this.abort(error))
    socket.on('drain', () => this.safeDispatchEvent('drain'))
    socket.on('error', (error) => {
      this.#deliver()
      this.abort(error)
    })
    socket.once('close', () => {
      this.#deliver()
      this.onTransportClosed()
      tcp.close().catch(() => {})
    })
    tcp.addEventListener('close', ({ error, local }) => {
      this.#deliver()
      socket.destroy()
      if (error === undefined) this.onTransportClosed()
      else if (local === true) this.abort(error)
      else this.onRemoteReset()
    })
  }

  /** As it is inherited, but without a queue and its events while there is nothing in it. */
  override send(data: Uint8Array | Uint8ArrayList): boolean {
    const idle = this.writeBuffer.byteLength === 0 && !this.sendingData && !this.writableNeedsDrain
    if (!idle || this.writeStatus !== 'writable') return super.send(data)
    const canSendMore = this.#write(data instanceof Uint8Array ? [data] : data, data.byteLength)
    if (!canSendMore) this.writableNeedsDrain = true
    return canSendMore
  }

  override sendData(data: Uint8ArrayList): SendResult {
    return { sentBytes: data.byteLength, canSendMore: this.#write(data, data.byteLength) }
  }

  #write(pieces: Iterable<Uint8Array>, bytes: number): boolean {
    const socket = this.#socket
    if (bytes <= JOIN_BYTES) {
      const joined = Buffer.allocUnsafe(bytes)
      let at = 0
      for (const piece of pieces) {
        joined.set(piece, at)
        at += piece.length
      }
      return socket.write(joined)
    }
    let canSendMore = true
    socket.cork()
    for (const piece of pieces) canSendMore = socket.write(piece)
    socket.uncork()
    return canSendMore
  }

  /**
   * Waits for the other side to end too, reading on: whoever hangs up with bytes unread resets the
   * connection, and what the other side has not read by then is lost.
   */
  override async sendClose(options?: { signal?: AbortSignal }): Promise<void> {
    if (this.#socket.destroyed) return
    const closed = once(this.#socket, 'close', options)
    this.#socket.end(() => setTimeout(() => this.#socket.destroy(), LINGER_MS).unref())
    await closed
  }

  override sendReset(error: Error): void {
    this.#socket.destroy()
    this.#tcp.abort(error)
  }

  override sendPause(): void {
    this.#socket.pause()
  }

  override sendResume(): void {
    this.#socket.resume()
  }

  #deliver(): void {
    const arrived = this.#arrived
    if (arrived.length === 0) return
    this.#arrived = []
    this.onData(arrived.length === 1 ? arrived[0]! : new Uint8ArrayList(...arrived))
  }
}
