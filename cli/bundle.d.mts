import type { BuildOptions } from 'esbuild'

/** What all bundles have in common. */
export const OPTIONS: BuildOptions

/** Path of an up-to-date bundle of the CLI. */
export function bundle(): Promise<string>
