/**
 * A system under a test's control.
 *
 * Owns: when time passes, in which of many possible orders things happen, what fails on demand.
 * Handlers run by themselves as the event loop turns; timers, deadlines, back-offs and passivation
 * come only with {@link TestSystem.advance}.
 */
import type { App } from '../../actors/app.ts'
import type { Contract, Messages } from '../../actors/contract.ts'
import { VirtualClock } from '../../mailbox/clock.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { aFunction, anArray, anInteger, anObject, checkOptions } from '../../mailbox/options.ts'
import type { StoreReader } from '../../persistence/store.ts'
import { DeadLetters } from '../main/dead-letters.ts'
import { type CheckedOptions, checkSystemOptions } from '../main/options.ts'
import { Reports } from '../main/reports.ts'
import { System, type SystemParts } from '../main/system.ts'
import type { LogLine } from '../telemetry/logs/line.ts'
import { type Assembled, assemble } from './assemble.ts'
import { type FailureOrder, Failures } from './failures.ts'
import { checkPattern, fitsPattern, notObserved } from './message-pattern.ts'
import { type MessagePattern, Observed, type ObservedMessage } from './observed.ts'
import { type Probe, Probes } from './probe.ts'
import { Schedule } from './schedule.ts'
import { watchedApp } from './test-app.ts'
import { testSecrets } from './test-key.ts'
import { TestTime } from './test-time.ts'
import { Work } from './work.ts'

/** What {@link createTestSystem} may be told. */
export interface TestSystemOptions<Deps = unknown> {
  /** Wall time in ms at which the test begins. Default: 2026-01-01, UTC. */
  readonly wall?: number
  /** Instead of what the app's `deps` builds: your doubles. */
  readonly deps?: Deps
  /** Contracts whose actors the test plays itself, see {@link TestSystem.probe}. */
  readonly probes?: readonly Contract[]
  /**
   * Which of many possible orders: messages and commits take as long as a number from this seed says,
   * as they would between threads. Without one everything arrives at once.
   */
  readonly seed?: number
  /** Gets log lines. Default: nobody does. */
  readonly log?: (line: LogLine) => void
}

const checks = {
  wall: anInteger(0),
  deps: anObject,
  probes: anArray,
  seed: anInteger(0),
  log: aFunction,
}

/** A {@link System} on one thread, whose time passes only when the test says so. */
export class TestSystem extends System {
  /** Moves with {@link advance}; `jump` moves its wall time alone, as an operator would. */
  readonly clock: VirtualClock
  readonly #parts: Assembled
  readonly #probes: Probes
  readonly #failures: Failures

  /** Use {@link createTestSystem}. */
  constructor(parts: SystemParts, assembled: Assembled, probes: Probes, failures: Failures) {
    super(parts)
    this.clock = assembled.time.clock
    this.#parts = assembled
    this.#probes = probes
    this.#failures = failures
  }

  /** Every message that arrived at an actor so far, in order. */
  get messages(): readonly ObservedMessage[] {
    return this.#parts.observed.messages
  }

  /** @internal */
  get observed(): Observed {
    return this.#parts.observed
  }

  /** @internal The records of durable actors. */
  get records(): StoreReader {
    return this.#parts.records
  }

  /** @internal */
  stateOf(id: string): unknown {
    return (this.#parts.booted.peer.residents.get(id) as { state?: unknown } | undefined)?.state
  }

  /**
   * Resolves when nothing can happen any more without time passing. A handler that waits for real
   * input or output is not waited for: give it a double.
   */
  settle(): Promise<void> {
    return this.#parts.time.settle()
  }

  /**
   * Lets time pass: everything that comes due on the way happens in order, each with its consequences.
   *
   * @param ms monotonic and wall time alike
   * @throws OPTION_INVALID for a negative or infinite time
   */
  advance(ms: number): Promise<void> {
    return this.#parts.time.advance(ms)
  }

  /**
   * Waits for a message and takes it: the same one is not found twice.
   *
   * @param pattern what it must look like
   * @param within ms of the test's time; default 0: what can happen without time passing
   * @throws NOT_OBSERVED, listing what was sent instead
   */
  async expectMessage(
    pattern: MessagePattern,
    { within = 0 }: { readonly within?: number } = {},
  ): Promise<ObservedMessage> {
    checkPattern(pattern)
    const fits = (message: ObservedMessage): boolean => fitsPattern(message, pattern)
    const found = await this.#parts.time.until(() => this.observed.take(fits), within)
    if (found !== undefined) return found
    throw notObserved(pattern, within, this.messages)
  }

  /**
   * The test's hand on an actor whose contract is among the option `probes`.
   * @throws OPTION_INVALID
   */
  probe<M extends Messages>(contract: Contract<M>, key: string): Probe<M> {
    return this.#probes.get(contract, key)
  }

  /**
   * Lets coming turns throw instead of running their handler.
   * @throws OPTION_INVALID
   */
  fail(order: FailureOrder): void {
    this.#failures.order(order)
  }

  /** Lets the next commits of the store fail: it stalls, reopens, and goes on (D5). */
  failCommits(times = 1): void {
    this.#parts.medium.failCommits(times)
  }
}

/**
 * Starts a system for a test: one thread, virtual clock, memory store, development mode (every payload
 * is frozen and goes through the codec, so a test sees what threads would do to it).
 *
 * @param app the app under test
 * @throws OPTION_INVALID, APP_INVALID
 */
export async function createTestSystem<Deps>(
  app: App<Deps>,
  options: TestSystemOptions<Deps> = {},
): Promise<TestSystem> {
  checkOptions('createTestSystem', options, checks)
  if (!((app as Partial<App> | undefined)?.actors instanceof Map)) throw noApp()
  const checked = testOptions(options.log)
  const failures = new Failures()
  const schedule = options.seed === undefined ? undefined : new Schedule(options.seed)
  const work = new Work(schedule)
  const clock = new VirtualClock(options.wall)
  const time = new TestTime(clock, work)
  const reports = new Reports(checked.log, () => clock.wall())
  const probes = new Probes(options.probes ?? [], time)
  const observed = new Observed()
  const tested = watchedApp(probes.within(testApp(app, options)), ({ cell, envelope }, name) => {
    if (envelope !== undefined) observed.begun(envelope)
    failures.strike(cell.id, name)
  })
  const brought = { app: tested, options: checked, time, work, reports, observed }
  const assembled = await assemble(brought)
  const { booted } = assembled
  const deadLetters = new DeadLetters(booted.peer, booted.client)
  await deadLetters.load()
  reports.to(deadLetters)
  const { events } = reports
  const parts = { app: tested, options: checked, booted, events, deadLetters, reports }
  return new TestSystem(parts, assembled, probes, failures)
}

function testOptions(log: (line: LogLine) => void = () => undefined): CheckedOptions {
  const given = { store: 'memory', workers: 0, development: true, log }
  return { ...checkSystemOptions(given), secrets: testSecrets() }
}

/** The app with the test's dependencies in place of its own; doubles are the test's to dispose. */
function testApp<Deps>(app: App<Deps>, { deps }: TestSystemOptions<Deps>): App {
  if (deps === undefined) return app as App
  return { ...app, deps: () => deps, dispose: undefined }
}

function noApp(): TroupeError {
  return new TroupeError(
    'APP_INVALID',
    'createTestSystem: the first argument is an app, as made by app(import.meta.url, { actors: [...] })',
  )
}
