/**
 * How far the ingest is: a bar that is drawn over on a terminal, a line for each tenth elsewhere.
 * A log gets at most eleven lines, however many files there are.
 */

/** Where text goes; `process.stderr` is one. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Shows progress; `done` ends the line. */
export interface Progress {
  update(done: number, total: number): void
  done(): void
}

const barWidth = 24

/** @param label what is being done, `Reading` */
export function progress(output: Output, label: string): Progress {
  return output.isTTY === true ? bar(output, label) : lines(output, label)
}

function bar(output: Output, label: string): Progress {
  let shown = ''
  return {
    update(done, total) {
      const full = Math.round(share(done, total) * barWidth)
      const text = `${label} ${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${done}/${total}`
      const line = text.slice(0, (output.columns ?? 80) - 1)
      if (line === shown) return
      shown = line
      output.write(`\r\u001b[2K${line}`)
    },
    done() {
      if (shown !== '') output.write('\n')
    },
  }
}

function lines(output: Output, label: string): Progress {
  let tenths = -1
  return {
    update(done, total) {
      const now = Math.floor(share(done, total) * 10)
      if (now === tenths) return
      tenths = now
      output.write(`${label} ${done}/${total}\n`)
    },
    done() {},
  }
}

const share = (done: number, total: number): number => (total === 0 ? 1 : Math.min(1, done / total))
