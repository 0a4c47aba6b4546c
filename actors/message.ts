/**
 * A message of a contract: its payload and reply types, or the schemas they come from.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../mailbox/errors.ts'
import { checkOptions } from '../mailbox/options.ts'
import type { EncodableOf } from '../persistence/encodable-types.ts'

declare const types: unique symbol

/**
 * What every message has at run time. It says nothing of types on purpose: as the bound of a
 * contract's entries it must not lend `message()` any types to infer.
 */
export interface AnyMessage {
  readonly kind: 'message' | 'stream'
  /** Checks and may transform the payload before it is sent. */
  readonly input?: StandardSchemaV1
  /** Checks the reply before it leaves the actor. */
  readonly output?: StandardSchemaV1
}

/** The messages of a contract by name. */
export type Messages = Readonly<Record<string, AnyMessage>>

/**
 * One entry of a contract.
 *
 * @typeParam Sent what a caller passes (before a schema transforms it)
 * @typeParam Received what the handler gets
 * @typeParam Reply what an ask resolves to, and a stream returns at its end
 * @typeParam Item what a stream yields; `never` for a plain message
 */
export interface Message<Sent = unknown, Received = Sent, Reply = unknown, Item = never>
  extends AnyMessage {
  /** Types only; never present at run time. */
  readonly [types]?: { sent: Sent; received: Received; reply: Reply; item: Item }
}

export type SentOf<M> = M extends Message<infer T, infer _R, infer _Y, infer _I> ? T : never
export type ReceivedOf<M> = M extends Message<infer _S, infer T, infer _Y, infer _I> ? T : never
export type ReplyOf<M> = M extends Message<infer _S, infer _R, infer T, infer _I> ? T : never
export type ItemOf<M> = M extends Message<infer _S, infer _R, infer _Y, infer T> ? T : never

type In<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : void
type Out<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : void

interface Schemas {
  readonly input?: StandardSchemaV1
  readonly output?: StandardSchemaV1
}

/**
 * Declares a message: `message<{ amount: number }, number>()`, or with any Standard Schema library
 * `message({ input: schema, output: schema })`. Without a reply type an ask resolves to undefined.
 */
export function message<
  Payload extends EncodableOf<Payload> = void,
  Reply extends EncodableOf<Reply> = void,
>(): Message<Payload, Payload, Reply>
export function message<const S extends Schemas>(
  schemas: S,
): Message<In<S['input']>, Out<S['input']>, Out<S['output']>>
export function message(schemas?: Schemas): AnyMessage {
  return declare('message', schemas)
}

/**
 * Declares a message answered by a stream of items and then a reply:
 * `stream<{ question: string }, Sentence, Summary>()`. Its handler is a generator.
 */
export function stream<
  Payload extends EncodableOf<Payload> = void,
  Item extends EncodableOf<Item> = never,
  Reply extends EncodableOf<Reply> = void,
>(): Message<Payload, Payload, Reply, Item>
export function stream<Item, const S extends Schemas>(
  schemas: S,
): Message<In<S['input']>, Out<S['input']>, Out<S['output']>, Item>
export function stream(schemas?: Schemas): AnyMessage {
  return declare('stream', schemas)
}

function declare(kind: AnyMessage['kind'], schemas: Schemas = {}): AnyMessage {
  checkOptions(kind, schemas, { input: () => undefined, output: () => undefined })
  checkSchema('input', schemas.input)
  checkSchema('output', schemas.output)
  return Object.freeze({ kind, ...schemas })
}

function checkSchema(name: string, schema: unknown): void {
  if (schema === undefined) return
  const standard = (schema as Partial<StandardSchemaV1> | null)?.['~standard']
  if (typeof standard?.validate === 'function') return
  throw new TroupeError(
    'CONTRACT_INVALID',
    `message: "${name}" must be a Standard Schema (zod 4, valibot, arktype ...), it has no "~standard"`,
  )
}
