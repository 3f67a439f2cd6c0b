/** The seed of random suites: that of SEED, to repeat a run; else a fresh one, printed. */

export const seed = Number(process.env['SEED'] || Date.now() % 2 ** 31)

/** Says how to repeat this run. @param suite that draws */
export function printSeed(suite: string): void {
  console.log(`${suite} seed: SEED=${seed}`)
}
