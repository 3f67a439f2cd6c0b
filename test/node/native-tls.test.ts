import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'

import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { generateCertificate } from '@libp2p/tls/utils'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, describe, expect, it } from 'vitest'

import { pattern } from './network.ts'
import { ECHO, echoHost, type EncrypterName, type HostOptions } from './tls-host.ts'

const MULTISTREAM = '\u0013/multistream/1.0.0\n'
const TLS_CHOSEN = `${MULTISTREAM}\u000b/tls/1.0.0\n`

const hosts: Libp2p[] = []
const sockets: Socket[] = []
let child: ChildProcess | undefined

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  child?.kill('SIGKILL')
  child = undefined
  await Promise.all(hosts.splice(0).map(async (host) => host.stop()))
})

async function start(encrypters: readonly EncrypterName[], options?: HostOptions): Promise<Libp2p> {
  const host = await echoHost(encrypters, options)
  hosts.push(host)
  return host
}

const addressOf = (host: Libp2p): Multiaddr => host.getMultiaddrs()[0]!

const portOf = (address: Multiaddr): number => Number(/tcp\/(\d+)/u.exec(String(address))![1])

/** Sends bytes there and back again. */
async function echo(connection: Connection, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = await connection.newStream(ECHO)
  const got = new Uint8ArrayList()
  const end = new Promise((resolve, reject) => {
    stream.addEventListener('message', ({ data }) => got.append(data))
    stream.addEventListener('remoteCloseWrite', resolve)
    stream.addEventListener('close', ({ error }) => error !== undefined && reject(error))
  })
  stream.send(bytes)
  await stream.close()
  await end
  return got.slice()
}

/** A bare TCP client that has chosen TLS, and the bytes that come back. */
async function bare(host: Libp2p): Promise<Socket> {
  const socket = connectTcp(portOf(addressOf(host)), '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(TLS_CHOSEN)
  return socket
}

/** What comes on a socket, without what the host answers to TLS_CHOSEN. */
function withoutAnswer(socket: Socket): Duplex {
  let skip = TLS_CHOSEN.length
  const duplex = new Duplex({
    read() {},
    write: (chunk: Uint8Array, _encoding, done) => void socket.write(chunk, done),
  })
  socket.on('data', (chunk) => {
    const rest = chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.length)
    if (rest.length > 0) duplex.push(rest)
  })
  socket.on('close', () => duplex.destroy())
  return duplex
}

describe('TLS on the socket', () => {
  it.each([
    [['native'], ['native'], '/tls/1.0.0'],
    [['native'], ['stock'], '/tls/1.0.0'],
    [['stock'], ['native'], '/tls/1.0.0'],
    [['native', 'noise'], ['native', 'noise'], '/tls/1.0.0'],
    [['native', 'noise'], ['noise'], '/noise'],
    [['noise'], ['native', 'noise'], '/noise'],
    [['native', 'noise'], ['noise', 'stock'], '/tls/1.0.0'],
  ] as const)('%j dials %j: they speak %s', async (dialler, listener, protocol) => {
    const [a, b] = await Promise.all([start(dialler), start(listener)])
    const connection = await a.dial(addressOf(b))
    expect(connection.encryption).toBe(protocol)
    expect(connection.multiplexer).toBe('/yamux/1.0.0')
    expect(connection.remotePeer.equals(b.peerId)).toBe(true)
    await expect.poll(() => b.getConnections(a.peerId).length).toBe(1)
    const [back] = b.getConnections(a.peerId)
    expect(back!.encryption).toBe(protocol)
    for (const bytes of [pattern(1, 3), pattern(3_000_000, 1)]) {
      const both = await Promise.all([echo(connection, bytes), echo(back!, bytes)])
      for (const one of both) expect(Buffer.compare(one, bytes)).toBe(0)
    }
    await connection.close()
    await expect.poll(() => b.getConnections(a.peerId).length).toBe(0)
  })

  it('delivers what was written before the connection was closed', async () => {
    const [a, b] = await Promise.all([start(['native']), start(['native'])])
    let got = 0
    await b.handle('/test/sink/1.0.0', (stream) => {
      stream.addEventListener('message', ({ data }) => void (got += data.byteLength))
    })
    const connection = await a.dial(addressOf(b))
    const stream = await connection.newStream('/test/sink/1.0.0')
    stream.send(pattern(2_000_000, 1))
    await stream.close()
    await connection.close()
    await expect.poll(() => got).toBe(2_000_000)
  })

  it('reads a handshake that came together with the choice of TLS', async () => {
    const host = await start(['native'])
    const socket = connectTcp(portOf(addressOf(host)), '127.0.0.1')
    sockets.push(socket)
    await once(socket, 'connect')
    socket.cork()
    socket.write(TLS_CHOSEN)
    const secured = connectTls({
      socket: withoutAnswer(socket),
      ...(await generateCertificate(await generateKeyPair('Ed25519'))),
      rejectUnauthorized: false,
      ALPNProtocols: ['/yamux/1.0.0'],
    })
    await new Promise((resolve) => setTimeout(resolve, 50)) // the ClientHello is corked by now
    socket.uncork()
    await once(secured, 'secureConnect')
    expect(secured.alpnProtocol).toBe('/yamux/1.0.0')
    await expect.poll(() => host.getConnections().length).toBe(1)
  })
})

describe('TLS on the socket refuses', () => {
  it('a peer whom the gater does not know, in either direction', async () => {
    const [a, b] = await Promise.all([
      start(['native']),
      start(['native'], { gater: { denyInboundEncryptedConnection: () => true } }),
    ])
    // The dialler's side of the handshake is over before the listener judges.
    const connection = await a.dial(addressOf(b)).catch(() => undefined)
    await expect.poll(() => connection?.status ?? 'closed').not.toBe('open')
    expect(b.getConnections()).toEqual([])
    const c = await start(['native'], { gater: { denyOutboundEncryptedConnection: () => true } })
    await expect(c.dial(addressOf(a))).rejects.toThrow()
    await expect.poll(() => a.getConnections().length).toBe(0)
  })

  it('somebody else at the address', async () => {
    const [a, b] = await Promise.all([start(['native']), start(['native'])])
    const address = String(addressOf(b)).replace(/p2p\/.*/u, `p2p/${await anyPeerId()}`)
    await expect(a.dial(multiaddr(address))).rejects.toThrow()
    expect(a.getConnections()).toEqual([])
    await expect.poll(() => b.getConnections().length).toBe(0)
  })

  it.each([
    ['no certificate', async () => ({})],
    ['a certificate that another identity signed', forgedCertificate],
  ])('%s', async (_what, certificate) => {
    const host = await start(['native'])
    const socket = await bare(host)
    const closed = once(socket, 'close')
    const secured = connectTls({
      socket: withoutAnswer(socket),
      ...(await certificate()),
      rejectUnauthorized: false,
      ALPNProtocols: ['/yamux/1.0.0'],
    })
    secured.on('error', () => {})
    await closed
    expect(host.getConnections()).toEqual([])
  })

  it('what is no handshake', async () => {
    const host = await start(['native'])
    const socket = await bare(host)
    socket.on('data', () => {})
    const closed = once(socket, 'close')
    socket.write(pattern(5000, 1))
    await closed
    expect(host.getConnections()).toEqual([])
  })

  it('to wait for ever for a dialler, or for a listener, that says nothing', async () => {
    const host = await start(['native'], { inboundUpgradeTimeoutMs: 300 })
    const socket = await bare(host)
    socket.on('data', () => {})
    await once(socket, 'close')

    const server = createServer((one) => {
      sockets.push(one)
      one.on('data', () => {})
      one.on('error', () => {})
      one.write(TLS_CHOSEN)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const address = multiaddr(`/ip4/127.0.0.1/tcp/${port}/p2p/${await anyPeerId()}`)
    await expect(host.dial(address, { signal: AbortSignal.timeout(300) })).rejects.toThrow()
    await expect.poll(() => sockets.at(-1)?.destroyed).toBe(true)
    server.close()
  })
})

describe('when a process is killed', () => {
  it('its peer notices, and reaches its successor', async () => {
    const host = await start(['native'])
    const { raw } = await generateKeyPair('Ed25519')
    const run = async (options: HostOptions): Promise<Multiaddr> => {
      child = fork(fileURLToPath(new URL('tls-host.ts', import.meta.url)), {
        execArgv: ['--import', 'tsx'],
        serialization: 'advanced',
      })
      child.send({ key: raw, ...options })
      const [address] = (await once(child, 'message')) as [string]
      return multiaddr(address)
    }
    const address = await run({})
    const connection = await host.dial(address)
    const stream = await connection.newStream(ECHO)
    const streamEnds = new Promise((resolve) => stream.addEventListener('close', resolve))
    const ends = new Promise((resolve) => connection.addEventListener('close', resolve))
    child!.kill('SIGKILL')
    await Promise.all([ends, streamEnds])
    expect(host.getConnections()).toEqual([])

    expect(await run({ port: portOf(address) })).toEqual(address)
    const again = await host.dial(address)
    expect(await echo(again, pattern(1000, 2))).toEqual(pattern(1000, 2))
  })
})

async function anyPeerId(): Promise<string> {
  const { publicKey } = await generateKeyPair('Ed25519')
  return publicKey.toCID().toString()
}

/** Claims a public key whose owner has not signed. */
async function forgedCertificate(): Promise<{ cert: string; key: string }> {
  const [claimed, own] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
  const forged: PrivateKey = { ...claimed, type: 'Ed25519', sign: (data) => own.sign(data) }
  return generateCertificate(forged)
}
