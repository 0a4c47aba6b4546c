/**
 * A thread's share of the bus with nobody on the other end: it runs turns and lets nothing out (R1).
 * What they would have said is in the records that they write; nothing is delivered, and no live
 * effect is reached, because a step that is not recorded never gets the commit that it waits for.
 */

import type { Script } from '../../actors/cell/script.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import { Peer } from '../peer/peer.ts'
import type { PeerOptions } from '../peer/peer-options.ts'

export class ReplayPeer extends Peer {
  script: Script | undefined

  constructor(options: Omit<PeerOptions, 'clock'>, clock: VirtualClock = new VirtualClock(0)) {
    super({ ...options, clock })
  }

  override route(): TellOutcome {
    return queued
  }

  override publish(): void {}

  override fanOut(): void {}

  override signal(): void {}
}
