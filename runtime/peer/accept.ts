/**
 * Messages that must be in the store before they go anywhere, and come from no durable turn: a
 * `deliver` or an ask with its own id from outside or from a volatile actor, and publishes.
 */

import { terminationOf } from '../../actors/cell/durable-hooks.ts'
import type { CellHost, Journal } from '../../actors/cell/ports.ts'
import {
  fanOut,
  releaseMessage,
  type StagedMessage,
  stage,
  writeMessage,
} from '../../actors/cell/staged.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import type { Ack, Refusal } from '../../persistence/store.ts'

/**
 * Resolves when the store has it, with the position of the record that accepted it; a duplicate of an
 * own id is already there, which is as good. Waits for store credit (M5).
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE, STORE_STALLED
 */
export function acceptInStore(host: CellHost, envelope: Envelope): Promise<number> {
  return new Promise((resolve, reject) => {
    append(host, stage(host, envelope), (position, refusal) => {
      if (refusal === undefined) resolve(position)
      else if (refusal.reason === 'duplicate') resolve(refusal.position ?? 0)
      else reject(refusedError(envelope, refusal))
    })
  })
}

/**
 * Records a published message, then fans it out.
 * @throws NOT_ENCODABLE, PAYLOAD_TOO_LARGE
 */
export function publishInStore(host: CellHost, envelope: Envelope): void {
  append(host, stage(host, envelope), () => undefined)
}

/**
 * Records that an actor has ended, where no turn of its own says so: from then on each durable watcher
 * has its termination in the store (F6). Resolves when that is so.
 */
export function endInStore(host: CellHost, actor: string): Promise<void> {
  const ended = terminationOf({ host, causeA: 0, causeB: 0 }, actor, actor)
  return new Promise((resolve) => {
    append(host, stage(host, ended, PartFlag.end), () => resolve())
  })
}

type Done = (position: number, refusal: Refusal | undefined) => void

function append(host: CellHost, message: StagedMessage, done: Done): void {
  const journal = host.journal as Journal
  journal.admit(() => appendNow(host, journal, message, done))
}

function appendNow(host: CellHost, journal: Journal, message: StagedMessage, done: Done): void {
  journal.builder.record({ kind: RecordKind.accept, time: Math.floor(host.clock.wall()) })
  writeMessage(journal.builder, message)
  journal.append({
    committed: (position: number, ack: Ack) => {
      releaseMessage(host, message, position, 0)
      fanOut(host, ack, position)
      done(position, undefined)
    },
    // Lost with a failed commit, or refused in one whose answer was lost: nobody was told anything
    // yet, so it is tried again (D5).
    undone: (refusal) => {
      const isLost = refusal === undefined || refusal.reason === 'after-refused'
      if (isLost) appendNow(host, journal, message, done)
      else done(0, refusal)
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
