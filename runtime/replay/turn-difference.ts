/**
 * What a turn did now against what it did when it was recorded (R2): state, outbox, timers, reply, error.
 *
 * Stacks are no part of it, nor are the times that only say how long something took.
 */
import { decodeInputs } from '../../actors/cell/turn-inputs.ts'
import { decodeValue } from '../../persistence/codec.ts'
import { PartFlag, PartKind, RecordFlag } from '../../persistence/record.ts'
import { type Difference, differences } from '../../persistence/replay/differences.ts'
import { withoutStacks } from '../../persistence/replay/without-stacks.ts'
import type { StoredMessage, StoredPart, StoredRecord } from '../../persistence/stored.ts'

/** The first place where a turn that was run again differs. */
export interface TurnDifference {
  /** Which part of what a turn says. */
  readonly what: keyof ReturnType<typeof told>
  /** Where in it; empty for the whole. */
  readonly path: string
  /** Absent: there was no such place. */
  readonly recorded?: { readonly value: unknown }
  readonly rerun?: { readonly value: unknown }
}

/** @returns undefined when both say the same */
export function firstDifference(
  recorded: StoredRecord,
  rerun: StoredRecord,
): TurnDifference | undefined {
  const before = told(recorded)
  const after = told(rerun)
  for (const what of Object.keys(before) as (keyof typeof before)[]) {
    const first = differenceOf(before[what], after[what])
    if (first !== undefined) return { what, ...sides(first) }
  }
  return undefined
}

/** Stacks are looked for only where something differs. */
function differenceOf(before: unknown, after: unknown): Difference | undefined {
  const [first] = differences(before, after)
  return first && differences(withoutStacks(before), withoutStacks(after)).next().value
}

function sides({ path, before, after }: Difference): Omit<TurnDifference, 'what'> {
  return {
    path,
    ...(before !== undefined && { recorded: before }),
    ...(after !== undefined && { rerun: after }),
  }
}

/** Everything a turn says, decoded, in the order in which a reader wants to hear of it. */
function told(record: StoredRecord) {
  return {
    error: value(record.error),
    state: value(record.state),
    patch: value(record.patch),
    outbox: record.parts.flatMap(sent),
    timers: record.parts.flatMap(timer),
    subscriptions: record.parts.flatMap(subscription),
    reply: record.parts.flatMap(reply),
    steps: decodeInputs(record.inputs).settled,
    book: value(record.meta),
    stash: {
      stashes: (record.flags & RecordFlag.stash) !== 0,
      unstashes: (record.flags & RecordFlag.unstash) !== 0,
    },
  }
}

function value(bytes: Uint8Array | undefined): unknown {
  return bytes === undefined ? undefined : decodeValue(bytes)
}

/** What it was handed, and what the store drops when it has no use for it. */
const silent = PartFlag.inline | PartFlag.ifEnded

function sent(part: StoredPart): object[] {
  if (part.kind !== PartKind.message || (part.message.flags & silent) !== 0) return []
  return [sentMessage(part.message)]
}

function sentMessage(message: StoredMessage): object {
  const { to, name, topic, lane, ownId, deadline, header, payload } = message
  return {
    to: topic ?? to,
    name,
    lane,
    payload: value(payload),
    ...(topic !== undefined && { topic }),
    ...(ownId !== undefined && { id: ownId }),
    ...(deadline !== 0 && { expires: true }),
    ...(header !== undefined && { header: decodeValue(header) }),
  }
}

function timer(part: StoredPart): object[] {
  if (part.kind === PartKind.timerCancelled) return [{ id: part.id, cancelled: true }]
  if (part.kind !== PartKind.timerSet) return []
  const { id, name, lane, due, every, payload } = part
  return [{ id, name, lane, due, every, payload: value(payload) }]
}

function subscription(part: StoredPart): object[] {
  if (part.kind === PartKind.unsubscribed) return [{ pattern: part.pattern, ends: true }]
  if (part.kind !== PartKind.subscribed) return []
  return [{ pattern: part.pattern, name: part.name, lane: part.lane }]
}

function reply(part: StoredPart): object[] {
  if (part.kind !== PartKind.reply) return []
  const answer = decodeValue(part.value)
  return [part.failed ? { failed: true, error: answer } : { answer }]
}
