/**
 * An ask under the caller's own id: accepted in the store first, so that a retry with the same id,
 * from this process or the next, finds the same message and the same reply (24 h).
 */
import { TroupeError } from '../../mailbox/errors.ts'
import { defaultAskWithin } from './ask-table.ts'
import { decodeReply } from './decode-reply.ts'
import { awaitReply, type Call, compose, type Sender } from './sending.ts'

export async function askStored(sender: Sender, call: Call, payload: unknown): Promise<unknown> {
  const { host } = sender
  const { journal } = host
  const ownId = call.options?.id
  if (journal === undefined || ownId === undefined) {
    throw new TroupeError('OPTION_INVALID', 'an ask with an id to a durable actor needs a store')
  }
  const within = call.options?.within ?? defaultAskWithin
  const now = host.clock.mono()
  const ask = host.asks.open(call.to.id, call.name, now, now + within)
  if (call.options?.signal !== undefined) ask.abortWith(call.options.signal)
  host.accept(compose(sender, call, payload, { asked: true })).then(
    () => {
      journal.outcome(call.to.id, ownId).then(
        (record) => ask.settle(decodeReply(record)),
        (error) => ask.fail(error),
      )
    },
    (error) => ask.fail(error),
  )
  return await awaitReply(ask)
}
