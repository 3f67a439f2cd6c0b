/** A libp2p host with given encrypters that echoes; as a program, one in a process of its own that tests can kill. */
// oxlint-disable-next-line import/no-unassigned-import -- it must run before libp2p does
import '../../node/polyfill.ts'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import type { ConnectionGater, Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

import { nativeTls } from '../../node/native-tls.ts'

export const ECHO = '/test/echo/1.0.0'

const ENCRYPTERS = { native: nativeTls, stock: tls, noise }

export type EncrypterName = keyof typeof ENCRYPTERS

export interface HostOptions {
  readonly port?: number
  /** Raw Ed25519 key; a new one if absent. */
  readonly key?: Uint8Array
  readonly gater?: ConnectionGater
  readonly inboundUpgradeTimeoutMs?: number
}

export async function echoHost(
  encrypters: readonly EncrypterName[],
  options: HostOptions = {},
): Promise<Libp2p> {
  const { key, gater, inboundUpgradeTimeoutMs } = options
  const host = await createLibp2p({
    ...(key === undefined ? {} : { privateKey: privateKeyFromRaw(key) }),
    ...(gater === undefined ? {} : { connectionGater: gater }),
    addresses: { listen: [`/ip4/127.0.0.1/tcp/${options.port ?? 0}`] },
    transports: [tcp()],
    connectionEncrypters: encrypters.map((name) => ENCRYPTERS[name]()),
    streamMuxers: [yamux()],
    connectionManager: {
      inboundConnectionThreshold: 100,
      ...(inboundUpgradeTimeoutMs === undefined
        ? {}
        : { inboundUpgradeTimeout: inboundUpgradeTimeoutMs }),
    },
  })
  await host.handle(ECHO, (stream) => {
    stream.addEventListener('message', ({ data }) => void stream.send(data))
    stream.addEventListener('remoteCloseWrite', () => void stream.close())
  })
  return host
}

process.once('message', (options: HostOptions) => {
  void echoHost(['native'], options).then((host) => process.send!(String(host.getMultiaddrs()[0])))
})
