/** Stops one host's thread at a fault point when told to, as often as needed, until it may go on. */
import { type FaultPoint, faultPoints } from '../../mailbox/fault-points.ts'
import type { FaultModule, FaultOptions } from '../../runtime/wire/fault-module.ts'

interface StopData {
  readonly slot: number
  /** 0: the point that is armed, plus one. 1: stops so far. 2: releases so far. */
  readonly shared: Int32Array<SharedArrayBuffer>
}

export interface ThreadStop {
  readonly faults: FaultOptions
  /** From now on the thread stops when it comes to this point. Resolves when it has. */
  at(point: FaultPoint): Promise<void>
  release(): void
}

export function threadStop(slot: number): ThreadStop {
  const shared = new Int32Array(new SharedArrayBuffer(12))
  return {
    faults: { module: import.meta.url, data: { slot, shared } satisfies StopData },
    async at(point) {
      const stops = Atomics.load(shared, 1)
      Atomics.store(shared, 0, faultPoints.indexOf(point) + 1)
      await Atomics.waitAsync(shared, 1, stops).value
    },
    release() {
      Atomics.add(shared, 2, 1)
      Atomics.notify(shared, 2)
    },
  }
}

const faults: FaultModule = (thread, data) => {
  const { slot, shared } = data as StopData
  if (thread.role !== 'host' || thread.slot !== slot) return undefined
  return (point) => {
    const armed = faultPoints.indexOf(point) + 1
    if (Atomics.compareExchange(shared, 0, armed, 0) !== armed) return
    const released = Atomics.load(shared, 2)
    Atomics.add(shared, 1, 1)
    Atomics.notify(shared, 1)
    Atomics.wait(shared, 2, released)
  }
}

// biome-ignore lint/style/noDefaultExport: every thread calls the module's default export
export default faults
