/**
 * Typed, serialisable addresses. A ref's methods are generated from its contract, so that editors
 * and the REPL complete them and go-to-definition lands on the contract.
 *
 * A ref knows where (its address) and through whom (its port): the running turn, or the world
 * outside. Sent in a payload or kept in a state it becomes its plain address; bind it again with
 * `ctx.ref(Contract, address)`.
 */
import type { Address } from '../mailbox/address.ts'
import type { UserLane } from '../mailbox/lane.ts'
import type { TellOutcome } from '../mailbox/outcome.ts'
import { PLAIN } from '../persistence/encodable.ts'
import type { AnyMessage, ItemOf, Messages, ReplyOf, SentOf } from './message.ts'

/** The last argument of every send. */
export interface MessageOptions {
  /** Default `normal`. */
  readonly lane?: UserLane
  /** An integer instead of a lane: 10 and more is control, 1 to 9 high, 0 normal, negative low. */
  readonly priority?: number
  /** Milliseconds from now until the message is worthless; an ask defaults to 60,000. */
  readonly within?: number
  /** Gives up: a waiting message is taken back, a running turn sees `ctx.signal` abort. */
  readonly signal?: AbortSignal
  /**
   * The caller's own id. To a durable actor, retries with the same id are processed once and get the
   * same reply (24 h); for a volatile one it only names the message, for logs and `interrupt`.
   */
  readonly id?: string
  /** W3C `traceparent`, carried along. */
  readonly trace?: string
}

type Call<Payload, Result> = [Payload] extends [void]
  ? (payload?: undefined, options?: MessageOptions) => Result
  : (payload: Payload, options?: MessageOptions) => Result

/** `ref.tell`: answers at once, in memory at most once; inside a durable turn, with its commit. */
export type Tell<M extends Messages> = {
  readonly [K in keyof M]: Call<SentOf<M[K]>, TellOutcome>
}
/** `ref.deliver`: resolves when acknowledged; a durable actor will then process it exactly once. */
export type Deliver<M extends Messages> = {
  readonly [K in keyof M]: Call<SentOf<M[K]>, Promise<void>>
}
/** `ref.ask`: resolves to the reply, after the turn that made it is committed. */
export type Ask<M extends Messages> = {
  readonly [K in keyof M]: Call<SentOf<M[K]>, Promise<ReplyOf<M[K]>>>
}
/** `ref.stream`: items as they come; `break` cancels, the generator's return value is the reply. */
export type Stream<M extends Messages> = {
  readonly [K in keyof M as ItemOf<M[K]> extends never ? never : K]: Call<
    SentOf<M[K]>,
    ReplyStream<ItemOf<M[K]>, ReplyOf<M[K]>>
  >
}

/**
 * What `ref.stream` returns: iterate for the items, await `reply` for the end. The producer is never
 * far ahead of its reader, so read to the end, `break`, or `cancel()`: a turn waits for a stream that
 * it began to read (T6), and one that it did not is cancelled when its handler ends.
 */
export interface ReplyStream<Item, Reply> extends AsyncIterable<Item, Reply> {
  /** The end: resolves after the last item, rejects when the stream broke or was cancelled. */
  readonly reply: Promise<Reply>
  /** Stops the stream from this side; what was not consumed is dropped. */
  cancel(): void
}

/** A typed address bound to a sender. Plain data as far as payloads and states are concerned. */
export interface Ref<M extends Messages> extends Address {
  readonly tell: Tell<M>
  readonly deliver: Deliver<M>
  readonly ask: Ask<M>
  readonly stream: Stream<M>
}

/** Any ref, as a port sees it. */
export interface Target extends Address {
  /** `type/key`. */
  readonly id: string
}

/** How a ref sends: implemented by each kind of turn, and by the outside. */
export interface SendPort {
  tell(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): TellOutcome
  deliver(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<void>
  ask(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): Promise<unknown>
  stream(
    to: Target,
    name: string,
    spec: AnyMessage,
    payload: unknown,
    options?: MessageOptions,
  ): ReplyStream<unknown, unknown>
}

/** Makes refs of one contract. */
export type RefClass<M extends Messages> = new (key: string, port: SendPort) => Ref<M> & Target

type Verb = 'tell' | 'deliver' | 'ask' | 'stream'

/** One send method for each message, on a prototype shared by all refs of the contract. */
function makeVerbClass(verb: Verb, messages: Messages): new (ref: BoundRef) => object {
  class Verbs {
    readonly #ref: BoundRef
    constructor(ref: BoundRef) {
      this.#ref = ref
    }
    static {
      for (const [name, spec] of Object.entries(messages)) {
        if (verb === 'stream' && spec.kind !== 'stream') continue
        Object.defineProperty(Verbs.prototype, name, {
          enumerable: true,
          value(this: Verbs, payload: unknown, options?: MessageOptions) {
            return this.#ref.port[verb](this.#ref, name, spec, payload, options)
          },
        })
      }
    }
  }
  return Verbs
}

abstract class BoundRef implements Target {
  abstract readonly type: string
  readonly key: string
  readonly id: string
  readonly port: SendPort

  constructor(type: string, key: string, port: SendPort) {
    this.key = key
    this.id = `${type}/${key}`
    this.port = port
  }

  /** What a payload, a state or a log sees of a ref (T5). */
  [PLAIN](): Address {
    return { type: this.type, key: this.key }
  }

  toJSON(): Address {
    return this[PLAIN]()
  }
}

/** Generates the ref class of a contract. */
export function makeRefClass<M extends Messages>(type: string, messages: M): RefClass<M> {
  const TellVerbs = makeVerbClass('tell', messages)
  const DeliverVerbs = makeVerbClass('deliver', messages)
  const AskVerbs = makeVerbClass('ask', messages)
  const StreamVerbs = makeVerbClass('stream', messages)

  class ContractRef extends BoundRef {
    #tell: object | undefined
    constructor(key: string, port: SendPort) {
      super(type, key, port)
    }
    get type(): string {
      return type
    }
    get tell(): object {
      this.#tell ??= new TellVerbs(this)
      return this.#tell
    }
    get deliver(): object {
      return new DeliverVerbs(this)
    }
    get ask(): object {
      return new AskVerbs(this)
    }
    get stream(): object {
      return new StreamVerbs(this)
    }
  }
  // The class is built from the contract's names at run time; its type is the mapped one.
  return ContractRef as unknown as RefClass<M>
}
