/**
 * The error base of every room, and the table of codes.
 *
 * Callers branch on `code`, never on message text. A message says what was expected, what came and
 * what to do. `docs/errors.md` is held equal to this table by a test.
 */

/** Whether trying the same thing again can help. */
export type Disposition = 'retryable' | 'terminal'

interface CodeEntry {
  readonly disposition: Disposition
  /** One line for the reader of `docs/errors.md`: when it happens and what to do. */
  readonly summary: string
}

const retryable = (summary: string): CodeEntry => ({ disposition: 'retryable', summary })
const final = (summary: string): CodeEntry => ({ disposition: 'terminal', summary })

/** Every code troupe can raise, with its disposition and a line of explanation. */
export const errorCodes = Object.freeze({
  ACTOR_FAILED: retryable('A handler threw. `cause` holds what it threw.'),
  ACTOR_KILLED: final(
    'The actor, or one that waits for its answer, was killed by command; `fields` say which and why.',
  ),
  ACTOR_STOPPED: final('The actor stopped, or was destroyed, before it handled the message.'),
  ADDRESS_INVALID: final(
    'An actor type, key or topic is empty, too long or has a forbidden character.',
  ),
  AGENT_WAITING: final('An agent waits for a human to allow a tool call; `approvals` lists them.'),
  APPROVAL_GONE: final('The approval was decided, ran out, or never was.'),
  APPROVAL_REFUSED: final('A human, or the deadline, refused a tool call; its model was told so.'),
  APP_INVALID: final(
    'The app module does not export an app, lists a type twice, or cannot be loaded.',
  ),
  ASK_CYCLE: final('The ask would wait for itself; `cycle` lists the actors in the ring (T4).'),
  ASK_TIMEOUT: retryable(
    'No reply within the deadline; says the queue position and what the actor is busy with.',
  ),
  BACKUP_DAMAGED: final(
    'A backup or a restored store fails its checks; says which and names the actor (D4).',
  ),
  BACKUP_MISSING: final(
    'The folder holds no finished backup, or none that reaches the position or time.',
  ),
  BUDGET_EXCEEDED: final('An agent used up a limit of its budget; `fields` say which.'),
  CANCELLED: final(
    'The caller aborted the message through its signal, or the turn was interrupted.',
  ),
  CONTRACT_INVALID: final('A contract, message or actor definition is malformed; names the field.'),
  CTX_REVOKED: final('A context, ref or draft was used after its turn ended (T6).'),
  DEAD_LETTER_GONE: final(
    'A dead letter cannot be sent again: unknown, without payload, or replayed three times.',
  ),
  DEFINITION_MISSING: final('No actor of this type, or no handler of this name, is in the app.'),
  GATE_FULL: retryable('Too many calls wait at the gate of a model or tool already.'),
  GATE_TOO_LARGE: final(
    'A call alone asks for more tokens than its gate lets through in a minute.',
  ),
  HOST_LOST: retryable('The thread that held the message died before it answered (F4).'),
  IN_DOUBT: final(
    'A step began before a crash and its outcome is unknown; declare it idempotent or resolve it (D2).',
  ),
  MAILBOX_FULL: retryable(
    'The mailbox, the stash or the link has no room, or a turn has too many open asks; slow down or raise the limit (M3, M5).',
  ),
  MCP_DENIED: final('An MCP server refuses the credentials, or what they may do.'),
  MCP_INVALID: final('An MCP server said what no tool can be made of; names what and why.'),
  MCP_UNAVAILABLE: retryable(
    'An MCP server cannot be reached, ended or was silent; `retryAfter` says when it is tried again.',
  ),
  MESSAGE_EXPIRED: retryable('The deadline passed before the handler ran.'),
  MIGRATION_FAILED: final(
    'A state or message of an older version cannot be brought to the present one; all bytes are kept (D9).',
  ),
  MODEL_DENIED: final('The model service refuses the credentials, or what they may do.'),
  MODEL_MISSING: final('The model service knows no model of this name here.'),
  MODEL_REQUEST_INVALID: final('The model service cannot accept the request; says why.'),
  MODEL_THROTTLED: retryable(
    'The model service is asked too much; `retryAfter` says how long to wait.',
  ),
  MODEL_TIMEOUT: retryable('The model took longer, or was silent for longer, than its timeouts.'),
  MODEL_UNAVAILABLE: retryable('The model service failed or cannot be reached; `cause` says how.'),
  NODE_UNSUPPORTED: final('This version of Node cannot run troupe; install Node 22.18 or newer.'),
  NOT_ENCODABLE: final(
    'A payload, reply or state holds a value the codec does not list; names its path (T5).',
  ),
  NOT_OBSERVED: final(
    'A test expected a message or an answer that did not come; lists what came instead.',
  ),
  OPTION_INVALID: final(
    'An option is unknown, of the wrong type or out of bounds; suggests the nearest name.',
  ),
  OUTPUT_INVALID: final('An agent did not come to an output that fits its schema.'),
  PACKAGE_MISSING: final('An optional package is needed and not installed; says which.'),
  PARTIAL_FAILURE: retryable(
    'Of several calls too many failed; `failed` says why, `answered` names the others.',
  ),
  PAYLOAD_IMMUTABLE: final('A payload or reply was written after it was sent; copy it first (T5).'),
  PAYLOAD_INVALID: final('The payload or reply failed the message schema; `issues` lists why.'),
  PAYLOAD_TOO_LARGE: final(
    'The encoded value exceeds 16 MiB; store it elsewhere and send a reference (T5).',
  ),
  QUARANTINED: final(
    'A message, timer or activation was in hand at two deaths of its thread or process (F3).',
  ),
  QUERY_FAILED: retryable(
    'A database could not answer a tool: it is missing, busy or damaged, or the query took too much memory.',
  ),
  QUERY_INVALID: final(
    'A query for a database does not compile, is not one SELECT, or lacks a parameter; says why.',
  ),
  RATE_LIMITED: retryable(
    'A rate limiter has no room; `retryAfter` (ms) says when to try again, `by` which rule.',
  ),
  RATE_TOO_LARGE: final('A request alone asks for more than its rate limiter ever lets through.'),
  REPLAY_LIVE: final('A replayed turn reached for something live, such as `ctx.deps` (R1).'),
  SCHEDULE_FAILED: final(
    'A test fails under one schedule of `explore`; `seed` brings it back, `cause` is what it threw.',
  ),
  SECRET_KEY_MISSING: final(
    'A secret was to be sealed without a key, or opened without its own; add it to the option `secrets` (R5).',
  ),
  SECRET_WITHHELD: final(
    'A secret from an export was to be opened: an export keeps its hash and not its content (R5).',
  ),
  STATE_READ_ONLY: final('A read handler tried to change the state of its actor (T1).'),
  STEP_CHANGED: final('A retried turn called a recorded step with another input (D2).'),
  STORE_CORRUPT: final(
    'Part of the store cannot be read; names the actor and message, all bytes are kept (D4).',
  ),
  STORE_EXISTS: final(
    'A restore, an import or a fork never overwrites: the file, or what belongs to it, is there.',
  ),
  STORE_FULL: retryable(
    'The disk or the page limit is full; free space, troupe resumes by itself (D5).',
  ),
  STORE_LOCKED: final('Another process or system already writes this store (D10).'),
  STORE_NEWER: final(
    'The store was written by a newer troupe; upgrade, it is left untouched (D9).',
  ),
  STORE_READONLY: final('The store path cannot be written; check its permissions and its folder.'),
  STORE_RENAME: final(
    'A type was renamed, and the store has actors of both names under the same key (D9).',
  ),
  STORE_STALLED: retryable(
    'The store is failing and being reopened; durable turns wait meanwhile (D5).',
  ),
  STORE_TAIL_LOST: final(
    'The store lost acknowledged records, for example a deleted WAL; open only on request (D10).',
  ),
  STREAM_BROKEN: retryable('A stream ended before its end marker.'),
  SYSTEM_CLOSED: final('The system is closing or closed and takes no more messages.'),
  SYSTEM_IN_HOST: final(
    'createSystem was called inside a host thread; keep it out of the app module.',
  ),
  TASK_GRAPH_INVALID: final(
    'Tasks were submitted that wait for each other, or for what is no task; nothing of it runs.',
  ),
  TERMINAL: final('A handler refused for good with `terminal(...)`; it is never retried.'),
  TOOL_FAILED: retryable('A tool threw; its model was told what.'),
  TOOL_MISSING: final(
    'A model called a tool that its agent does not have; it was told which there are.',
  ),
  TOOL_OUTPUT_TOO_LARGE: final(
    'A result of a tool exceeds its `maxOutput`; its model was told to ask for less.',
  ),
  TOOL_REFUSED: final(
    'A tool may not do what its model asked for: its rules forbid it; its model was told which.',
  ),
  TOOL_TIMEOUT: retryable('A tool did not answer within its `timeout`; its model was told so.'),
  TOOL_UNREACHABLE: retryable(
    'What a tool calls cannot be reached, or broke off; its model was told how.',
  ),
  VERSION_NEWER: final(
    'A state or message has a newer version than its definition knows; it waits for newer code (D9).',
  ),
} satisfies Record<string, CodeEntry>)

/** A string code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes

/** Extra, encodable facts about one error: `{ path: 'items[3]' }`. */
export type ErrorFields = Readonly<Record<string, unknown>>

/** Options of {@link TroupeError}: the standard `cause`, and named fields. */
export interface ErrorOptions {
  readonly cause?: unknown
  readonly fields?: ErrorFields
  /** Overrides the code's own disposition, for an error raised on behalf of user code. */
  readonly disposition?: Disposition
}

/**
 * The one error class. Survives threads and the store: `runtime/wire` and the records carry its
 * code, fields, cause and stacks as data.
 */
export class TroupeError extends Error {
  readonly code: ErrorCode
  readonly fields: ErrorFields
  readonly disposition: Disposition

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.fields = options.fields ?? {}
    this.disposition = options.disposition ?? errorCodes[code].disposition
  }

  override get name(): string {
    return `TroupeError [${this.code}]`
  }
}

/** True for an error that a retry cannot mend (F2). Errors of user code are retryable by default. */
export function isTerminal(error: unknown): boolean {
  return error instanceof TroupeError && error.disposition === 'terminal'
}

/**
 * Refuse for good: the turn is undone, the message is not retried, an asker gets this error.
 *
 * @param message what was refused and why, for the asker
 * @param fields encodable facts for the asker, for example `{ balance: 3 }`
 */
export function terminal(message: string, fields: ErrorFields = {}): TroupeError {
  return new TroupeError('TERMINAL', message, { fields })
}

/** A value as a message of an error shows it: short, told apart by type, and never throwing itself. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      return value === null ? 'null' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return String(value)
  }
}
