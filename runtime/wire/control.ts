/**
 * The control plane: the few awaited calls between the main thread and another, over comlink, each
 * raced against the other thread's death, since a call to a dead peer never settles by itself.
 *
 * Errors cross as data: comlink alone would lose code, fields and cause.
 */
import type { MessagePort, Transferable } from 'node:worker_threads'
import { type Endpoint, expose, transfer, wrap } from 'comlink'
import { decodeError, type ErrorData, encodeError } from '../../actors/cell/error-data.ts'

/** Methods that one side offers; arguments and results are structured-cloneable. */
export type Control = Readonly<Record<string, (...args: never[]) => unknown>>

/** The same methods as the other side calls them. */
export type Remote<C extends Control> = {
  readonly [K in keyof C]: (...args: Parameters<C[K]>) => Promise<Awaited<ReturnType<C[K]>>>
}

type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData }

/** Offers methods on a port. */
export function offer(control: Control, port: MessagePort): void {
  const safe = Object.fromEntries(
    Object.entries(control).map(([name, method]) => [name, guarded(method)]),
  )
  expose(safe, port as unknown as Endpoint)
}

function guarded(method: (...args: never[]) => unknown): (...args: never[]) => Promise<Answer> {
  return async (...args) => {
    try {
      return { ok: true, value: await method(...args) }
    } catch (error) {
      return { ok: false, error: encodeError(error) }
    }
  }
}

/**
 * Calls what the other side offers.
 * @param death rejects when the other side dies, with the reason
 */
export function call<C extends Control>(port: MessagePort, death: Promise<never>): Remote<C> {
  const remote = wrap<Record<string, (...args: unknown[]) => Answer>>(port as unknown as Endpoint)
  return new Proxy({} as Remote<C>, {
    get:
      (_, name: string) =>
      async (...args: unknown[]) => {
        const method = remote[name] as (...args: unknown[]) => Promise<Answer>
        const answer = await Promise.race([method(...args), death])
        if (answer.ok) return answer.value
        throw decodeError(answer.error)
      },
  })
}

/** Marks what moves to the other side with a call's argument. */
export function moving<T extends object>(value: T, parts: readonly Transferable[]): T {
  return transfer(value, parts as unknown as Parameters<typeof transfer>[1])
}
