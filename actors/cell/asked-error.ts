/** What an asker is told when the handler it asked has failed. */
import { TroupeError } from '../../mailbox/errors.ts'
import type { Ask } from './ask-table.ts'

/** Turns what an asked actor threw into the asker's error, with both stacks (see `asked`). */
export async function awaitReply(ask: Ask): Promise<unknown> {
  try {
    return await ask.promise
  } catch (error) {
    throw asked(error, ask.to, ask.name)
  }
}

/**
 * A fresh error for the asker, created inside the awaited function so that the engine's own
 * asynchronous stack names the caller; the handler's frames stand above it.
 */
function asked(error: unknown, to: string, name: string): unknown {
  const made =
    error instanceof TroupeError
      ? new TroupeError(error.code, error.message, {
          cause: error.cause,
          fields: error.fields,
          disposition: error.disposition,
        })
      : new TroupeError('ACTOR_FAILED', `${to} failed in "${name}": ${messageOf(error)}`, {
          cause: error,
          fields: { actor: to, message: name },
        })
  joinStacks(made, error)
  return made
}

function joinStacks(made: Error, original: unknown): void {
  const handler = framesOf(original)
  if (handler === '') return
  const own = made.stack ?? ''
  const at = own.indexOf('\n    at ')
  const head = at < 0 ? own : own.slice(0, at)
  made.stack = `${head}${handler}\n    --- asked from ---${at < 0 ? '' : own.slice(at)}`
}

function framesOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const at = stack.indexOf('\n    at ')
  return at < 0 ? '' : stack.slice(at)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
