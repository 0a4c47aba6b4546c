/**
 * A host: one worker thread that runs many actors. Puts a peer together from what the main thread
 * sent, and offers the control plane's calls.
 */
import type { MessagePort } from 'node:worker_threads'
import type { App } from '../../actors/app.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { type Clock, SystemClock } from '../../mailbox/clock.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import { Hand, handFile, handMemory } from '../../persistence/hand-file.ts'
import { Keyring } from '../../persistence/keyring.ts'
import { BusyNote } from '../peer/busy-note.ts'
import { Counters } from '../peer/counters.ts'
import { FlightRecorder } from '../peer/flight-recorder.ts'
import { hostDeps } from '../peer/host-deps.ts'
import { letterOf } from '../peer/letter.ts'
import { Peer } from '../peer/peer.ts'
import { PeerLinks } from '../peer/peer-links.ts'
import type { PeerSink } from '../peer/peer-options.ts'
import { reportedStarts } from '../peer/reported-starts.ts'
import type { Starts } from '../peer/starts.ts'
import { StoreConnection } from '../peer/store-connection.ts'
import type { FromStore } from '../store/protocol.ts'
import { MetricPage } from '../telemetry/metrics/page.ts'
import { ThreadMeter } from '../telemetry/metrics/thread-meter.ts'
import { type HostTracing, hostTracing } from '../telemetry/traces/host-tracing.ts'
import type {
  Calm,
  HostControl,
  HostStart,
  Report,
  StoreStart,
  WardStart,
} from '../wire/host-control.ts'
import { Placement } from '../wire/placement.ts'
import { LetterPost } from './letter-post.ts'
import { LogPost } from './log-post.ts'

export class Host {
  readonly #peer: Peer
  readonly #links: PeerLinks
  readonly #placement: Placement
  readonly #start: HostStart
  readonly #app: App
  readonly #counters: Counters
  readonly #letters: LetterPost
  readonly #traces: HostTracing | undefined
  readonly #lines: LogPost
  #storePort: MessagePort | undefined
  #connection: StoreConnection | undefined
  /** What wants to run before `go`. */
  #waiting: (() => void)[] | undefined = []
  #ended!: () => void
  /** Resolves when the host has stopped; its rejection is the thread's death. */
  readonly ended = new Promise<void>((resolve) => {
    this.#ended = resolve
  })

  constructor(app: App, start: HostStart, faults?: Faults) {
    this.#app = app
    this.#start = start
    this.#placement = new Placement(start.plan)
    for (const slot of start.retired) this.#placement.retire(slot)
    const clock = new SystemClock()
    this.#letters = new LetterPost((letters) => {
      start.reports.postMessage({ kind: 'letters', letters } satisfies Report, [letters.buffer])
    })
    this.#traces = tracingOf(start, clock)
    this.#lines = new LogPost(start.reports, start.logs, () => clock.wall())
    this.#counters = new Counters(app.actors.keys(), start.counters)
    this.#peer = new Peer({
      slot: start.slot,
      actors: app.actors,
      deps: hostDeps(app, () => this.#peer),
      placement: this.#placement,
      clock,
      counters: this.#counters,
      flight: new FlightRecorder(start.flight),
      busy: new BusyNote(start.busy),
      origin: start.origin,
      development: start.development,
      residency: start.residency,
      poll: start.poll,
      secrets: new Keyring(start.secrets),
      meter: meterOf(app, start),
      logRank: start.logRank,
      sink: reporter(start.reports, this.#letters, this.#lines, () => clock.wall()),
      jitter: Math.random,
      soon: (run) => this.#soon(run),
      faults,
      tracing: this.#traces?.tracing,
    })
    if (start.hand !== undefined) this.#peer.starts = startsOf(start, start.hand)
    this.#links = new PeerLinks(this.#peer, app.actors.keys())
    if (start.store !== undefined) this.#connectStore(start.store)
  }

  #connectStore(port: MessagePort): void {
    const { slot, epoch, position } = this.#start
    this.#storePort = port
    this.#connection = new StoreConnection(
      this.#peer,
      { post: (message, transfer = []) => this.#storePort?.postMessage(message, transfer) },
      { slot, epoch, position },
      { vouched: (seq, position) => this.#counters.vouch(seq, position) },
    )
    this.#hear(port)
  }

  #hear(port: MessagePort): void {
    port.on('message', (message: FromStore) => this.#connection?.receive(message))
  }

  async #rejoinStore({ port }: StoreStart): Promise<number> {
    this.#storePort?.close()
    this.#storePort = port
    this.#hear(port)
    return (await this.#connection?.rejoin()) ?? 1
  }

  #retire(slot: number): void {
    this.#placement.retire(slot)
    this.#links.retire(slot)
    // Some of its actors live here now.
    this.#peer.waker?.begin()
  }

  get control(): HostControl {
    return {
      link: (start) => this.#links.add(start),
      unlink: (slot) => this.#links.lose(slot),
      retire: (slot) => this.#retire(slot),
      replaced: (slot) => this.#peer.slotReplaced(slot),
      tryAlone: (ward) => this.#tryAlone(ward),
      pardon: (key, actor) => {
        this.#peer.starts?.release(key)
        if (this.#peer.livesHere(actor)) this.#peer.wake(actor)
      },
      killed: (all) => this.#peer.kill(all),
      go: () => {
        this.#peer.pump.tryAll()
        this.#go()
      },
      calm: (calm) => this.#calm(calm),
      stopIntake: () => this.#peer.routing.stopIntake(),
      flight: () => this.#peer.flight(),
      oldestWaiting: () => this.#peer.oldestWaiting,
      rejoinStore: (start) => this.#rejoinStore(start),
      stop: () => this.#stop(),
    }
  }

  /** Who asks looks at what came of it next. */
  async #calm(calm: Calm): Promise<boolean> {
    await this.#peer.pump.calm(calm)
    this.#letters.flush()
    return this.#peer.isAwaiting
  }

  /** Before `go` nothing runs: not everybody who may send or be told is linked yet. */
  #soon(run: () => void): void {
    if (this.#waiting === undefined) setImmediate(run)
    else this.#waiting.push(run)
  }

  async #tryAlone({ suspects, actors }: WardStart): Promise<void> {
    this.#peer.starts?.know(suspects)
    if (actors.length === 0) return
    this.#peer.pump.holdAll()
    this.#go()
    await this.#peer.pump.tryAlone(actors)
  }

  #go(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const run of waiting) setImmediate(run)
    this.#peer.waker?.begin()
  }

  async #stop(): Promise<void> {
    this.#peer.flushAll()
    this.#letters.flush()
    this.#lines.tellDropped()
    this.#peer.starts?.close()
    await this.#peer.dispose(this.#app.dispose as ((deps: unknown) => unknown) | undefined)
    this.#traces?.post.flush()
    this.#links.close()
    this.#storePort?.close()
    this.#start.reports.close()
    // The answer to this call leaves first.
    setImmediate(() => {
      this.#start.control.close()
      this.#ended()
    })
  }
}

function meterOf(app: App, { slot, metrics }: HostStart): ThreadMeter | undefined {
  if (metrics === undefined) return undefined
  return new ThreadMeter(new MetricPage(metrics), slot, app.actors.keys())
}

function startsOf({ slot, reports }: HostStart, hand: string | SharedArrayBuffer): Starts {
  const medium = typeof hand === 'string' ? handFile(hand, slot) : handMemory(hand)
  return reportedStarts(new Hand(medium), (report) => reports.postMessage(report))
}

function tracingOf({ traces, slot, reports }: HostStart, clock: Clock): HostTracing | undefined {
  if (traces === undefined) return undefined
  return hostTracing(traces, slot, clock, (spans) => {
    reports.postMessage({ kind: 'spans', spans } satisfies Report, [spans.buffer])
  })
}

/** Sends what happens here to the main thread. */
function reporter(
  port: MessagePort,
  letters: LetterPost,
  lines: LogPost,
  now: () => number,
): PeerSink {
  const report = (message: Report): void => port.postMessage(message)
  return {
    event: (event) => {
      if (!('error' in event)) return report({ kind: 'event', event })
      report({
        kind: 'event',
        event: { ...event, error: undefined },
        error: encodeError(event.error),
      })
    },
    deadLetter: (envelope, reason, error, position) => {
      letters.add(letterOf(envelope, reason, error, position, now()))
    },
    log: (...line) => lines.add(...line),
  }
}
