/** The hosts that run now, by slot. One that dies leaves it at once, before it is replaced. */
import type { HostThread } from './host-thread.ts'

export class RunningHosts extends Map<number, HostThread> {
  /** A host that dies meanwhile is replaced; its part of the work goes with it. */
  async all(act: (host: HostThread) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.values()].map((host) => act(host).catch(() => undefined)))
  }
}
