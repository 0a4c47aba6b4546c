/**
 * What a durable actor's runtime does in turns of its own, so that it is recorded like everything
 * else: being adopted, and forgetting a child that ended. The rest is as for any actor (`family.ts`).
 */
import { type Address, parseAddress } from '../../mailbox/address.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import type { ActorDefinition } from '../actor.ts'
import type { Context } from '../context.ts'
import { decodeError, type ErrorData, encodeError } from './error-data.ts'
import { escalated, hookOf, terminatedMessage } from './family.ts'
import type { CellHost } from './ports.ts'
import type { Signal } from './signal.ts'

/** Makes its receiver a child of its sender; sent, and kept, like any message of a turn. */
export const adoptMessage = '$adopt'
const childEndedMessage = '$childEnded'

interface ChildEnd {
  readonly child: Address
  readonly error?: ErrorData
}

type ChildEnded = Signal & { readonly kind: 'child-ended' }

/** The turn of such a message. */
interface FamilyTurn {
  /** The message in hand made this actor a child of its sender. */
  adopted(): void
  forgetChild(child: Address): void
}

type Hook = (turn: FamilyTurn & Context, payload: unknown) => unknown

/** The handler for a message of the runtime's own. */
export function durableHookOf(definition: ActorDefinition, name: string): Hook | undefined {
  switch (name) {
    case adoptMessage:
      return (turn) => turn.adopted()
    case childEndedMessage:
      return (turn, payload) => childEnded(definition, turn, payload as ChildEnd)
    default:
      return hookOf(definition, name)
  }
}

function childEnded(
  { behavior }: ActorDefinition,
  turn: FamilyTurn & Context,
  end: ChildEnd,
): unknown {
  turn.forgetChild(end.child)
  if (end.error === undefined) return undefined
  const error = decodeError(end.error)
  if (behavior.onChildFailed === undefined) throw escalated(end.child, error)
  return behavior.onChildFailed(turn, end.child, error)
}

/** Whose record it is in, and what led to it. */
interface Teller {
  readonly host: CellHost
  readonly causeA: number
  readonly causeB: number
}

/** The message that makes an actor a child of the one whose turn it is. */
export function adoptionOf(teller: Teller, parent: string, child: string): Envelope {
  const { host, causeA, causeB } = teller
  const seq = host.nextSeq()
  const { origin } = host
  const { normal } = Lane
  return new Envelope(child, parent, adoptMessage, undefined, normal, origin, seq, causeA, causeB)
}

/** The message that tells of an actor's end (F6). @param to that actor itself for all who watch it */
export function terminationOf(teller: Teller, who: string, to: string): Envelope {
  const { host, causeA, causeB } = teller
  const payload = parseAddress(who)
  const seq = host.nextSeq()
  const { origin } = host
  return new Envelope(to, who, terminatedMessage, payload, Lane.normal, origin, seq, causeA, causeB)
}

/** The message that tells a parent of its child's end. */
export function childEndOf(
  host: CellHost,
  parent: string,
  { child, error, heard = Number.POSITIVE_INFINITY }: ChildEnded,
): Envelope {
  const who = parseAddress(child)
  const payload: ChildEnd =
    error === undefined ? { child: who } : { child: who, error: encodeError(error) }
  const [name, lane, seq, header] = [childEndedMessage, Lane.normal, host.nextSeq(), { keep: true }]
  const { origin } = host
  const envelope = new Envelope(parent, child, name, payload, lane, origin, seq, 0, 0, header)
  envelope.heard = heard
  return envelope
}
