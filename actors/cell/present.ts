/**
 * What the store holds of an actor, as its definition has it now (D9): its state, its messages, names
 * and addresses. Everything here is pure and happens when a record is read; the store itself changes
 * only with the actor's next turn, which writes the migrated state whole.
 *
 * Invariant: nothing here skips or makes up a value. What has no way to the present throws.
 */
import { type Address, formatAddress } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { decodeValue } from '../../persistence/codec.ts'
import type { StoredMessage } from '../../persistence/stored.ts'
import type { ActorDefinition } from '../actor.ts'
import { refuseNewer, toPresent, type Versions } from '../versions.ts'
import type { Book } from './book.ts'

/** Finds definitions, also by types that they had before. */
export interface Definitions {
  definition(type: string): ActorDefinition | undefined
}

// ── states ──────────────────────────────────────────────────────────────────────────────────────

/**
 * @param version that the state was recorded with
 * @throws VERSION_NEWER, MIGRATION_FAILED
 */
export function presentState(
  id: string,
  { past }: ActorDefinition,
  state: unknown,
  version: number,
): unknown {
  const what = `the state of ${id}`
  const value = toPresent(what, past.state, state, Math.max(1, version))
  if (typeof value === 'object' && value !== null) return value
  throw new TroupeError(
    'MIGRATION_FAILED',
    `${what} cannot be brought to version ${past.state.version}: its migrations return ${String(value)}, and a state is an object, an array, a Map or a Set. All its bytes are kept; mend the migration`,
    { fields: { version, known: past.state.version } },
  )
}

/** True when the actor's next record has to hold the state whole. */
export function isOlderState({ past }: ActorDefinition, version: number): boolean {
  return Math.max(1, version) < past.state.version
}

/** The book with the addresses and handlers by their present names; the same one when it has them. */
export function presentBook(host: Definitions, definition: ActorDefinition, book: Book): Book {
  const { parent, children, watching, delays } = book
  const ids = [...Object.keys(children), ...Object.keys(watching), ...(parent ? [parent] : [])]
  const messages = Object.values(delays).map(({ message }) => message)
  const isPresent =
    ids.every((id) => presentId(host, id) === id) &&
    messages.every((name) => presentName(definition, name) === name)
  if (isPresent) return book
  const renamed = (all: Record<string, true>): Record<string, true> =>
    Object.fromEntries(Object.keys(all).map((id) => [presentId(host, id), true as const]))
  return {
    ...book,
    parent: parent && presentId(host, parent),
    children: renamed(children),
    watching: renamed(watching),
    delays: Object.fromEntries(
      Object.entries(delays).map(([timer, { delay, message }]) => [
        timer,
        { delay, message: presentName(definition, message) },
      ]),
    ),
  }
}

// ── names ───────────────────────────────────────────────────────────────────────────────────────

export function presentName({ past }: ActorDefinition, name: string): string {
  return past.renamed.get(name) ?? name
}

/** A key stays a key. */
export function presentKey(host: Definitions, key: string | Address): string | Address {
  const isAddress = typeof key === 'object' && typeof key?.type === 'string'
  return isAddress ? presentAddress(host, key) : key
}

export function presentAddress(host: Definitions, { type, key }: Address): Address {
  return { type: host.definition(type)?.contract.type ?? type, key }
}

/** An address as text. */
export function presentId(host: Definitions, id: string): string {
  const slash = id.indexOf('/')
  return formatAddress(presentAddress(host, { type: id.slice(0, slash), key: id.slice(slash + 1) }))
}

/** What the runtime itself said of an actor: its address, or an object that holds it as `child`. */
export function presentOwnPayload(host: Definitions, payload: unknown): unknown {
  if (typeof payload !== 'object' || payload === null) return payload
  if ('type' in payload && 'key' in payload) return presentAddress(host, payload as Address)
  if (!('child' in payload)) return payload
  return { ...payload, child: presentAddress(host, payload.child as Address) }
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

/** What tells which schema a payload was made for. */
interface Described {
  readonly name: string
  readonly topic?: string | undefined
}

/** A message as it lies in the store or in a dead letter. */
export interface OldMessage extends Described, Pick<StoredMessage, 'version'> {
  readonly payload?: Uint8Array | undefined
}

/**
 * @param to receiver, for errors
 * @throws VERSION_NEWER, MIGRATION_FAILED
 */
export function presentPayload(definition: ActorDefinition, to: string, old: OldMessage): unknown {
  const payload = old.payload === undefined ? undefined : decodeValue(old.payload)
  const versions = versionsOf(definition, old)
  if (versions === undefined || old.payload === undefined) return payload
  return toPresent(subject(to, old), versions, payload, Math.max(1, old.version))
}

/** True when {@link presentPayload} has something to do. */
export function isOlderPayload(definition: ActorDefinition, old: OldMessage): boolean {
  const versions = versionsOf(definition, old)
  return versions !== undefined && Math.max(1, old.version) < versions.version
}

/**
 * A message of a newer version waits, and so do those behind it: its actor is not brought up (T2).
 * @throws VERSION_NEWER
 */
export function refuseNewerMessages(
  definition: ActorDefinition,
  to: string,
  messages: readonly OldMessage[],
): void {
  for (const message of messages) {
    const versions = versionsOf(definition, message)
    if (versions !== undefined) refuseNewer(subject(to, message), versions, message.version)
  }
}

/** The version that a payload is recorded with; 0 for what has none: see {@link versionsOf}. */
export function payloadVersion(
  definition: ActorDefinition | undefined,
  message: Described,
): number {
  return (definition && versionsOf(definition, message))?.version ?? 0
}

/**
 * Undefined for payloads that no contract describes: published ones, which are checked where they
 * arrive, the runtime's own, and those of a handler that is gone.
 */
function versionsOf(definition: ActorDefinition, { name, topic }: Described): Versions | undefined {
  if (topic !== undefined) return undefined
  return definition.contract.messages[presentName(definition, name)]?.versions
}

function subject(to: string, { name }: OldMessage): string {
  return `the payload of "${name}" to ${to}`
}
