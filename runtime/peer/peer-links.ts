/**
 * The links of one thread to all others: made when a thread joins, taken apart when one dies (F4).
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { LinkStart, Uncredited } from '../wire/host-control.ts'
import { Link } from '../wire/link.ts'
import { LinkCounts } from '../wire/link-counts.ts'
import { type Peer, typeOf } from './peer.ts'

interface Connected {
  readonly link: Link
  readonly port: MessagePort
  readonly sent: LinkCounts
}

export class PeerLinks {
  readonly #peer: Peer
  readonly #types: readonly string[]
  readonly #connected = new Map<number, Connected>()

  constructor(peer: Peer, types: Iterable<string>) {
    this.#peer = peer
    this.#types = [...types]
  }

  add({ slot, port, sent, received }: LinkStart): void {
    const counts = {
      sent: new LinkCounts(this.#types, sent),
      received: new LinkCounts(this.#types, received),
    }
    const link = new Link(slot, port, this.#peer, counts)
    this.#connected.set(slot, { link, port, sent: counts.sent })
    this.#peer.links.set(slot, link)
    port.on('message', (frame: Uint8Array<ArrayBuffer>) => link.receive(frame))
    for (const pattern of this.#peer.topics.patterns) link.interest(pattern, true)
    this.#peer.touched()
  }

  /**
   * The other thread died. What it still sent is taken in; what was sent to it and never arrived is
   * a dead letter, header only; asks fail. Messages that it had received count as lost with it.
   */
  lose(slot: number): Uncredited {
    const connected = this.#connected.get(slot)
    if (connected === undefined) return {}
    this.#drain(connected)
    this.#connected.delete(slot)
    this.#peer.links.delete(slot)
    this.#peer.topics.forget(slot)
    const { out } = connected.link.wreck()
    const unseen = new Map<string, number>()
    for (const { type, volatile } of connected.sent.inTransit()) unseen.set(type, volatile)
    return this.#bury(
      out.filter((envelope) => !envelope.stored),
      unseen,
    )
  }

  /** Newest first: the last ones are those that never arrived. */
  #bury(out: readonly Envelope[], unseen: Map<string, number>): Uncredited {
    const uncredited: Record<string, number> = {}
    for (const envelope of out.toReversed()) {
      if (envelope.to === '') continue
      const type = typeOf(envelope.to)
      const left = unseen.get(type) ?? 0
      if (left > 0) unseen.set(type, left - 1)
      else uncredited[type] = (uncredited[type] ?? 0) + 1
      this.#peer.lost(envelope)
    }
    return uncredited
  }

  #drain({ port, link }: Connected): void {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
      link.receive(next.message as Uint8Array<ArrayBuffer>)
    }
  }

  close(): void {
    for (const { link } of this.#connected.values()) link.close()
    this.#connected.clear()
  }
}
