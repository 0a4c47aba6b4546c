/**
 * When a whole system is still: every thread at its own look, the store, and nothing in between.
 *
 * One thread's look says nothing of the others a moment later. Two looks do, when no frame was on its way
 * at either of them and none was sent in between: then nobody can have told anybody anything.
 */
import { type Accounting, Count } from '../../mailbox/accounting.ts'
import type { Calm } from '../wire/host-control.ts'
import type { Booted } from './boot.ts'

/** What is looked at. */
export type Looked = Pick<Booted, 'clock' | 'counters' | 'client'> & {
  readonly peer: Pick<Booted['peer'], 'pump' | 'isAwaiting'>
  readonly hosts: Pick<NonNullable<Booted['hosts']>, 'calm' | 'counters' | 'frames'> | undefined
}

/** Resolves when it is; a system that has ended is, whatever was left over. */
export async function calmOf(system: Looked, calm: Calm): Promise<void> {
  const { clock, peer, hosts, client } = system
  for (let before: Look | undefined; !clock.ended; ) {
    await peer.pump.calm(calm)
    const isAwaited = (await hosts?.calm(calm)) === true || peer.isAwaiting
    // Ticks that it had under way are told before it answers; refused, it has ended.
    await client?.ask('idle', {}).catch(() => undefined)
    const now = look(system)
    if (isSame(before, now) && (calm === 'resting' || isAwaited || now.pending === 0)) return
    before = now
  }
}

interface Look extends Pick<Accounting, 'accepted' | 'pending'> {
  /** Carried by links so far; undefined while one is on its way. */
  readonly frames: number | undefined
}

function look({ counters, hosts }: Looked): Look {
  let accepted = 0
  let pending = 0
  for (const one of [counters, ...(hosts?.counters() ?? [])]) {
    accepted += one.sum(Count.accepted) + one.sum(Count.storeAccepted)
    pending += one.pending + one.sum(Count.inStore)
  }
  return { accepted, pending, frames: hosts === undefined ? 0 : hosts.frames }
}

function isSame(before: Look | undefined, now: Look): boolean {
  if (before === undefined || now.frames === undefined) return false
  return before.frames === now.frames && before.accepted === now.accepted
}
