/**
 * A message to an actor as a tool: what the model writes is the payload, the reply is the tool's result.
 *
 * It is asked from the turn, so it is asked once, whatever crashes (D2); it is given up with this agent's
 * turn, and a ring of asks is found (T4). Whom it may reach is the author's to say (`key`): a model that
 * could choose any key could read anybody's state.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Address } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { UserLane } from '../../mailbox/lane.ts'
import { aDuration, aFunction, aText, checkOptions } from '../../mailbox/options.ts'
import { type Contract, checkContract } from '../contract.ts'
import type { AnyMessage, Messages, SentOf } from '../message.ts'
import type { Ask, MessageOptions } from '../ref.ts'
import { type Tool, type ToolParts, type ToolTurn, tool } from './tools/tool.ts'

/** What the model writes: an input of the tool's own, or the payload as its sender would. */
type Written<Payload, I> = I extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<I> : Payload

/** What {@link actorTool} takes: as {@link tool}, with what to ask whom instead of what to run. */
export type ActorToolParts<
  M extends Messages,
  K extends keyof M & string,
  I extends StandardSchemaV1 | undefined,
  Deps,
> = Omit<
  ToolParts<StandardSchemaV1<unknown, Written<SentOf<M[K]>, I>>, undefined, Deps>,
  'execute' | 'ask' | 'input' | 'output' | 'idempotent' | 'timeout'
> & {
  readonly contract: Contract<M>
  /** The message of that contract. */
  readonly message: K
  /** Which actor; by what the model wrote, or by who asks: `(_input, turn) => turn.self.key`. */
  readonly key:
    | string
    | ((input: Written<SentOf<M[K]>, I>, turn: ToolTurn<Deps>) => string | Address)
  /** Where the message has no schema, or the model should not write its payload. */
  readonly input?: I
  /** Makes the payload of such an input. */
  readonly payload?: (input: Written<SentOf<M[K]>, I>, turn: ToolTurn<Deps>) => SentOf<M[K]>
  readonly lane?: UserLane
  /** Most ms to wait for the reply. Default 60,000. */
  readonly within?: number
}

/**
 * Makes a tool of a message. The JSON Schema for the model is that of the message's payload.
 *
 * @throws OPTION_INVALID, CONTRACT_INVALID when the message has no schema, and there is no `input`
 */
export function actorTool<
  M extends Messages,
  const K extends keyof M & string,
  const I extends StandardSchemaV1 | undefined = undefined,
  Deps = unknown,
>(parts: ActorToolParts<M, K, I, Deps>): Tool<Deps> {
  const { contract, message, key, lane, within = 60_000, input, payload, ...rest } = parts
  const what = `tool "${String(parts.name)}"`
  checkContract(what, contract)
  checkOptions(what, { message, key: key ?? null, lane, within, payload }, checks)
  const spec = Object.hasOwn(contract.messages, message) ? contract.messages[message] : undefined
  if (spec === undefined) throw noMessage(what, contract, message)
  if ((input === undefined) !== (payload === undefined)) throw halfAnInput(what)
  const options: MessageOptions = { within, ...(lane !== undefined && { lane }) }
  const made = {
    ...rest,
    input: input ?? asWritten(what, contract, message, spec),
    ask: async (written: unknown, turn: ToolTurn<Deps>) => {
      const given = written as never
      const whom = typeof key === 'function' ? key(given, turn) : key
      const ask: Ask<Messages> = turn.ref(contract as Contract, whom).ask
      const send = ask[message] as (payload: unknown, options: MessageOptions) => Promise<unknown>
      return await send.call(ask, payload === undefined ? written : payload(given, turn), options)
    },
  }
  return tool(made as unknown as ToolParts<StandardSchemaV1, undefined, Deps>)
}

/**
 * Checks like the message's schema and gives what the model wrote: the schema makes what it makes of it
 * once, where it is sent.
 */
function asWritten(
  what: string,
  contract: Contract,
  message: string,
  { input }: AnyMessage,
): StandardSchemaV1 {
  if (input === undefined) {
    throw new TroupeError(
      'CONTRACT_INVALID',
      `${what}: message "${message}" of "${contract.type}" has no schema for a model to see; declare it with message({ input }), or give the tool "input" and "payload"`,
    )
  }
  const { validate, ...about } = input['~standard']
  const kept = (value: unknown, result: StandardSchemaV1.Result<unknown>) =>
    result.issues === undefined ? { value } : result
  return {
    '~standard': {
      ...about,
      validate: (value) => {
        const result = validate(value)
        return result instanceof Promise
          ? result.then((settled) => kept(value, settled))
          : kept(value, result)
      },
    },
  }
}

const noMessage = (what: string, { type, messages }: Contract, got: string): TroupeError =>
  new TroupeError(
    'CONTRACT_INVALID',
    `${what}: contract "${type}" has no message "${got}"; it has ${Object.keys(messages).join(', ')}`,
  )

const halfAnInput = (what: string): TroupeError =>
  new TroupeError(
    'OPTION_INVALID',
    `${what}: "input", which the model writes, and "payload", which makes the message's payload of it, go together`,
  )

const aChoice = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'function'
    ? undefined
    : 'a key, or (input, turn) => key'

const checks = {
  message: aText,
  lane: aText,
  within: aDuration,
  payload: aFunction,
  key: aChoice,
}
