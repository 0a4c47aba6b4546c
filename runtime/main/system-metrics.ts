/**
 * The metrics of a running system: what threads counted, and what is looked up when somebody asks.
 *
 * Does not own what there is (`telemetry/metrics/catalogue.ts`) nor how it is told.
 */
import type { App } from '../../actors/app.ts'
import type { MetricName } from '../telemetry/metrics/catalogue.ts'
import type { Gauges, Metering } from '../telemetry/metrics/metering.ts'
import type { MetricPlan } from '../telemetry/metrics/options.ts'
import type { MetricExport } from '../telemetry/metrics/otlp.ts'
import type { Sampled } from '../telemetry/metrics/totals.ts'
import type { Booted } from './boot.ts'
import { soon } from './soon.ts'
import { readStats } from './stats.ts'

export interface MeasuredSystem {
  readonly app: App
  readonly booted: Booted
  readonly reports: { readonly stalledSince: number | undefined }
  readonly metering: Metering
}

export class SystemMetrics {
  readonly #system: MeasuredSystem
  #export: MetricExport | undefined
  #isOver = false

  constructor(system: MeasuredSystem) {
    this.#system = system
  }

  /**
   * From now on they are sent, if anywhere.
   * @throws PACKAGE_MISSING
   */
  async begin(plan: MetricPlan['export']): Promise<void> {
    if (plan === undefined) return
    const { clock } = this.#system.booted
    const { exportMetrics } = await import('../telemetry/metrics/otlp.ts')
    const now = (): number => clock.wall()
    this.#export = await exportMetrics(plan, { since: now(), now, read: () => this.read() })
  }

  /**
   * The system has closed: the last figures are sent, and stay to be read.
   * @param within ms for that
   */
  async end(within: number): Promise<void> {
    this.#isOver = true
    await this.#export?.end(within)
  }

  /** Of all threads, the dead included. */
  async read(): Promise<Sampled[]> {
    return this.#system.metering.read(await this.#gauges())
  }

  async #gauges(): Promise<Gauges> {
    const { booted, reports } = this.#system
    const { hosts, client, clock } = booted
    const isStalled = reports.stalledSince !== undefined
    // A store that is closed or stalled has no answer.
    const stats = isStalled || this.#isOver ? undefined : await soon(client?.ask('stats', {}))
    const age = stats && Math.max(0, clock.wall() - stats.checkpointed) / 1_000
    return {
      ...this.#waiting(),
      ...one('troupe_hosts_running', hosts?.running.size ?? 0),
      ...one('troupe_store_stalled', client && (isStalled ? 1 : 0)),
      ...one('troupe_checkpoint_age_seconds', age),
    }
  }

  #waiting(): Gauges {
    const { app, booted } = this.#system
    const { waiting } = readStats(app.actors.keys(), booted.counters, booted.hosts)
    const all = Object.values(waiting)
    const lanes = ['control', 'high', 'normal', 'low'] as const
    const depth = (lane: (typeof lanes)[number]): number =>
      all.reduce((sum, { byLane }) => sum + byLane[lane], 0)
    return {
      troupe_mailbox_depth: lanes.map((lane) => [[lane], depth(lane)]),
      ...one(
        'troupe_store_waiting_messages',
        all.reduce((sum, { inStore }) => sum + inStore, 0),
      ),
    }
  }
}

const one = (name: MetricName, value: number | undefined): Gauges => ({ [name]: [[[], value]] })
