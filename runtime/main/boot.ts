/**
 * The start of a system:
 *
 *   store open ──► epochs, origins ──► hosts up ──► links ──► waiting work known ──► go ──► intake
 *
 * Owns the order, and what a start that fails takes down again. Does not own what each part is made of:
 * what needs nobody (`ground.ts`), what it stands on (`system-ports.ts`), the hosts (`make-hosts.ts`).
 */
import type { App } from '../../actors/app.ts'
import { encodeError } from '../../actors/cell/error-data.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Faults } from '../../mailbox/fault-points.ts'
import type { Counters } from '../peer/counters.ts'
import type { Peer } from '../peer/peer.ts'
import type { PeerLinks } from '../peer/peer-links.ts'
import type { StoreClient } from '../peer/store-client.ts'
import type { StoreConnection } from '../peer/store-connection.ts'
import {
  closeTelemetry,
  openTelemetry,
  type Telemetry,
  type TelemetryParts,
} from '../telemetry/telemetry.ts'
import { loadFaults } from '../wire/fault-module.ts'
import type { Report } from '../wire/host-control.ts'
import { mainSlot, slotCount } from '../wire/placement.ts'
import type { BootListener } from './boot-listener.ts'
import type { EndingClock } from './ending-clock.ts'
import { tellEndsOfProcess } from './ends-untold.ts'
import { type Ground, layGround } from './ground.ts'
import type { Hosts } from './hosts.ts'
import { Kills } from './kills.ts'
import { connectMain } from './main-store.ts'
import { makeHosts } from './make-hosts.ts'
import type { CheckedOptions } from './options.ts'
import { Origins } from './origins.ts'
import { Orphans } from './orphans.ts'
import { ThreadPool } from './pool.ts'
import { Quarantine } from './quarantine.ts'
import type { Runners } from './runners.ts'
import { SoleThread } from './sole-thread.ts'
import type { StoreHome } from './store-home.ts'
import { livePorts, type SystemPorts } from './system-ports.ts'
import { countWaiting, wardOf } from './waiting-work.ts'

/** A system put together and running. */
export interface Booted {
  readonly clock: EndingClock
  readonly peer: Peer
  readonly links: PeerLinks
  readonly counters: Counters
  readonly hosts: Hosts | undefined
  readonly store: StoreHome | undefined
  readonly client: StoreClient | undefined
  readonly pool: ThreadPool | undefined
  readonly quarantine: Quarantine
  readonly kills: Kills
  readonly runners: Runners
  readonly faults: Faults | undefined
  readonly telemetry: Telemetry
}

/** @throws what a store or an app can refuse a start with; then nothing of it is left running */
export async function boot(
  app: App,
  options: CheckedOptions,
  listener: BootListener,
  ports: SystemPorts = livePorts(),
): Promise<Booted> {
  checkStore(app, options)
  const faults = await loadFaults(options.faults, { role: 'main' })
  const telemetry = await telemetryOf(options, listener, ports)
  const start = new Start(layGround({ app, options, listener, ports, faults, telemetry }))
  try {
    return await Promise.race([start.run(), start.storeFell])
  } catch (error) {
    await start.takeApart()
    throw error
  }
}

/** @throws PACKAGE_MISSING */
function telemetryOf(
  { telemetry: plan }: CheckedOptions,
  { sink }: BootListener,
  { clock }: SystemPorts,
): Promise<Telemetry> {
  const warn: TelemetryParts['warn'] = (message, fields) => sink.log('warn', '', message, fields)
  return openTelemetry({ plan, clock, slot: mainSlot, warn })
}

/** @throws OPTION_INVALID when durable actors have nowhere to be durable */
function checkStore(app: App, options: CheckedOptions): void {
  if (options.store !== undefined) return
  for (const [type, { behavior }] of app.actors) {
    if (!behavior.durable) continue
    throw new TroupeError(
      'OPTION_INVALID',
      `createSystem: actor "${type}" is durable and needs a store: pass { store: './app.db' }, or { store: 'memory' } to remember only while the process runs`,
    )
  }
}

/** What is remembered of earlier processes. */
interface Memory {
  readonly store: StoreHome | undefined
  readonly main: StoreConnection | undefined
  readonly quarantine: Quarantine
  readonly kills: Kills
}

/** One start: what it has made so far, and what comes next. */
class Start {
  readonly #ground: Ground
  readonly #pool: ThreadPool | undefined
  #store: StoreHome | undefined
  #hosts: Hosts | undefined
  #kills: Kills | undefined
  #failed!: (error: unknown) => void
  /** Who asked a store's thread that has died would wait for ever. */
  readonly storeFell = new Promise<never>((_, reject) => {
    this.#failed = (error) => reject(storeDied(error))
  })

  constructor(ground: Ground) {
    this.#ground = ground
    this.#pool = poolOf(ground)
  }

  async run(): Promise<Booted> {
    const { peer, faults } = this.#ground
    const memory = await this.#openStore()
    const origins = new Origins(memory.main?.client)
    peer.adoptOrigin(await origins.next())
    const runners = this.#makeRunners(memory, origins)
    memory.quarantine.listen({
      released: (key, actor) => void runners.pardon(key, actor),
      changed: (all) => void memory.store?.quarantine(all),
    })
    await runners.start()
    await runners.killed(memory.kills.all)
    memory.kills.listen(() => void runners.killed(memory.kills.all))
    faults?.('boot:hosts-up')
    this.#watchStore(memory)
    await this.#takeStock(memory, runners)
    faults?.('boot:before-intake')
    // From here on every thread wakes those that live there.
    await runners.go()
    peer.waker?.begin()
    await memory.store?.quarantine(memory.quarantine.list())
    await memory.store?.start()
    return this.#booted(memory, runners)
  }

  async #openStore(): Promise<Memory> {
    const { options, listener, ports, peer, faults } = this.#ground
    const store = await ports.openStore({ ...this.#ground, pool: this.#pool })
    faults?.('boot:store-open')
    this.#store = store
    store?.watch({ fell: this.#failed, back: () => Promise.resolve() })
    const quarantine = new Quarantine(fileOf(options), faults)
    this.#kills = new Kills(fileOf(options), this.#ground.clock)
    const main = store && (await connectMain(peer, store, listener))
    return { store, main, quarantine, kills: this.#kills }
  }

  #makeRunners({ store, main, quarantine, kills }: Memory, origins: Origins): Runners {
    const { options, listener, placement, peer, telemetry } = this.#ground
    const client = main?.client
    const suspectsOf = (slot: number) => wardOf(slot, quarantine, client, placement)
    const reported = (slot: number, report: Report): void => {
      if (report.kind === 'spans') telemetry.traces?.arrived(slot, report.spans)
      quarantine.hear(report)
      listener.reported(slot, report)
    }
    if (this.#pool === undefined) {
      return new SoleThread({
        peer,
        file: fileOf(options),
        ward: () => suspectsOf(mainSlot),
        reported: (report) => reported(mainSlot, report),
      })
    }
    const killed = () => kills.all
    const opened = { pool: this.#pool, store, client, quarantine, origins }
    const needs = { ...opened, suspectsOf, killed, reported }
    this.#hosts = makeHosts(this.#ground, needs)
    return this.#hosts
  }

  /** From here on everybody can be connected anew. */
  #watchStore({ store, main }: Memory): void {
    const { listener } = this.#ground
    store?.watch({
      fell: (error) => listener.storeState(true, encodeError(error)),
      back: async () => {
        await main?.rejoin()
        await this.#hosts?.rejoinStore()
        listener.storeState(false, undefined)
      },
    })
  }

  /** What earlier processes left to do: counted, and tried alone where it may have killed one (F3). */
  async #takeStock({ main, quarantine }: Memory, runners: Runners): Promise<void> {
    const { app, listener, peer, counters } = this.#ground
    const client = main?.client
    if (client !== undefined) {
      const isKnown = (type: string): boolean => peer.definition(type) !== undefined
      quarantine.waiting(await countWaiting(client, counters, isKnown))
      await tellEndsOfProcess(peer, client, app.actors)
    }
    await runners.tryAlone()
    if (client === undefined) return
    listener.typesMissing(await new Orphans(peer, client, app, listener.sink).settle())
  }

  #booted({ store, main, quarantine, kills }: Memory, runners: Runners): Booted {
    const { clock, peer, links, counters, faults, telemetry } = this.#ground
    const [hosts, pool, client] = [this.#hosts, this.#pool, main?.client]
    const threads = { clock, peer, links, counters, hosts, runners, pool }
    return { ...threads, store, client, quarantine, kills, faults, telemetry }
  }

  /** The start's own error is the one to report, not what its end runs into. */
  async takeApart(): Promise<void> {
    this.#ground.clock.end()
    await this.#hosts?.stop(Promise.resolve())
    this.#kills?.close()
    await this.#store?.close().catch(() => undefined)
    await this.#pool?.destroy()
    await closeTelemetry(this.#ground.telemetry, Promise.resolve())
  }
}

/** Four more threads than hosts: store, archivist, history queries, a backup; made on demand. */
function poolOf({ plan, options }: Ground): ThreadPool | undefined {
  const slots = slotCount(plan)
  if (slots === 0) return undefined
  return new ThreadPool(slots + 4, options.hostMemory, { faults: options.faults })
}

/** The file behind the store, if there is one. */
function fileOf({ store }: CheckedOptions): string | undefined {
  return store === 'memory' ? undefined : store
}

function storeDied(cause: unknown): TroupeError {
  return new TroupeError(
    'STORE_STALLED',
    'the thread of the store died while the system started; start it again',
    { cause },
  )
}
