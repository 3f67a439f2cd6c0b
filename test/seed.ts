/**
 * The seed of random suites: that of SEED, to repeat a run; else a fresh one, printed. CI draws with one seed, so that a
 * change is not held up by a fault that it did not make; whoever works here draws fresh ones all day.
 */

const CI_SEED = 662_016_362

export const seed = Number(
  process.env['SEED'] || (process.env['CI'] ? CI_SEED : Date.now() % 2 ** 31),
)

/** Says how to repeat this run. @param suite that draws */
export function printSeed(suite: string): void {
  console.log(`${suite} seed: SEED=${seed}`)
}
