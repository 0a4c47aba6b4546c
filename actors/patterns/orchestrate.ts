/**
 * Several specialised agents asked at once: a deadline for each call, one policy for what may fail, and
 * the rest called off as soon as the outcome is decided.
 *
 * Plain code, for use in any handler. In a durable turn each ask is a recorded step (D2): after a crash
 * those that answered are not asked again.
 */
import { isTerminal, TroupeError } from '../../mailbox/errors.ts'
import { aDuration, anInteger, aSignal, checkOptions, oneOf } from '../../mailbox/options.ts'
import { cancelled } from './flight.ts'

/** What each call is handed: options of an ask. */
export interface CallLimits {
  /** Most ms. */
  readonly within: number
  /** Aborts when its answer is no longer needed. */
  readonly signal: AbortSignal
}

/**
 * How many have to answer: `all` of them, `any` one, a `quorum`, or as many as do (`best-effort`, which
 * waits for every one and never fails).
 */
export type Needed = 'all' | 'any' | 'best-effort' | { readonly quorum: number }

/** Options of {@link orchestrate}. */
export interface OrchestrateOptions {
  /** Default `all`. */
  readonly need?: Needed
  /** Most ms for each call; default 60,000. */
  readonly within?: number
  /** Calls all of them off. In a turn not needed: what a turn asks ends with it. */
  readonly signal?: AbortSignal
}

/** Why one call failed. */
export interface CallFailure {
  readonly code: string
  readonly message: string
}

type Calls = Readonly<Record<string, (limits: CallLimits) => Promise<unknown>>>

/** What came of the calls, by name. */
export interface Orchestrated<C extends Calls> {
  readonly answers: { readonly [K in keyof C]?: Awaited<ReturnType<C[K]>> }
  readonly failed: { readonly [K in keyof C]?: CallFailure }
  /** Called off, because enough had answered. */
  readonly unneeded: readonly (keyof C & string)[]
}

/**
 * Makes all calls at once and waits until their outcome is decided:
 * `orchestrate({ legal: (limits) => ctx.ref(Legal, 'x').ask.review(text, limits), ... }, { need: 'any' })`.
 *
 * @typeParam C the calls by name
 * @throws PARTIAL_FAILURE when too many failed, with `failed` and the names of those that had `answered`
 * @throws CANCELLED, OPTION_INVALID
 */
export async function orchestrate<const C extends Calls>(
  calls: C,
  options: OrchestrateOptions = {},
): Promise<Orchestrated<C>> {
  const names = Object.keys(calls)
  const required = checked(options, names.length)
  const { need = 'all', within = 60_000, signal } = options
  if (signal?.aborted === true) throw cancelled(signal)
  const stop = new AbortController()
  const answered = new Map<string, unknown>()
  const failures = new Map<string, unknown>()
  const { promise: decided, resolve, reject } = Promise.withResolvers<void>()
  const settle = (): void => {
    const count = answered.size
    if (need !== 'best-effort' && failures.size > names.length - required) {
      reject(partialFailure(failures, [...answered.keys()], required))
    } else if (
      count + failures.size === names.length ||
      (need !== 'best-effort' && count >= required)
    ) {
      resolve()
    }
  }
  const leave = (): void => reject(cancelled(signal as AbortSignal))
  signal?.addEventListener('abort', leave, { once: true })
  try {
    for (const [name, call] of Object.entries(calls)) {
      started(() => call({ within, signal: stop.signal })).then(
        (answer) => {
          answered.set(name, answer)
          settle()
        },
        (error: unknown) => {
          failures.set(name, error)
          settle()
        },
      )
    }
    if (names.length === 0) resolve()
    await decided
    // As it is now, in the order of the calls; what is called off settles later.
    const pick = <T>(from: ReadonlyMap<string, unknown>, as: (value: unknown) => T) =>
      Object.fromEntries(
        names.filter((name) => from.has(name)).map((name) => [name, as(from.get(name))]),
      )
    return {
      answers: pick(answered, (answer) => answer),
      failed: pick(failures, failureOf),
      unneeded: names.filter((name) => !answered.has(name) && !failures.has(name)),
      // The names are those of the calls, which only the caller's types say.
    } as unknown as Orchestrated<C>
  } finally {
    signal?.removeEventListener('abort', leave)
    stop.abort(new TroupeError('CANCELLED', 'The answer is no longer needed.'))
  }
}

/** A call that throws at once has failed like any other. */
async function started(call: () => Promise<unknown>): Promise<unknown> {
  return await call()
}

function failureOf(error: unknown): CallFailure {
  const code = error instanceof TroupeError ? error.code : 'ACTOR_FAILED'
  return { code, message: error instanceof Error ? error.message : String(error) }
}

function partialFailure(
  failures: ReadonlyMap<string, unknown>,
  answered: readonly string[],
  required: number,
): TroupeError {
  const failed = Object.fromEntries([...failures].map(([name, error]) => [name, failureOf(error)]))
  const list = Object.entries(failed).map(
    ([name, { code, message }]) => `${name}: ${message} [${code}]`,
  )
  return new TroupeError(
    'PARTIAL_FAILURE',
    `${required} had to answer, and these failed: ${list.join('; ')}`,
    {
      cause: failures.values().next().value,
      fields: { failed, answered },
      // Trying again helps unless all are sure that it does not.
      disposition: [...failures.values()].every(isTerminal) ? 'terminal' : 'retryable',
    },
  )
}

/** @returns how many have to answer */
function checked({ need = 'all', within, signal }: OrchestrateOptions, count: number): number {
  checkOptions('orchestrate', { within, signal }, { within: aDuration, signal: aSignal })
  if (typeof need === 'object' && need !== null) {
    checkOptions('orchestrate need', { ...need }, { quorum: anInteger(1, count) })
    return need.quorum
  }
  const required = { all: count, any: 1, 'best-effort': 0 } as const
  checkOptions('orchestrate', { need }, { need: oneOf(...Object.keys(required)) })
  if (required[need] <= count) return required[need]
  throw new TroupeError('OPTION_INVALID', 'orchestrate: one has to answer, and there are no calls')
}
