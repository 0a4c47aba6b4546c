/**
 * With `workers: 0` the main thread runs the actors: it counts its own starts and tries suspects alone,
 * as a host does when main tells it to (F3).
 */
import { Hand, handFile } from '../../persistence/hand-file.ts'
import type { KilledActor } from '../../persistence/killed-files.ts'
import type { Peer } from '../peer/peer.ts'
import { reportedStarts } from '../peer/reported-starts.ts'
import type { Report, WardStart } from '../wire/host-control.ts'
import { mainStoreSlot } from './main-store.ts'
import type { Runners } from './runners.ts'

export interface SoleThreadSide {
  readonly peer: Peer
  /** Of the store; undefined when nothing survives this process, its starts neither. */
  readonly file: string | undefined
  ward(): Promise<WardStart>
  reported(report: Report): void
}

export class SoleThread implements Runners {
  readonly #side: SoleThreadSide

  constructor(side: SoleThreadSide) {
    this.#side = side
  }

  start(): Promise<void> {
    const { peer, file, reported } = this.#side
    if (file === undefined) return Promise.resolve()
    peer.starts = reportedStarts(new Hand(handFile(file, mainStoreSlot)), reported)
    peer.pump.holdAll()
    return Promise.resolve()
  }

  async tryAlone(): Promise<void> {
    const { peer } = this.#side
    const { suspects, actors } = await this.#side.ward()
    peer.starts?.know(suspects)
    await peer.pump.tryAlone(actors)
    peer.pump.tryAll()
  }

  /** Its actors are woken like those of any main thread: nothing else holds them. */
  go(): Promise<void> {
    return Promise.resolve()
  }

  killed(all: readonly KilledActor[]): Promise<void> {
    this.#side.peer.kill(all)
    return Promise.resolve()
  }

  pardon(key: string, actor: string): Promise<void> {
    const { peer } = this.#side
    peer.starts?.release(key)
    peer.signal(actor, { kind: 'wake' })
    return Promise.resolve()
  }
}
