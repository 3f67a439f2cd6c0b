/**
 * What node/ needs of a logger: the part of pino's that takes fields and a message. Whoever logs
 * never puts a key, a share, a seed or a payload into the fields.
 */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const nothing = (): void => {}

/** Says nothing. */
export const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
