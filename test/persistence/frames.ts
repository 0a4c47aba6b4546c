/** Short ways to say records in tests. Values are texts, so that a failure reads well. */
import { type MessageRef, PartFlag, RecordFlag, RecordKind } from '../../persistence/record.ts'
import { type Frame, SegmentBuilder } from '../../persistence/segment.ts'
import type { Ack, Store } from '../../persistence/store.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function bytes(text: string): Uint8Array {
  return encoder.encode(text)
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value && decoder.decode(value)
}

/** A client of a store: builds frames, commits them, remembers turns. */
export class Writer {
  readonly store: Store
  readonly slot: number
  readonly epoch: number
  readonly turns = new Map<string, number>()
  build: SegmentBuilder

  constructor(store: Store, slot = 1) {
    this.store = store
    this.slot = slot
    this.epoch = store.beginEpoch(slot)
    this.build = new SegmentBuilder(slot, this.epoch)
  }

  /** Continues after a reopened store's tail. */
  resume(): void {
    const tail = this.store.reopen().clients.find(({ slot }) => slot === this.slot)
    this.build = new SegmentBuilder(this.slot, this.epoch, (tail?.seq ?? 0) + 1)
  }

  /** Accepts a message from outside. */
  accept(
    to: string,
    payload: string,
    more: { ownId?: string; lane?: number; flags?: number } = {},
  ) {
    const record = this.build.record({ kind: RecordKind.accept, time: 1000 })
    this.build.message({
      to,
      name: 'add',
      lane: 3,
      payload: bytes(payload),
      ...more,
      flags: PartFlag.durable | (more.flags ?? 0),
    })
    return record
  }

  /** A turn that consumes a stored message. */
  turn(actor: string, message: MessageRef, patch: string, flags = 0) {
    const turn = (this.turns.get(actor) ?? 0) + 1
    this.turns.set(actor, turn)
    return this.build.record({
      kind: RecordKind.turn,
      time: 2000,
      actor,
      turn,
      version: 1,
      message,
      name: 'add',
      lane: 3,
      patch: bytes(patch),
      flags,
    })
  }

  /** A turn whose message was only in memory. */
  inlineTurn(actor: string, message: MessageRef, patch: string, flags = 0) {
    const record = this.turn(actor, message, patch, flags)
    this.inline(actor, `payload of ${message.position}.${message.index}`)
    return record
  }

  inline(to: string, payload: string) {
    const flags = PartFlag.inline | PartFlag.durable
    this.build.message({ to, name: 'add', lane: 3, flags, payload: bytes(payload) })
  }

  send(to: string, payload: string, flags: number = PartFlag.durable, from = '') {
    return this.build.message({ to, from, name: 'add', lane: 3, flags, payload: bytes(payload) })
  }

  frame(): Frame {
    return this.build.take()
  }

  commit(): Ack {
    const [ack] = this.store.commit([this.frame()])
    if (ack === undefined) throw new Error('no ack')
    return ack
  }
}

export { PartFlag, RecordFlag, RecordKind }
