/** How a durable turn's steps become records (D2); the same rules as for the turn's own, `durable-record.ts`. */
import type { Envelope } from '../../mailbox/envelope.ts'
import { RecordFlag, RecordKind } from '../../persistence/record.ts'
import type { SegmentBuilder } from '../../persistence/segment.ts'
import { inlinePayload, type Recorded, subject, writeInline } from './durable-record.ts'
import type { DurableTurn } from './durable-turn.ts'
import { type StagedMessage, writeMessage } from './staged.ts'
import { type Step, stepSection } from './steps.ts'

/** Writes that a step is about to leave; from here on its turn's message is in the store (D2). */
export function writeStepBegun(
  builder: SegmentBuilder,
  cell: Recorded,
  turn: DurableTurn,
  step: Step,
  message: StagedMessage | undefined,
): void {
  const envelope = turn.envelope as Envelope
  const payload = inlinePayload(envelope)
  builder.record({
    kind: RecordKind.stepBegun,
    time: Math.floor(cell.host.clock.wall()),
    flags: cell.takeRebase(),
    ...subject(cell, envelope),
    name: step.name,
    step: stepSection(step, turn.steps),
  })
  writeInline(builder, cell, envelope, payload)
  if (message !== undefined) writeMessage(builder, message)
}

/** Writes how a step ended. */
export function writeStepDone(
  builder: SegmentBuilder,
  cell: Recorded,
  turn: DurableTurn,
  step: Step,
  outcome: { readonly result?: Uint8Array; readonly error?: Uint8Array },
): void {
  builder.record({
    kind: RecordKind.stepDone,
    time: Math.floor(cell.host.clock.wall()),
    flags: cell.takeRebase() | (outcome.error === undefined ? 0 : RecordFlag.failed),
    ...subject(cell, turn.envelope),
    name: step.name,
    step: stepSection(step, turn.steps),
    ...outcome,
  })
}
