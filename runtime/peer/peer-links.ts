/**
 * The links of one thread to all others: made when a thread joins, taken apart when one dies (F4).
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { typeOf } from '../../mailbox/address.ts'
import type { Envelope } from '../../mailbox/envelope.ts'
import type { LinkStart } from '../wire/host-control.ts'
import { Link } from '../wire/link.ts'
import { LinkCounts } from '../wire/link-counts.ts'
import type { FramePort, LinkOwner } from '../wire/link-owner.ts'
import { Parcel, type Posted } from '../wire/parcel.ts'
import type { Peer } from './peer.ts'
import { Standby } from './standby.ts'

interface Connected {
  readonly link: Link
  readonly sent: LinkCounts
}

export class PeerLinks {
  readonly #peer: Peer
  readonly #owner: LinkOwner
  readonly #types: readonly string[]
  readonly #connected = new Map<number, Connected>()

  constructor(peer: Peer, types: Iterable<string>) {
    this.#peer = peer
    this.#types = [...types]
    this.#owner = ownerOf(peer)
  }

  add({ slot, port, sent, received }: LinkStart): void {
    const counts = {
      sent: new LinkCounts(this.#types, sent),
      received: new LinkCounts(this.#types, received),
    }
    const link = new Link(slot, framesOf(port), this.#owner, counts)
    this.#connected.set(slot, { link, sent: counts.sent })
    const standby = this.#takeStandby(slot)
    this.#peer.links.set(slot, link)
    port.on('message', (posted: Posted) => link.receive(Parcel.opened(posted)))
    standby?.handOver(link)
    for (const pattern of this.#peer.topics.patterns) link.interest(pattern, true)
    // Before the other side may run: what waited for it comes before what the store shows it (T2).
    link.flush()
    // Whoever waits for calm may have waited for that alone.
    this.#peer.touched()
  }

  /**
   * The other thread died. What it still sent is taken in; asks fail; what was sent to it without
   * returned credit is a dead letter, header only: nobody can vouch for it (F4). Messages that it had
   * received are counted by it, as processed or as lost with it; only the others are counted here.
   */
  lose(slot: number): void {
    const connected = this.#connected.get(slot)
    if (connected === undefined) return
    connected.link.takeIn()
    this.#connected.delete(slot)
    this.#peer.links.delete(slot)
    this.#peer.topics.forget(slot)
    const { out, waiting } = connected.link.wreck()
    for (const envelope of waiting) {
      this.#peer.routing.waitIsOver(envelope)
      this.#peer.accounts.lost(envelope, true)
    }
    const unseen = new Map<string, number>()
    for (const { type, volatile } of connected.sent.inTransit()) unseen.set(type, volatile)
    this.#bury(
      out.filter((envelope) => !envelope.stored),
      unseen,
    )
  }

  /** Newest first: the last ones are those that never arrived. */
  #bury(out: readonly Envelope[], unseen: Map<string, number>): void {
    for (const envelope of out.toReversed()) {
      if (envelope.to === '') continue
      const type = typeOf(envelope.to)
      const left = unseen.get(type) ?? 0
      unseen.set(type, left - 1)
      this.#peer.accounts.lost(envelope, left > 0)
    }
  }

  /** A slot was given up: what waits for it goes to where its addresses live now. */
  retire(slot: number): void {
    this.#takeStandby(slot)?.release()
    this.#peer.touched()
  }

  #takeStandby(slot: number): Standby | undefined {
    const standby = this.#peer.links.get(slot)
    if (!(standby instanceof Standby)) return undefined
    this.#peer.links.delete(slot)
    return standby
  }

  close(): void {
    for (const link of this.#peer.links.values()) if (link instanceof Standby) link.close()
    for (const { link } of this.#connected.values()) link.close()
    this.#connected.clear()
  }
}

function framesOf(port: MessagePort): FramePort {
  return {
    post: (parcel) => port.postMessage(parcel.posted, parcel.transfer),
    next() {
      const found = receiveMessageOnPort(port)
      return found === undefined ? undefined : Parcel.opened(found.message as Posted)
    },
    close: () => port.close(),
  }
}

/** The thread as its links see it. */
function ownerOf(peer: Peer): LinkOwner {
  const { routing, residents, topics } = peer
  return {
    get coarse() {
      return peer.coarse
    },
    arrived: (envelope) => routing.arrived(envelope),
    signalled: (to, signal) => peer.signalled(to, signal),
    fanOut: (envelope, position) => peer.fanOut(envelope, position),
    interested: (slot, pattern, wanted) => topics.remote(slot, pattern, wanted),
    takenBack: (to, a, b) => residents.get(to)?.giveUp(a, b),
    waitIsOver: (envelope) => routing.waitIsOver(envelope),
    gaveUpWaiting: (envelope) => routing.gaveUpWaiting(envelope),
    touched: () => peer.touched(),
  }
}
