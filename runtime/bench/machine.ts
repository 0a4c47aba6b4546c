/** Where and with what a run was measured: a figure without it means nothing. */
import { cpus, totalmem } from 'node:os'
import { packageVersion } from '../../mailbox/package-version.ts'
import type { BenchReport } from './report.ts'

type Circumstances = Pick<BenchReport, 'machine' | 'node' | 'versions' | 'date' | 'command'>

/** @param command as it was typed */
export function circumstances(command: string): Circumstances {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const { v8 = '', uv = '' } = process.versions
  return {
    machine: `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GiB, ${process.platform} ${process.arch}`,
    node: process.version,
    versions: { troupe: packageVersion(), v8, uv },
    date: new Date().toISOString(),
    command,
  }
}
