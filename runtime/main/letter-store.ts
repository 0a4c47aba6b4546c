/**
 * Dead letters in the store: kept by the record that gave a message up, or by one of their own, and
 * sent again by a record that says so, so that both survive a restart.
 */

import { payloadVersion } from '../../actors/cell/present.ts'
import {
  fanOut,
  releaseMessage,
  type StagedMessage,
  stage,
  writeMessage,
} from '../../actors/cell/staged.ts'
import { typeOf } from '../../mailbox/address.ts'
import { type EarlierLife, Envelope } from '../../mailbox/envelope.ts'
import type { MessageId } from '../../mailbox/message-id.ts'
import { encodeValue } from '../../persistence/codec.ts'
import { PartFlag, RecordKind } from '../../persistence/record.ts'
import type { JournalClient } from '../peer/journal.ts'
import type { Peer } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { LetterData } from '../wire/host-control.ts'
import { LetterReader, sourceOf } from './letter-reader.ts'
import { LetterSteps } from './letter-steps.ts'

export class LetterStore {
  /** All that it keeps. */
  readonly letters: LetterReader
  readonly #peer: Peer
  readonly #journal: JournalClient
  readonly #steps: LetterSteps
  /** One after the other, in the order of the calls. */
  #replays: Promise<void> = Promise.resolve()

  constructor(peer: Peer, journal: JournalClient, client: StoreClient) {
    this.#peer = peer
    this.#journal = journal
    const source = sourceOf(client)
    this.letters = new LetterReader(source)
    this.#steps = new LetterSteps(source)
  }

  /**
   * Writes a letter that no record keeps yet. Best effort: a dead letter must not hold anything up.
   * @param kept told where it is
   */
  write(data: LetterData, kept: (position: number) => void): void {
    const { builder, hasCredit } = this.#journal
    if (!hasCredit) return
    builder.record({
      kind: RecordKind.deadLetter,
      time: Math.floor(data.at),
      name: data.reason,
      ...(data.error && { error: encodeValue(data.error) }),
    })
    builder.message({
      to: data.to,
      from: data.from,
      name: data.name,
      lane: data.lane,
      flags: data.payload === undefined ? PartFlag.headerOnly : 0,
      version: data.version ?? payloadVersion(this.#peer.definition(typeOf(data.to)), data),
      header: encodeValue({
        id: data.id,
        ...(data.tick && { tick: data.tick }),
        ...(data.topic !== undefined && { topic: data.topic }),
      }),
      ...(data.payload && { payload: data.payload }),
    })
    this.#journal.append({ committed: kept, undone: () => undefined })
  }

  /**
   * Sends a letter again with the commit that says so, together with the steps that its message recorded:
   * what was paid for is not paid again (D2).
   * @param position of the record that keeps the letter
   * @param id text of the identity that its message had
   * @param failed told when the store cannot be read: nothing was sent
   */
  replay(
    position: number,
    id: MessageId,
    envelope: Envelope,
    failed: (error: unknown) => void,
  ): void {
    this.#replays = this.#replays.then(async () => {
      try {
        const earlier = await this.#steps.of(position, id)
        const message = stage(
          this.#peer,
          earlier === undefined ? envelope : again(envelope, earlier),
        )
        this.#journal.admit(() => this.#replayNow(position, message))
      } catch (error) {
        failed(error)
      }
    })
    this.#journal.prepare(this.#replays)
  }

  #replayNow(position: number, message: StagedMessage): void {
    const time = Math.floor(this.#peer.clock.wall())
    const { builder } = this.#journal
    builder.record({ kind: RecordKind.replayed, time, message: { position, index: 0 } })
    writeMessage(builder, message)
    this.#journal.append({
      committed: (at, ack) => {
        releaseMessage(this.#peer, message, at, 0)
        fanOut(this.#peer, ack, at)
      },
      // Lost with a failed commit: nobody has it, so it is said again (D5).
      undone: () => this.#replayNow(position, message),
    })
  }
}

function again(envelope: Envelope, earlier: EarlierLife): Envelope {
  const { to, from, name, payload, lane, a, b, header } = envelope
  return new Envelope(to, from, name, payload, lane, a, b, 0, 0, { ...header, earlier })
}
