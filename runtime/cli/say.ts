/** A typed line as an ask: `account/alice deposit {"amount":5}`. */
import { inspect } from 'node:util'
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'
import type { System } from '../main/system.ts'

const form = /^([^/\s]+)\/(\S+)\s+(\S+)(?:\s+(.+))?$/

/** Resolves to the line that answers; it never rejects. */
export async function say(system: System, app: App, line: string): Promise<string> {
  try {
    return `= ${inspect(await ask(system, app, line), { breakLength: Number.POSITIVE_INFINITY })}`
  } catch (error) {
    const code = error instanceof TroupeError ? ` [${error.code}]` : ''
    return `! ${error instanceof Error ? error.message : String(error)}${code}`
  }
}

async function ask(system: System, app: App, line: string): Promise<unknown> {
  const [, type = '', key = '', name = '', json] = form.exec(line) ?? []
  if (type === '') throw invalid('expected: type/key message [JSON payload]')
  const contract = app.actors.get(type)?.contract
  if (contract === undefined) throw unknown('actor type', type, [...app.actors.keys()])
  const kind = Object.hasOwn(contract.messages, name) && contract.messages[name]?.kind
  if (!kind) throw unknown(`message of ${type}`, name, Object.keys(contract.messages))
  const ref = system.ref(contract, key)
  const payload = json === undefined ? undefined : parsed(json)
  if (kind === 'message') return await ref.ask[name]?.(payload)
  const items: unknown[] = []
  const stream = (ref.stream as Readonly<Record<string, StreamCall>>)[name]?.(payload)
  for await (const item of stream ?? []) items.push(item)
  return { items, reply: await stream?.reply }
}

type StreamCall = (
  payload: unknown,
) => AsyncIterable<unknown> & { readonly reply: Promise<unknown> }

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw invalid(`the payload is no JSON: ${(error as Error).message}`)
  }
}

function unknown(what: string, name: string, known: readonly string[]): TroupeError {
  const near = nearest(name, known)
  const hint = near === undefined ? `there are ${known.join(', ')}` : `did you mean "${near}"?`
  return invalid(`no ${what} "${name}"; ${hint}`)
}

function invalid(why: string): TroupeError {
  return new TroupeError('OPTION_INVALID', why)
}
