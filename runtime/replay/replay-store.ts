/**
 * The store that replayed turns see: it answers an activation with the actor as it was before a recorded
 * turn, and keeps the records that the turn writes instead of committing them.
 */
import { readRecord } from '../../persistence/decode.ts'
import { type Place, placesIn } from '../../persistence/places.ts'
import { RecordKind } from '../../persistence/record.ts'
import type { Frame } from '../../persistence/segment.ts'
import type { Ack } from '../../persistence/store.ts'
import type { LoadedActor, StoredRecord } from '../../persistence/stored.ts'
import type { FromStore, ToStore, Wire } from '../store/protocol.ts'

export class ReplayStore implements Wire<ToStore> {
  /** What the next activation finds. */
  loaded: LoadedActor | undefined
  readonly #receive: (message: FromStore) => void
  readonly #written: (record: StoredRecord) => void

  constructor(receive: (message: FromStore) => void, written: (record: StoredRecord) => void) {
    this.#receive = receive
    this.#written = written
  }

  post(message: ToStore): void {
    if (message.kind === 'frame') return this.#take(message.frame)
    if (message.kind === 'ask' && message.question === 'loadMany') {
      const { id } = message
      queueMicrotask(() => this.#receive({ kind: 'answer', id, value: [this.loaded] }))
    }
    // Anything else asks about other actors, who do not answer here.
  }

  #take(frame: Frame): void {
    const records = recordsIn(frame)
    for (const record of records) this.#written(record)
    // A live call never gets the commit that it waits for (R1).
    if (records.every(({ kind }) => kind !== RecordKind.stepBegun)) {
      queueMicrotask(() => this.#receive({ kind: 'ack', ack: committed(frame) }))
    }
  }
}

function recordsIn(frame: Frame): StoredRecord[] {
  const { strings, slot, epoch, seq, count, directory, body } = frame
  const text = (no: number): string => (no === 0 ? '' : (strings[no - 1] ?? ''))
  const texts = { address: text, name: text }
  const segment = { position: 1, count, slot, epoch, seq, time: 0, directory, body }
  return [...placesIn(segment)].map((place: Place) => readRecord(place, texts) as StoredRecord)
}

function committed({ slot, epoch, seq, count }: Frame): Ack {
  return {
    slot,
    epoch,
    seq,
    status: 'committed',
    base: 1,
    count,
    refused: [],
    settled: [],
    published: [],
    dropped: [],
  }
}
