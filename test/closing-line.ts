/**
 * A vitest reporter that adds one plain closing line, `N passed, N failed, N skipped`, which scripts and
 * CI systems that do not know vitest can read.
 */
import type { Reporter, TestModule } from 'vitest/node'

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    let broken = 0
    for (const module of modules) {
      if (module.errors().length > 0) broken++
      for (const test of module.children.allTests()) count[test.result().state]++
    }
    console.log(
      `\n${count.passed} passed, ${count.failed + broken} failed, ${count.skipped} skipped`,
    )
  }
}
