/**
 * What a model may have done: a name, a description and a schema for it, and a function for us.
 *
 * Owns the definition and its checks. Does not call anything: `run-tool.ts` does, as a step of the
 * agent's turn (D2).
 *
 * A tool works in one of two ways. `execute` reaches outside and is one recorded step. `ask` sends
 * messages from the agent's turn: each ask is a step of its own, sent again under its own id after a
 * crash, given up with the turn, and found when it closes a ring (T4).
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Address } from '../../../mailbox/address.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import type { LaneName } from '../../../mailbox/lane.ts'
import {
  aBoolean,
  aDuration,
  aFunction,
  anInteger,
  anObject,
  aText,
  checkOptions,
} from '../../../mailbox/options.ts'
import type { ActorDefinition, Needs } from '../../actor.ts'
import type { Contract, Messages } from '../../contract.ts'
import type { Ref } from '../../ref.ts'
import type { Span } from '../../span.ts'
import type { OpenLease } from '../agent/budget.ts'
import type { ToolSpec } from '../model.ts'
import type { Json, ToolCallPart } from '../parts.ts'
import { inputSchemaOf } from './input-schema.ts'

/** What `execute` is told beside its input. */
export interface ToolCall<Deps = unknown> {
  /** The same for every attempt of this call: hand it to services that de-duplicate. */
  readonly key: string
  /** Aborted when the agent is interrupted, cancelled or killed, and when the timeout passes. */
  readonly signal: AbortSignal
  /** What the app's `deps` built for this host. */
  readonly deps: Deps
  /** Who calls. */
  readonly agent: Address
  /** Of the message in hand: how urgent, for gates. */
  readonly lane: LaneName
  /** Of this call, where its trace is recorded: its `traceparent` is for the service that is called. */
  readonly span?: Span | undefined
}

/** The agent's turn, as far as `ask` may use it. */
export interface ToolTurn<Deps = unknown> {
  readonly self: Address
  readonly signal: AbortSignal
  readonly deps: Deps
  /** A ref that sends from this turn. */
  ref<T extends Messages>(contract: Contract<T>, key: string | Address): Ref<T>
  /** Wall time in ms, recorded. */
  now(): number
  /** A share of what is left of the tree's budget, for an agent that is asked. */
  lease(): OpenLease
}

/** A call that a human must allow first. */
export interface ToolApproval<Input = unknown> {
  /** Ms until an unanswered request counts as refused; it is kept in the store (D8). */
  readonly within: number
  /** Which calls: default all. Looks at the input alone, since a retry must decide the same. */
  readonly when?: (input: Input) => boolean
}

/** A tool as an agent holds it; made by {@link tool}. */
export interface Tool<Deps = unknown> {
  /** What the model is told. */
  readonly spec: ToolSpec
  readonly input: StandardSchemaV1
  readonly output: StandardSchemaV1 | undefined
  readonly work: ToolWork<Deps>
  /** Whether this call may run twice under its key. */
  readonly idempotent: (input: unknown) => boolean
  readonly timeout: number
  readonly maxOutput: number
  readonly approval: ToolApproval | undefined
  readonly final: boolean
  /** The actor that it needs in the app, where it has one of its own. */
  readonly runsIn: ActorDefinition | undefined
}

/** How it works; both get the input as its schema made it. */
export type ToolWork<Deps> =
  | {
      readonly kind: 'execute'
      /** Its `execute`. */
      readonly run: (input: unknown, call: ToolCall<Deps>) => unknown
    }
  | {
      readonly kind: 'ask'
      /** Its `ask`. */
      readonly run: (input: unknown, turn: ToolTurn<Deps>, call: ToolCallPart) => unknown
    }

type InputOf<I extends StandardSchemaV1> = StandardSchemaV1.InferOutput<I>
type ResultOf<O> = O extends StandardSchemaV1 ? StandardSchemaV1.InferInput<O> : unknown

interface Parts<I extends StandardSchemaV1, O, Deps> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string
  /** For the model: what it does, when to use it, what it does not do. */
  readonly description: string
  /** Of an object. What does not fit is told to the model, and nothing runs. */
  readonly input: I
  /** The JSON Schema of `input`, where its library does not give one (Standard JSON Schema). */
  readonly inputSchema?: { readonly [key: string]: Json }
  /** What a result must be, before the model sees it. */
  readonly output?: O
  readonly needs?: Needs<Deps>
  /**
   * It may run twice under the same key: after a crash in the middle it then runs again (D2). A function
   * says it for one call, and looks at the input alone. Default false.
   */
  readonly idempotent?: boolean | ((input: InputOf<I>) => boolean)
  /** Most ms for one call. Default 60,000. */
  readonly timeout?: number
  /** Most bytes of a result as JSON; a longer one is an error that says so. Default 65,536. */
  readonly maxOutput?: number
  readonly approval?: ToolApproval<InputOf<I>>
  /** Its result is the agent's answer, and the model is not asked again: a hand-off. Default false. */
  readonly final?: boolean
}

/** What {@link tool} takes: one of `execute` and `ask`. */
export type ToolParts<I extends StandardSchemaV1, O, Deps> = Parts<I, O, Deps> &
  (
    | {
        /** Reaches outside; one recorded step. */
        readonly execute: (
          input: InputOf<I>,
          call: ToolCall<Deps>,
        ) => ResultOf<O> | Promise<ResultOf<O>>
        readonly ask?: never
      }
    | {
        /** Asks actors from the turn; each ask is a step. */
        readonly ask: (input: InputOf<I>, turn: ToolTurn<Deps>) => Promise<ResultOf<O>>
        readonly execute?: never
      }
  )

/**
 * Defines a tool. Its result becomes JSON, as the model reads it; what it throws is told to the model.
 *
 * @throws OPTION_INVALID, CONTRACT_INVALID when `input` gives no JSON Schema of an object
 */
export function tool<
  const I extends StandardSchemaV1,
  const O extends StandardSchemaV1 | undefined = undefined,
  Deps = unknown,
>(parts: ToolParts<I, O, Deps>): Tool<Deps> {
  checkOptions(`tool ${String((parts as { name?: unknown })?.name)}`, parts, checks)
  const { name, description, input, output, execute, ask, idempotent = false } = parts
  const what = `tool "${name}"`
  for (const field of ['name', 'description', 'input'] as const) {
    if (parts[field] === undefined) throw invalid(what, `"${field}" is missing`)
  }
  if (!namePattern.test(name)) {
    throw invalid(what, 'a name has letters, digits, "_" and "-", at most 64')
  }
  if ((execute === undefined) === (ask === undefined)) {
    throw invalid(
      what,
      'needs one of "execute", which reaches outside, and "ask", which asks actors',
    )
  }
  if (parts.approval) checkApproval(what, parts.approval)
  const inputSchema = inputSchemaOf(what, input, parts.inputSchema)
  return Object.freeze({
    spec: Object.freeze({ name, description, inputSchema }),
    input,
    output,
    // The types of its input are erased here; `run-tool.ts` hands in what the schema returned.
    work: (execute === undefined
      ? { kind: 'ask', run: ask }
      : { kind: 'execute', run: execute }) as ToolWork<Deps>,
    idempotent: (typeof idempotent === 'function'
      ? idempotent
      : () => idempotent) as Tool['idempotent'],
    timeout: parts.timeout ?? 60_000,
    maxOutput: parts.maxOutput ?? 65_536,
    approval: parts.approval as ToolApproval | undefined,
    final: parts.final ?? false,
    runsIn: undefined,
  })
}

const namePattern = /^[a-zA-Z0-9_-]{1,64}$/

function checkApproval(what: string, approval: ToolApproval<never>): void {
  checkOptions(`${what} approval`, approval, { within: aDuration, when: aFunction })
  if (approval.within === undefined) {
    throw invalid(what, 'an approval needs "within", the ms after which no answer is a refusal')
  }
}

const invalid = (what: string, why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `${what}: ${why}`)

const aSchema = (value: unknown): string | undefined =>
  typeof (value as Partial<StandardSchemaV1> | null)?.['~standard']?.validate === 'function'
    ? undefined
    : 'a Standard Schema (zod 4, valibot, arktype ...)'

const trueOrFalse = (value: unknown): string | undefined =>
  typeof value === 'boolean' || typeof value === 'function'
    ? undefined
    : 'true, false, or a function of the input'

const checks = {
  name: aText,
  description: aText,
  input: aSchema,
  inputSchema: anObject,
  output: aSchema,
  needs: anObject,
  execute: aFunction,
  ask: aFunction,
  idempotent: trueOrFalse,
  timeout: aDuration,
  maxOutput: anInteger(1),
  approval: anObject,
  final: aBoolean,
}
