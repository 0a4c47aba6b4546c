/**
 * A thread's end of its connection to the store: questions with answers, frames with acks. It is
 * the same whether the store runs on a thread of its own or on this one.
 */

import { decodeError } from '../../actors/cell/error-data.ts'
import type { Frame } from '../../persistence/segment.ts'
import type { Ack } from '../../persistence/store.ts'
import type {
  FromStore,
  Question,
  Questions,
  ToStore,
  UpkeepFailure,
  Wire,
} from '../store/protocol.ts'

/** What the store says without being asked. */
export interface StoreListener {
  acked(ack: Ack): void
  /** Frames after `seq` never happened. */
  lost(seq: number): void
  /** @param position of the last of the records that say so */
  arrived(actors: readonly string[], position: number): void
  state(stalled: boolean, error: unknown): void
  /** Snapshots, checkpoints or retention fail, or do so no more. */
  upkeep?(failed: UpkeepFailure | undefined): void
  /** Fold what is due (archivist only). */
  archive?(checkpoint: boolean): void
}

interface Waiting {
  readonly question: Question
  readonly ask: unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

export class StoreClient {
  readonly #wire: Wire<ToStore>
  readonly #waiting = new Map<number, Waiting>()
  #listener: StoreListener | undefined
  #ids = 0

  constructor(wire: Wire<ToStore>) {
    this.#wire = wire
  }

  listen(listener: StoreListener): void {
    this.#listener = listener
  }

  commit(frame: Frame): void {
    const { directory, body } = frame
    this.#wire.post({ kind: 'frame', frame }, [
      directory.buffer as ArrayBuffer,
      body.buffer as ArrayBuffer,
    ])
  }

  resumed(): void {
    this.#wire.post({ kind: 'resumed' })
  }

  archived(failed?: UpkeepFailure): void {
    this.#wire.post({ kind: 'archived', ...(failed && { failed }) })
  }

  ask<Q extends Question>(question: Q, ask: Questions[Q]['ask']): Promise<Questions[Q]['answer']> {
    this.#ids += 1
    const id = this.#ids
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { question, ask, resolve: resolve as Waiting['resolve'], reject })
      this.#wire.post({ kind: 'ask', id, question, with: ask })
    })
  }

  /** Asks every open question again: the thread that was asked has died. */
  again(): void {
    for (const [id, { question, ask }] of this.#waiting) {
      this.#wire.post({ kind: 'ask', id, question, with: ask })
    }
  }

  /** Fails every open question: the store is gone. */
  closed(error: unknown): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  receive(message: FromStore): void {
    switch (message.kind) {
      case 'ack':
        return this.#listener?.acked(message.ack)
      case 'lost':
        return this.#listener?.lost(message.seq)
      case 'arrived':
        return this.#listener?.arrived(message.actors, message.position)
      case 'state':
        return this.#listener?.state(message.stalled, message.error)
      case 'upkeep':
        return this.#listener?.upkeep?.(message.failed)
      case 'archive':
        return this.#listener?.archive?.(message.checkpoint)
      case 'answer':
        return this.#take(message.id)?.resolve(message.value)
      case 'refusal':
        return this.#take(message.id)?.reject(decodeError(message.error))
      default:
        message satisfies never
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }
}
