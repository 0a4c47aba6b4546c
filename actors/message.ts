/**
 * A message of a contract: its payload and reply types, or the schemas they come from.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../mailbox/errors.ts'
import { anObject, checkOptions } from '../mailbox/options.ts'
import type { EncodableOf } from '../persistence/encodable-types.ts'
import { checkVersions, firstVersion, type Migration, type Versions } from './versions.ts'

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
  /** Of the payload: what a store holds of older ones is brought to it (D9). */
  readonly versions: Versions
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

/** The versions of a payload (D9). */
export interface MessageVersions {
  /** Version of the payload as its handler gets it, raised when its shape changes. Default 1. */
  readonly version?: number
  /**
   * From each older version that a store may hold to the next; pure, without a gap up to `version`:
   * `{ 1: (old: { cents: number }) => ({ amount: old.cents / 100 }) }`.
   */
  readonly migrate?: Readonly<Record<number, Migration>>
}

interface NoSchemas {
  readonly input?: never
  readonly output?: never
}

interface Schemas extends MessageVersions {
  readonly input?: StandardSchemaV1
  readonly output?: StandardSchemaV1
}

/**
 * Declares a message: `message<{ amount: number }, number>()`, or with any Standard Schema library
 * `message({ input: schema, output: schema })`. Without a reply type an ask resolves to undefined.
 * When the payload changes its shape: `message<New, number>({ version: 2, migrate: { 1: (old: Old) => ... } })`.
 */
export function message<
  Payload extends EncodableOf<Payload> = void,
  Reply extends EncodableOf<Reply> = void,
>(versions?: MessageVersions & NoSchemas): Message<Payload, Payload, Reply>
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
>(versions?: MessageVersions & NoSchemas): Message<Payload, Payload, Reply, Item>
export function stream<Item, const S extends Schemas>(
  schemas: S,
): Message<In<S['input']>, Out<S['input']>, Out<S['output']>, Item>
export function stream(schemas?: Schemas): AnyMessage {
  return declare('stream', schemas)
}

function declare(kind: AnyMessage['kind'], declared: Schemas = {}): AnyMessage {
  checkOptions(kind, declared, {
    input: () => undefined,
    output: () => undefined,
    version: () => undefined,
    migrate: anObject,
  })
  const { input, output, version, migrate } = declared
  checkSchema('input', input)
  checkSchema('output', output)
  return Object.freeze({
    kind,
    ...(input && { input }),
    ...(output && { output }),
    versions:
      version === undefined && migrate === undefined
        ? firstVersion
        : checkVersions(kind, version, migrate),
  })
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
