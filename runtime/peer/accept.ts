/**
 * Messages that must be in the store before they go anywhere, and come from no durable turn: a
 * `deliver` or an ask with its own id from outside or from a volatile actor, and publishes.
 */

import type { CellHost, Journal } from '../../actors/cell/ports.ts'
import { fanOut, releaseMessage, stage, writeMessage } from '../../actors/cell/staged.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { RecordKind } from '../../persistence/record.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'

/** Resolves when the store has it; a duplicate of an own id is already there, which is as good. */
export function acceptInStore(host: CellHost, envelope: Envelope): Promise<void> {
  return new Promise((resolve, reject) => {
    append(host, envelope, (refusal) => {
      if (refusal === undefined || refusal.reason === 'duplicate') resolve()
      else reject(refusedError(envelope, refusal))
    })
  })
}

/** Records a published message, then fans it out. */
export function publishInStore(host: CellHost, envelope: Envelope): void {
  append(host, envelope, () => undefined)
}

/** A lost commit is tried again: nobody was told anything yet (D5). */
function append(
  host: CellHost,
  envelope: Envelope,
  done: (refusal: Refusal | undefined) => void,
): void {
  const journal = host.journal as Journal
  const message = stage(host, envelope)
  journal.builder.record({ kind: RecordKind.accept, time: Math.floor(host.clock.wall()) })
  writeMessage(journal.builder, message)
  journal.append({
    committed: (position: number, ack: Ack) => {
      releaseMessage(host, message, position, 0)
      fanOut(host, ack, position)
      done(undefined)
    },
    undone: (refusal) => {
      if (refusal === undefined) append(host, envelope, done)
      else done(refusal)
    },
  })
}

function refusedError(envelope: Envelope, refusal: Refusal): TroupeError {
  return new TroupeError(
    'STORE_STALLED',
    `the store refused "${envelope.name}" to ${envelope.to}: ${refusal.detail}`,
    { fields: { reason: refusal.reason } },
  )
}
