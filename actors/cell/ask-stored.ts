/**
 * An ask under the caller's own id: accepted in the store first, so that a retry with the same id,
 * from this process or the next, finds the same message and the same reply (24 h).
 */
import type { Ask } from './ask-table.ts'
import { awaitReply } from './asked-error.ts'
import { decodeReply } from './decode-reply.ts'
import type { Journal } from './ports.ts'
import { type Call, composeStored, type Sender } from './sending.ts'
import { isKept } from './staged.ts'

/** True when an ask with these options is one to be accepted first. */
export function isStored({ host }: Sender, { to, name, options }: Call): boolean {
  return options?.id !== undefined && host.journal !== undefined && isKept(host, to.id, name)
}

/**
 * A timeout takes nothing back: the caller will come again under the same id. Its abort does.
 *
 * @param follow told of the open ask, so that a turn can abort it and look for cycles
 */
export async function askStored(
  sender: Sender,
  call: Call,
  payload: unknown,
  chain?: readonly string[],
  follow?: (ask: Ask) => void,
): Promise<unknown> {
  const { host } = sender
  const { ask, envelope } = composeStored(sender, call, payload, chain)
  follow?.(ask)
  void settleStored(ask, host.journal as Journal, host.accept(envelope), () => {
    if (call.options?.signal?.aborted) host.asks.abandon(ask)
  })
  return await awaitReply(ask)
}

async function settleStored(
  ask: Ask,
  journal: Journal,
  accepted: Promise<number>,
  known: () => void,
): Promise<void> {
  try {
    ask.a = await accepted
    known()
    ask.settle(decodeReply(await journal.outcome(ask.to, ask.id, false)))
  } catch (error) {
    ask.fail(error)
  }
}
