/** When a whole system has nothing left to do. */
import type { Booted } from './boot.ts'

/**
 * Resolves when every thread was quiet and no message moved between two looks: a message in flight
 * from one quiet thread to another would show as a difference. A system that has ended is quiet,
 * whatever was left over.
 */
export async function quietOf({ clock, peer, hosts, counters }: Booted): Promise<void> {
  for (let before = -1; !clock.ended; ) {
    await peer.pump.quiet()
    await hosts?.quiet()
    const seen = accepted()
    const moving = [...(hosts?.inTransit().values() ?? [])].some((count) => count !== 0)
    if (seen === before && !moving) return
    before = moving ? -1 : seen
  }

  function accepted(): number {
    let sum = 0
    for (const rows of [counters, ...(hosts?.counters() ?? [])]) {
      for (const row of rows.rows.values()) sum += row[0] as number
    }
    return sum
  }
}
