/**
 * A thread's share of the bus with nobody on the other end: it runs turns and lets nothing out (R1).
 * What they would have said is in the records that they write; nothing is delivered, and no live
 * effect is reached, because a step that is not recorded never gets the commit that it waits for.
 */

import type { App } from '../../actors/app.ts'
import { logRanks } from '../../actors/cell/ports.ts'
import type { Script } from '../../actors/cell/script.ts'
import type { VirtualClock } from '../../mailbox/clock.ts'
import { queued, type TellOutcome } from '../../mailbox/outcome.ts'
import { Keyring } from '../../persistence/keyring.ts'
import { readSecrets, type SecretsOptions } from '../main/secrets-plan.ts'
import { Counters } from '../peer/counters.ts'
import { Peer } from '../peer/peer.ts'
import type { PeerOptions, PeerSink } from '../peer/peer-options.ts'
import { mainSlot, Placement, planPlacement } from '../wire/placement.ts'
import { noDeps } from './no-deps.ts'

/** What turns that are run again may use. */
interface Means {
  readonly deps?: unknown
  readonly secrets?: SecretsOptions
}

/** What one way of running turns again has of its own. */
interface Own extends Pick<PeerOptions, 'actors' | 'effects'> {
  readonly event: PeerSink['event']
}

export class ReplayPeer extends Peer {
  script: Script | undefined

  constructor(app: App, means: Means, clock: VirtualClock, { event, ...own }: Own) {
    super({
      slot: mainSlot,
      deps: () => ('deps' in means ? means.deps : noDeps('give rerun { deps }')),
      placement: new Placement(planPlacement([], 0)),
      counters: new Counters(app.actors.keys()),
      clock,
      origin: 1,
      development: false,
      secrets: new Keyring(readSecrets('rerun', means.secrets, process.env)),
      // What it logged and what it lost was said then.
      logRank: logRanks.off,
      sink: { event, deadLetter: () => undefined, log: () => undefined },
      jitter: () => 1,
      soon: setImmediate,
      ...own,
    })
  }

  override route(): TellOutcome {
    return queued
  }

  override publish(): void {}

  override fanOut(): void {}

  override signal(): void {}
}
