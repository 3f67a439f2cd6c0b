/**
 * What the commands print beside their data: notes and progress, all on stderr. Progress draws over
 * itself on a terminal and stays silent otherwise.
 */
import pc from 'picocolors'

/** A line for the human at the terminal. */
export function note(line: string): void {
  process.stderr.write(`${pc.dim(line)}\n`)
}

export interface ProgressLine {
  /** @param share 0..1 */
  update(share: number, what: string): void
  done(): void
}

const WIDTH = 24

export function progressLine(): ProgressLine {
  if (!process.stderr.isTTY) return { update() {}, done() {} }
  let shown = ''
  return {
    update(share, what) {
      const filled = Math.round(Math.min(1, Math.max(0, share)) * WIDTH)
      const line = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${what}`
      if (line === shown) return
      shown = line
      process.stderr.write(`\r\u001B[2K${line}`)
    },
    done() {
      if (shown !== '') process.stderr.write('\r\u001B[2K')
      shown = ''
    },
  }
}
