/**
 * A contract names an actor type and its messages. It holds no behaviour, so both sides of a
 * conversation can import it, and so that two actors may use each other's replies without a
 * circular type.
 */
import { type Address, checkKey, checkType } from '../mailbox/address.ts'
import { shown, TroupeError } from '../mailbox/errors.ts'
import type { AnyMessage, Messages } from './message.ts'
import { makeRefClass, type Ref, type RefClass, type SendPort } from './ref.ts'

export type { Messages } from './message.ts'

/** An actor type and its messages; made by {@link contract}. */
export interface Contract<M extends Messages = Messages, Type extends string = string> {
  readonly type: Type
  readonly messages: M
  /** Makes typed refs; generated once from the message names, no proxies. */
  readonly refClass: RefClass<M>
}

const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Declares an actor type and what can be said to it.
 *
 * @param type stable name: it is part of every address and record
 * @param messages by name; names are methods of `ref.tell`, `ref.ask`, `ref.deliver`, `ref.stream`
 * @throws CONTRACT_INVALID, ADDRESS_INVALID
 */
export function contract<const Type extends string, const M extends Messages>(
  type: Type,
  messages: M,
): Contract<M, Type> {
  checkType(type)
  if (typeof messages !== 'object' || messages === null) {
    throw new TroupeError(
      'CONTRACT_INVALID',
      `contract "${type}": the second argument lists its messages by name, { add: message() }, got ${shown(messages)}`,
    )
  }
  for (const [name, spec] of Object.entries(messages)) checkMessage(type, name, spec)
  return Object.freeze({
    type,
    messages: Object.freeze({ ...messages }),
    refClass: makeRefClass<M>(type, messages),
  })
}

function checkMessage(type: string, name: string, spec: unknown): void {
  if (!namePattern.test(name) || name in Object.prototype) {
    throw new TroupeError(
      'CONTRACT_INVALID',
      `contract "${type}": a message name is a plain identifier not taken by Object.prototype, got "${name}"`,
    )
  }
  const kind = (spec as AnyMessage | undefined)?.kind
  if (kind === 'message' || kind === 'stream') return
  throw new TroupeError(
    'CONTRACT_INVALID',
    `contract "${type}": "${name}" must be made by message() or stream(), got ${typeof spec}`,
  )
}

/**
 * A ref that sends through a port.
 *
 * @throws CONTRACT_INVALID, ADDRESS_INVALID
 */
export function bindRef<M extends Messages>(
  contract: Contract<M>,
  key: string | Address,
  port: SendPort,
): Ref<M> {
  checkContract('ref', contract)
  const text: unknown = typeof key === 'object' && key !== null ? keyOf(contract, key) : key
  checkKey(text)
  return new contract.refClass(text, port)
}

/** @throws CONTRACT_INVALID unless it was made by {@link contract} */
export function checkContract(what: string, given: unknown): asserts given is Contract {
  if (typeof (given as Partial<Contract> | null | undefined)?.refClass === 'function') return
  const hint =
    given === undefined ? '; two modules that import each other may see it before it is made' : ''
  throw new TroupeError(
    'CONTRACT_INVALID',
    `${what}: the first argument is a contract, as made by contract('type', { ... }), got ${shown(given)}${hint}`,
  )
}

function keyOf({ type }: Contract, address: Address): unknown {
  if (address.type === type) return address.key
  const got = typeof address.type === 'string' ? shown(address.type) : 'none'
  throw new TroupeError('ADDRESS_INVALID', `ref: expected an address of type "${type}", got ${got}`)
}
