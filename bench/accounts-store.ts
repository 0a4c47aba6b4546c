/** A store file of many accounts, each with a state and a few turns, made without a system. */
import { encodeValue } from '../persistence/codec.ts'
import { RecordKind } from '../persistence/record.ts'
import { SegmentBuilder } from '../persistence/segment.ts'
import { openSqliteStore } from '../persistence/sqlite/sqlite-store.ts'
import type { Store } from '../persistence/store.ts'

const turnsPerFrame = 256

/** One client's turns: sets a text in the state of one actor after the other. */
export class AccountTurns {
  readonly store: Store
  readonly #build: SegmentBuilder
  readonly #turns = new Map<string, number>()

  constructor(path: string) {
    this.store = openSqliteStore(path, { durability: 'relaxed' })
    this.#build = new SegmentBuilder(1, this.store.beginEpoch(1))
  }

  /** Turns of actors 0 to `actors` - 1, each with a text of so many bytes. */
  write(actors: number, bytes: number): void {
    const text = 'x'.repeat(bytes)
    for (let i = 0; i < actors; i += 1) {
      this.#turn(`account/${i}`, text)
      if (this.#build.count === turnsPerFrame) this.#commit()
    }
    this.#commit()
  }

  #turn(actor: string, text: string): void {
    const turn = (this.#turns.get(actor) ?? 0) + 1
    this.#turns.set(actor, turn)
    this.#build.record({
      kind: RecordKind.turn,
      time: 1,
      actor,
      turn,
      version: 1,
      name: 'set',
      ...(turn === 1
        ? { state: encodeValue({ turn, text }) }
        : { patch: encodeValue([1, ['turn', turn, 'text', text]]) }),
    })
  }

  #commit(): void {
    const count = this.#build.count
    if (count === 0) return
    const [ack] = this.store.commit([this.#build.take()])
    if (ack?.count !== count) throw new Error(`turns were refused: ${JSON.stringify(ack?.refused)}`)
  }
}
