/**
 * What every Sharehold process has in common: its log on stderr, telling a supervising parent that it
 * is ready, and an orderly end on SIGINT, SIGTERM or the parent's death.
 */
import { pino } from 'pino'

import type { Log } from './log.ts'

export interface Running {
  close(): Promise<void>
}

/** JSON lines on stderr; level from SHAREHOLD_LOG (default info). */
export function processLog(name: string, level = 'info'): Log {
  return pino(
    { name, level: process.env['SHAREHOLD_LOG'] ?? level },
    pino.destination({ dest: 2, sync: true }),
  )
}

/** Says `ready` and waits until the process is told to end; then closes it and resolves. */
export async function serve(running: Running, log: Log): Promise<void> {
  process.send?.('ready')
  log.info({}, 'ready')
  const reason = await new Promise<string>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
    process.once('disconnect', () => resolve('parent gone'))
  })
  log.info({ reason }, 'closing')
  await running.close()
  if (process.connected) process.disconnect()
}
