/**
 * A read of a durable actor: it runs beside a turn, on the state as of the last ended one (T1), and
 * nobody hears its answer before what it saw is committed (D1).
 */
import { Count, pendingColumn } from '../../mailbox/accounting.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { Tally } from '../../mailbox/tally.ts'
import { Looks } from '../draft/look.ts'
import type { Inbox } from './inbox.ts'
import type { Pipeline } from './pipeline.ts'
import { type Reader, ReadTurn } from './read-turn.ts'

/** The actor that is looked at. */
interface Owner extends Reader {
  readonly state: unknown
  readonly pipeline: Pipeline
  readonly inbox: Inbox
  readonly tally: Tally
  stand(): void
}

export function readDurable(cell: Owner, envelope: Envelope): void {
  const looks = new Looks()
  const reading: ReadTurn = new ReadTurn(
    cell,
    envelope,
    () => looks.at(cell.state),
    (open) => cell.pipeline.gate(open, () => readAgain(cell, reading)),
  )
  reading.run()
}

/** It saw a turn that was undone. */
function readAgain(cell: Owner, reading: ReadTurn): void {
  cell.tally.move(Count.running, pendingColumn(reading.envelope.lane))
  cell.inbox.reads?.unshift(reading.envelope)
  cell.readOver(reading)
  cell.stand()
}
