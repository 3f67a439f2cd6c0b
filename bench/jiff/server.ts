/** JIFF's relay, a process of its own: all of its parties' messages go through it, encrypted between them. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { serveParent } from '../serve-parent.ts'

import { jiff } from './library.ts'

const program = {
  /** @returns the port, on loopback */
  async start(): Promise<number> {
    const http = createServer()
    void new jiff.JIFFServer(http, { logs: false })
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    return (http.address() as AddressInfo).port
  },
}

export type JiffRelay = typeof program

serveParent(program)
