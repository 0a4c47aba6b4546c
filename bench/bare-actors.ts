/**
 * The least that any delivery to an actor has to do, and nothing that a runtime promises: an object for
 * each message, a mailbox of four lanes, a place in a run queue, at most sixteen messages in a go, a call.
 */
import { Ring } from '../mailbox/ring.ts'

interface BareMessage {
  readonly name: string
  readonly payload: number
}

const lanes = 4
const normal = 2
const mostInOneGo = 16

class BareActor {
  readonly state = { seen: 0 }
  readonly mailbox = Array.from({ length: lanes }, () => new Ring<BareMessage>())
  isQueued = false

  take(): BareMessage | undefined {
    for (const lane of this.mailbox) if (lane.length > 0) return lane.shift()
    return undefined
  }
}

type Handler = (state: { seen: number }, payload: number) => void

export class BareActors {
  readonly #actors: readonly BareActor[]
  readonly #queue = new Ring<BareActor>()
  readonly #handlers: ReadonlyMap<string, Handler>

  constructor(count: number, handlers: Readonly<Record<string, Handler>>) {
    this.#actors = Array.from({ length: count }, () => new BareActor())
    this.#handlers = new Map(Object.entries(handlers))
  }

  /** A message to each. */
  publish(name: string, payload: number): void {
    for (const actor of this.#actors) {
      actor.mailbox[normal]?.push({ name, payload })
      this.#enqueue(actor)
    }
  }

  /** Runs until nothing is left; says how much all have seen. */
  run(): number {
    for (let actor = this.#queue.shift(); actor !== undefined; actor = this.#queue.shift()) {
      actor.isQueued = false
      this.#go(actor)
    }
    return this.#actors.reduce((total, { state }) => total + state.seen, 0)
  }

  #go(actor: BareActor): void {
    for (let left = mostInOneGo; left > 0; left -= 1) {
      const message = actor.take()
      if (message === undefined) return
      this.#handlers.get(message.name)?.(actor.state, message.payload)
    }
    this.#enqueue(actor)
  }

  #enqueue(actor: BareActor): void {
    if (actor.isQueued) return
    actor.isQueued = true
    this.#queue.push(actor)
  }
}
