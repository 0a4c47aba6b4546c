/**
 * The embedding process's hold on a running system: refs, topics, what happened, how it goes, and
 * the end.
 */
import type { App } from '../../actors/app.ts'
import type { Contract, Messages } from '../../actors/contract.ts'
import type { Ref } from '../../actors/ref.ts'
import { type Address, addressText } from '../../mailbox/address.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { aSignal, aText, checkOptions } from '../../mailbox/options.ts'
import type { Manifest } from '../../persistence/backup/index.ts'
import type { EncodableOf } from '../../persistence/encodable-types.ts'
import type { KilledActor } from '../../persistence/killed-files.ts'
import type { Secret } from '../../persistence/secret.ts'
import type { FlightEntry } from '../peer/flight-recorder.ts'
import { Outside } from '../peer/outside.ts'
import type { Published } from '../peer/topics.ts'
import { prometheusText } from '../telemetry/metrics/prometheus.ts'
import { Backups, type SystemBackupOptions } from './backups.ts'
import type { Booted } from './boot.ts'
import { calmOf } from './calm.ts'
import { type CloseReport, closeSystem } from './close.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { SystemEventEmitter } from './events.ts'
import { type Health, readHealth } from './health.ts'
import { History, type HistorySource } from './history.ts'
import type { CheckedOptions } from './options.ts'
import type { Quarantine } from './quarantine.ts'
import type { Reports } from './reports.ts'
import { readStats, type SystemStats } from './stats.ts'
import { type Subscription, subscribeAsync } from './subscription.ts'
import type { SystemMetrics } from './system-metrics.ts'
import { workerFile } from './worker-file.ts'

/** What `createSystem` puts a system together from. */
export interface SystemParts {
  readonly app: App
  readonly options: CheckedOptions
  readonly booted: Booted
  readonly events: SystemEventEmitter
  readonly deadLetters: DeadLetters
  readonly reports: Reports
  /** Absent without the option. */
  readonly metrics?: SystemMetrics | undefined
  /** Where lines go, when that has an end. */
  readonly log?: { end(within: number): Promise<void> } | undefined
}

/** A running system. */
export class System {
  /** Lifecycle events: of actors, hosts, the store; `all` gets every one. */
  readonly events: SystemEventEmitter
  /** Messages that will not be processed, with the reason. */
  readonly deadLetters: DeadLetters
  /** Activations and timers that are not started any more (F3), and how to release them. */
  readonly quarantine: Pick<Quarantine, 'list' | 'release'>
  /** What was recorded. */
  readonly history: History
  readonly #booted: Booted
  readonly #outside: Outside
  readonly #app: App
  readonly #options: CheckedOptions
  readonly #reports: Reports
  readonly #backups: Backups
  readonly #metrics: SystemMetrics | undefined
  readonly #log: SystemParts['log']
  #closing: Promise<CloseReport> | undefined
  #end!: () => void
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve
  })

  /** Use {@link createSystem}. */
  constructor(parts: SystemParts) {
    this.events = parts.events
    this.deadLetters = parts.deadLetters
    this.history = new History(historySource(parts.booted))
    this.quarantine = parts.booted.quarantine
    this.#booted = parts.booted
    this.#outside = new Outside(parts.booted.peer)
    this.#app = parts.app
    this.#options = parts.options
    this.#reports = parts.reports
    this.#metrics = parts.metrics
    this.#log = parts.log
    const { store, backup, host } = parts.options
    this.#backups = new Backups({
      file: store === 'memory' ? undefined : store,
      plan: backup,
      pool: parts.booted.pool,
      worker: workerFile(host),
      clock: parts.booted.clock,
      events: parts.events,
      faults: parts.booted.faults,
    })
  }

  /**
   * A ref that sends from outside. Always works: the actor is activated by its first message.
   * @throws ADDRESS_INVALID
   */
  ref<M extends Messages>(contract: Contract<M>, key: string | Address): Ref<M> {
    return this.#outside.ref(contract, key)
  }

  /**
   * Publishes to a topic; with a store it is recorded before subscribers get it.
   * @throws ADDRESS_INVALID, SYSTEM_CLOSED
   */
  publish(topic: string, payload: unknown): void {
    this.#outside.publish(topic, payload)
  }

  /**
   * Listens to topics: `*` is one segment, `**` any number. With a callback returns how to stop,
   * without one an async iterable.
   */
  subscribe(pattern: string, listen: (published: Published) => void): () => void
  subscribe(pattern: string, options?: { readonly signal?: AbortSignal }): Subscription
  subscribe(
    pattern: string,
    how: ((published: Published) => void) | { readonly signal?: AbortSignal } = {},
  ): (() => void) | Subscription {
    const { topics } = this.#booted.peer
    if (typeof how === 'function') return topics.listen(pattern, how)
    checkOptions('subscribe', how, { signal: aSignal })
    return subscribeAsync((receive) => topics.listen(pattern, receive), how.signal)
  }

  /**
   * Seals a value to be sent (R5): everything but a handler that reveals it holds it encrypted.
   * @throws SECRET_KEY_MISSING without the option `secrets`; NOT_ENCODABLE, PAYLOAD_TOO_LARGE
   */
  secret<T extends EncodableOf<T>>(value: T): Secret<T> {
    return this.#booted.peer.secrets.seal(value)
  }

  /**
   * The content of a secret, for example of a reply.
   * @throws SECRET_KEY_MISSING, SECRET_WITHHELD, STORE_CORRUPT
   */
  reveal<T>(secret: Secret<T>): T {
    return this.#booted.peer.secrets.open(secret)
  }

  /** Accounting, at once and without disturbing any thread (M4). */
  stats(): SystemStats {
    return readStats(this.#app.actors.keys(), this.#booted.counters, this.#booted.hosts)
  }

  /** Whether there is progress, and what holds it up. */
  async health(): Promise<Health> {
    const closing = this.#closing !== undefined
    const health = await readHealth(this.#booted, this.#reports, closing)
    return { ...health, backup: this.#backups.health }
  }

  /**
   * All metrics as Prometheus reads them, to be served by a server of yours as `metricsContentType`. Waits
   * for no thread that is blocked or dead; the store has a second to answer.
   * @throws OPTION_INVALID without the option `telemetry.metrics`
   */
  async metrics(): Promise<string> {
    if (this.#metrics === undefined) throw notCounted()
    return prometheusText(await this.#metrics.read())
  }

  /**
   * Ends a host's thread at once, whatever it is doing, and has it replaced (F4): for a handler that
   * never returns. False when no such host is up.
   * @param slot as in {@link health}, or `store` for the thread that has the store's file
   */
  killHost(slot: number | 'store'): boolean {
    const { hosts, store } = this.#booted
    return (slot === 'store' ? store?.kill() : hosts?.kill(slot)) ?? false
  }

  /**
   * Kills an actor with everything that it asked others to do, and they in turn: what runs is aborted,
   * what waits and what comes becomes a dead letter (`killed`) and fails its askers with ACTOR_KILLED,
   * until it is revived, also after a restart: it is on disk before anything else. Its reads still
   * answer. `troupe kill FILE ACTOR` does the same from beside this process.
   *
   * A handler that does not heed its signal goes on: see {@link killHost}.
   *
   * @param options `reason` is told to those who ask it
   * @returns when every thread knows
   * @throws ADDRESS_INVALID, OPTION_INVALID
   */
  async kill(who: Address, options: { readonly reason?: string } = {}): Promise<void> {
    checkOptions('kill', options, { reason: aText })
    const { kills, runners } = this.#booted
    kills.kill(addressText('kill', who), options.reason)
    await runners.killed(kills.all)
  }

  /**
   * Lets an actor live again that was killed; its dead letters can be sent again. False when it was not.
   * @throws ADDRESS_INVALID
   */
  async revive(who: Address): Promise<boolean> {
    const { kills, runners } = this.#booted
    const was = kills.revive(addressText('revive', who))
    await runners.killed(kills.all)
    return was
  }

  /** Whom {@link kill} or `troupe kill` killed, oldest first. */
  get killed(): readonly KilledActor[] {
    return this.#booted.kills.all
  }

  /**
   * The headers of the last 1,024 messages that each thread took into hand, oldest first, by slot
   * (-1 is the calling thread). Of a thread that is blocked without addresses and names.
   */
  async flightRecorder(): Promise<ReadonlyMap<number, readonly FlightEntry[]>> {
    const { peer, hosts } = this.#booted
    const flights = (await hosts?.flights()) ?? new Map<number, readonly FlightEntry[]>()
    return flights.set(peer.slot, peer.flight())
  }

  /**
   * Copies the store to a folder of backups while everything goes on, and notes what every actor folds
   * to. All that was acknowledged before the call is in it. One at a time: it begins when the one that
   * runs has ended. See `docs/disaster-recovery.md`.
   *
   * @returns the manifest; its `problems` tell of damage that the store itself has
   * @throws OPTION_INVALID, CANCELLED, SYSTEM_CLOSED, STORE_FULL, STORE_READONLY, STORE_TAIL_LOST
   */
  async backup(folder: string, options: SystemBackupOptions = {}): Promise<Manifest> {
    return await this.#backups.take(folder, options)
  }

  /**
   * Resolves when nothing will happen by itself before a timer is due: by the accounts (M4) no message
   * runs, is on its way or waits, the ones stashed left out, and no ask, signal or record is under way. For
   * tests and scripts.
   *
   * What comes again by itself is waited for: the retry of a turn and the restart or activation of an
   * actor after its back-off, up to 30 s each time and as often as it fails; a thread or store that is being
   * replaced. Not waited for: timers that are not due, and messages that wait for somebody, since their
   * actor is quarantined, cannot be read, or needs other code (F3, D4, D9). Resolves also when the system
   * has closed.
   */
  async quiet(): Promise<void> {
    await Promise.race([calmOf(this.#booted, 'quiet'), this.#ended])
  }

  /**
   * Stops intake, drains, checkpoints and closes, within one deadline (S2). Says what was left over.
   * Calling it again returns the same promise.
   */
  close(): Promise<CloseReport> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** {@link close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<CloseReport> {
    this.#outside.close()
    await this.#backups.close()
    const within = this.#options.closeWithin
    // Some of the time is for the last figures and lines, which are those of the end.
    const own = this.#metrics === undefined && this.#log === undefined ? within : within * 0.9
    const report = await closeSystem(this.#booted, this.#app, own, () => this.stats())
    await Promise.all([this.#metrics?.end(within - own), this.#log?.end(within - own)])
    this.#end()
    return report
  }
}

const notCounted = (): TroupeError =>
  new TroupeError(
    'OPTION_INVALID',
    'system.metrics: this system counts nothing; pass { telemetry: { metrics: {} } } to createSystem',
  )

/** Beside the store where there is a file to read; in its own thread where it is all in memory. */
function historySource({ store, client }: Booted): HistorySource | undefined {
  if (store?.history !== undefined) return (ask) => store.history?.(ask) as never
  return client && ((ask) => client.ask('history', ask))
}
