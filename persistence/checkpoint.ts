/**
 * A ledger as bytes: what boot starts from instead of folding the whole history (D7). Entries of 48
 * bytes, little endian, in chunks of whole entries, so that a store can write it between commits.
 *
 * Actor entries say where records end and are kept in the store's rows; the rest is waiting work.
 * ```
 *  0 u8 kind   1 u8 lane   2 u16 marks   4 u32 actor
 * actor     8 f64 head      16 f64 turn     24 f64 bytes to fold       32 f64 snapshot size
 * pending   8 f64 position  16 f64 home     24 u32 index  28 u32 name
 * stash     8 f64 position                  24 u32 index
 * timer     8 f64 due       16 f64 every    24 u32 id     28 u32 name  32 f64 position  40 u32 part
 * step      8 f64 position  16 f64 record   24 u32 index               32 f64 answer
 * subscription                              24 u32 pattern  28 u32 name
 * tick      8 f64 position                  24 u32 id
 * ```
 * A tick stands behind its timer, which is held until it is taken. Marks: for pending and stash those
 * of `pending.ts`; for a step 1 done, 2 ask.
 */
import type { ActorRow } from './actor-table.ts'
import { viewOf } from './directory.ts'
import type { Ledger } from './ledger.ts'
import { Mark } from './pending.ts'

const size = 48
const Kind = Object.freeze({
  actor: 1,
  pending: 2,
  stash: 3,
  timer: 4,
  step: 5,
  subscription: 6,
  tick: 7,
})
const StepMark = Object.freeze({ done: 1, ask: 2 })

interface Entry {
  readonly kind: number
  readonly actor: number
  readonly lane?: number
  readonly marks?: number
  readonly numbers: readonly [number, number, number]
  readonly index?: number
  readonly name?: number
  readonly part?: number
}

/**
 * The ledger in chunks; it must not change meanwhile.
 * @param entries most entries in a chunk
 */
export function* encodeCheckpoint(ledger: Ledger, entries = 1024): Generator<Uint8Array> {
  let chunk = new Uint8Array(entries * size)
  let used = 0
  for (const entry of entriesOf(ledger)) {
    if (used === chunk.length) {
      yield chunk
      chunk = new Uint8Array(entries * size)
      used = 0
    }
    write(viewOf(chunk), used, entry)
    used += size
  }
  if (used > 0) yield chunk.subarray(0, used)
}

/** Actor rows of a chunk. */
export function* rowsIn(chunk: Uint8Array): Generator<ActorRow> {
  const view = viewOf(chunk)
  for (let at = 0; at + size <= chunk.length; at += size) {
    if (view.getUint8(at) !== Kind.actor) continue
    yield {
      no: view.getUint32(at + 4, true),
      head: view.getFloat64(at + 8, true),
      turn: view.getFloat64(at + 16, true),
      bytes: view.getFloat64(at + 24, true),
      snapshotSize: view.getFloat64(at + 32, true),
    }
  }
}

/**
 * Fills an empty ledger from the chunks of one checkpoint, in order.
 * @param name text of a name number
 */
export function restoreCheckpoint(
  ledger: Ledger,
  position: number,
  chunks: Iterable<Uint8Array>,
  name: (no: number) => string,
): void {
  ledger.startAt(position)
  for (const chunk of chunks) {
    const view = viewOf(chunk)
    for (let at = 0; at + size <= chunk.length; at += size) restore(ledger, view, at, name)
  }
}

function* entriesOf(ledger: Ledger): Generator<Entry> {
  yield* actorEntries(ledger)
  yield* pendingEntries(ledger)
  yield* stashEntries(ledger)
  yield* otherEntries(ledger)
}

function* actorEntries(ledger: Ledger): Generator<Entry> {
  for (const { no, head, turn, bytes, snapshotSize } of ledger.dirtyRows()) {
    yield { kind: Kind.actor, actor: no, numbers: [head, turn, bytes], part: snapshotSize }
  }
}

function* pendingEntries({ actors, pending }: Ledger): Generator<Entry> {
  for (const row of actors.rows()) {
    for (let entry = pending.first(row); entry !== 0; entry = pending.next(entry)) {
      yield {
        kind: Kind.pending,
        actor: actors.no(row),
        lane: pending.lane(entry),
        marks: pending.marks(entry),
        numbers: [pending.position(entry), pending.home(entry), 0],
        index: pending.index(entry),
        name: pending.name(entry),
      }
    }
  }
}

function* stashEntries({ actors, stashes, pending }: Ledger): Generator<Entry> {
  for (const [row, entries] of stashes.all()) {
    for (const entry of entries) {
      const actor = actors.no(row)
      const numbers = [pending.position(entry), 0, 0] as const
      yield { kind: Kind.stash, actor, numbers, index: pending.index(entry) }
    }
  }
}

function* otherEntries({ timers, steps, subscriptions }: Ledger): Generator<Entry> {
  for (const { actor, lane, due, every, id, name, at } of timers.all()) {
    const numbers = [due, every, at.position] as const
    yield { kind: Kind.timer, actor, lane, numbers, index: id, name, part: at.index }
  }
  for (const [tick, { actor, id }] of timers.held()) {
    yield { kind: Kind.tick, actor, numbers: [tick, 0, 0], index: id }
  }
  for (const [actor, { message, position, done, answer }] of steps.all()) {
    const marks = (done ? StepMark.done : 0) | (steps.isAsk(position) ? StepMark.ask : 0)
    const numbers = [message.position, position, answer] as const
    yield { kind: Kind.step, actor, marks, numbers, index: message.index }
  }
  for (const { actor, lane, pattern, name } of subscriptions.all()) {
    yield { kind: Kind.subscription, actor, lane, numbers: [0, 0, 0], index: pattern, name }
  }
}

function write(view: DataView, at: number, entry: Entry): void {
  const [a, b, c] = entry.numbers
  view.setUint8(at, entry.kind)
  view.setUint8(at + 1, entry.lane ?? 0)
  view.setUint16(at + 2, entry.marks ?? 0, true)
  view.setUint32(at + 4, entry.actor, true)
  view.setFloat64(at + 8, a, true)
  view.setFloat64(at + 16, b, true)
  if (entry.kind === Kind.actor) {
    view.setFloat64(at + 24, c, true)
    view.setFloat64(at + 32, entry.part ?? 0, true)
    return
  }
  view.setUint32(at + 24, entry.index ?? 0, true)
  view.setUint32(at + 28, entry.name ?? 0, true)
  view.setFloat64(at + 32, c, true)
  view.setUint32(at + 40, entry.part ?? 0, true)
}

function restore(ledger: Ledger, view: DataView, at: number, name: (no: number) => string): void {
  const actor = view.getUint32(at + 4, true)
  const lane = view.getUint8(at + 1)
  const marks = view.getUint16(at + 2, true)
  const position = view.getFloat64(at + 8, true)
  const second = view.getFloat64(at + 16, true)
  const index = view.getUint32(at + 24, true)
  const number = view.getUint32(at + 28, true)
  const third = view.getFloat64(at + 32, true)
  switch (view.getUint8(at)) {
    case Kind.pending: {
      const row = ledger.actors.open(actor)
      const entry = ledger.pending.add(row, position, index, lane, marks & ~Mark.stashed)
      ledger.pending.setName(entry, number)
      if (second !== position) ledger.pending.setHome(entry, second)
      return
    }
    case Kind.stash:
      ledger.stashes.add(ledger.pending.find(ledger.actors.open(actor), position, index))
      return
    case Kind.timer: {
      const part = view.getUint32(at + 40, true)
      const set = { position: third, index: part }
      ledger.actors.open(actor)
      ledger.timers.set({
        actor,
        id: index,
        name: number,
        lane,
        due: position,
        every: second,
        at: set,
        slot: 0,
        shift: 0,
      })
      return
    }
    case Kind.tick: {
      const timer = ledger.timers.get(actor, index)
      if (timer !== undefined) ledger.timers.hold(timer, position)
      return
    }
    case Kind.step: {
      const done = (marks & StepMark.done) !== 0
      const step = { message: { position, index }, position: second, done, answer: third }
      ledger.steps.add(actor, step, (marks & StepMark.ask) !== 0)
      return
    }
    case Kind.subscription:
      ledger.actors.open(actor)
      ledger.subscriptions.add({ actor, pattern: index, name: number, lane }, name(index))
      return
  }
}
