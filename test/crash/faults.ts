/** What happens at the fault points of a life: each planned fault comes once in the whole process. */
import { type FaultPoint, faultPoints } from '../../mailbox/fault-points.ts'
import type { FaultModule, FaultOptions } from '../../runtime/wire/fault-module.ts'

/** The process is killed, its thread ends, whatever stands there fails, or the thread waits. */
export type Act = 'kill' | 'exit' | 'throw' | 'pause'

export interface Planned {
  readonly point: FaultPoint
  /** At which passage, of all threads. */
  readonly nth: number
  readonly act: Act
  /** Passages count from when any thread has passed this one. */
  readonly after?: FaultPoint
}

interface FaultData {
  readonly plan: readonly Planned[]
  /** Passages of each planned fault so far. */
  readonly passages: Int32Array<SharedArrayBuffer>
  /** 0: 1 when a thread waits. 1: 1 when it may go on. */
  readonly gate: Int32Array<SharedArrayBuffer>
  /** 1 for each fault point that was passed. */
  readonly passed: Int32Array<SharedArrayBuffer>
}

/** Threads that wait at a point, from outside. */
export interface Gate {
  /** Resolves when a thread waits. */
  readonly reached: Promise<void>
  open(): void
}

export function faultsOf(plan: readonly Planned[]): {
  readonly faults: FaultOptions
  readonly gate: Gate
  /** How often a planned fault's point has been passed. */
  passed(planned: number): number
} {
  const passages = new Int32Array(new SharedArrayBuffer(4 * Math.max(1, plan.length)))
  const gate = new Int32Array(new SharedArrayBuffer(8))
  const passed = new Int32Array(new SharedArrayBuffer(4 * faultPoints.length))
  const data: FaultData = { plan, passages, gate, passed }
  return {
    faults: { module: import.meta.url, data },
    passed: (planned) => Atomics.load(passages, planned),
    gate: {
      reached: Promise.resolve(Atomics.waitAsync(gate, 0, 0).value).then(() => undefined),
      open: () => {
        Atomics.store(gate, 1, 1)
        Atomics.notify(gate, 1)
      },
    },
  }
}

const faults: FaultModule = ({ role }, data) => {
  const { plan, passages, gate, passed } = data as FaultData
  const wasPassed = (point: FaultPoint): boolean =>
    Atomics.load(passed, faultPoints.indexOf(point)) === 1
  return (point) => {
    Atomics.store(passed, faultPoints.indexOf(point), 1)
    plan.forEach((planned, i) => {
      const counts = planned.after === undefined || wasPassed(planned.after)
      if (planned.point !== point || !counts) return
      if (Atomics.add(passages, i, 1) + 1 === planned.nth) perform(planned, role === 'main', gate)
    })
  }
}

function perform({ point, act }: Planned, isMain: boolean, gate: Int32Array): void {
  if (act === 'throw') throw new Error(`planned at ${point}`)
  if (act === 'pause') return pause(gate)
  if (act === 'exit' && !isMain) process.exit(7)
  process.kill(process.pid, 'SIGKILL')
  // The signal may take a moment; nothing more happens on this thread.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
}

function pause(gate: Int32Array): void {
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  Atomics.wait(gate, 1, 0)
}

// biome-ignore lint/style/noDefaultExport: every thread calls the module's default export
export default faults
