/** What happens at the fault points of a life: each planned fault comes once in the whole process. */
import type { FaultPoint } from '../../mailbox/fault-points.ts'
import type { FaultModule } from '../../runtime/wire/fault-module.ts'

/** The process is killed, its thread ends, or whatever stands there fails. */
export type Act = 'kill' | 'exit' | 'throw'

export interface Planned {
  readonly point: FaultPoint
  /** At which passage, of all threads. */
  readonly nth: number
  readonly act: Act
}

export interface FaultData {
  readonly plan: readonly Planned[]
  /** Passages of each planned fault so far. */
  readonly passages: Int32Array<SharedArrayBuffer>
}

const faults: FaultModule = ({ role }, data) => {
  const { plan, passages } = data as FaultData
  return (point) => {
    plan.forEach((planned, i) => {
      if (planned.point !== point || Atomics.add(passages, i, 1) + 1 !== planned.nth) return
      perform(planned, role === 'main')
    })
  }
}

function perform({ point, act }: Planned, isMain: boolean): void {
  if (act === 'throw') throw new Error(`planned at ${point}`)
  if (act === 'exit' && !isMain) process.exit(7)
  process.kill(process.pid, 'SIGKILL')
  // The signal may take a moment; nothing more happens on this thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

// biome-ignore lint/style/noDefaultExport: every thread calls the module's default export
export default faults
