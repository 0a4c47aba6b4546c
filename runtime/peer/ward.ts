/**
 * After an unclean end a thread first runs the actors of suspects, one by one, while all others wait
 * (F3): what kills it then is known.
 */
import type { Cell } from '../../actors/cell/cell.ts'
import type { Clock } from '../../mailbox/clock.ts'

/** Milliseconds an actor may take before the next has its go: it may wait for something. */
const patience = 1_000
/** Milliseconds for one whose handler is out: it may wait for an actor that is held. */
const shortPatience = 100

export interface WardPeer {
  readonly clock: Clock
  /** Told whose turn it is. */
  readonly starts: { try(actor: string | undefined): void } | undefined
  readonly residents: { get(id: string): Cell | undefined }
  signalled(to: string, signal: { readonly kind: 'wake' }): void
}

export class Ward {
  readonly #peer: WardPeer
  readonly #held = new Set<Cell>()
  #current: string | undefined
  #settled: (() => void) | undefined
  #soon: (() => void) | undefined

  constructor(peer: WardPeer) {
    this.#peer = peer
  }

  /** False for an actor that has to wait. */
  admits(cell: Cell): boolean {
    if (cell.id === this.#current) return true
    this.#held.add(cell)
    return false
  }

  /** Runs each until it has nothing more to do, or for as long as patience lasts. */
  async run(actors: readonly string[]): Promise<void> {
    for (const actor of actors) {
      this.#current = actor
      this.#peer.starts?.try(actor)
      this.#peer.signalled(actor, { kind: 'wake' })
      this.#peer.residents.get(actor)?.stand()
      await this.#untilSettled()
    }
    this.#current = undefined
    this.#peer.starts?.try(undefined)
  }

  /** Called when the thread has done what it could. */
  look(): void {
    const cell = this.#current === undefined ? undefined : this.#peer.residents.get(this.#current)
    if (cell === undefined || cell.settled) this.#settled?.()
    else if (cell.phase === 'turn') this.#soon?.()
  }

  /** All may run. */
  end(): void {
    for (const cell of this.#held) cell.stand()
    this.#held.clear()
  }

  async #untilSettled(): Promise<void> {
    const { clock } = this.#peer
    await new Promise<void>((resolve) => {
      let cancel = clock.alarm(clock.mono() + patience, resolve)
      this.#settled = () => {
        cancel()
        resolve()
      }
      this.#soon = () => {
        this.#soon = undefined
        cancel()
        cancel = clock.alarm(clock.mono() + shortPatience, resolve)
      }
    })
    this.#settled = undefined
    this.#soon = undefined
  }
}
