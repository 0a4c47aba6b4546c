/**
 * What comes up from threads and the store: events, log lines, dead letters, in one place, whatever
 * thread they happened on.
 */
import { decodeError, encodeError, readable } from '../../actors/cell/error-data.ts'
import { type CellEvent, type LogLevel, logRanks } from '../../actors/cell/ports.ts'
import { typeOf } from '../../mailbox/address.ts'
import { decodeFrame, decodeValue } from '../../persistence/codec.ts'
import type { FlightEntry } from '../peer/flight-recorder.ts'
import { letterOf } from '../peer/letter.ts'
import type { PeerSink } from '../peer/peer-options.ts'
import type { UpkeepFailure } from '../store/protocol.ts'
import type { LogLine } from '../telemetry/logs/line.ts'
import type { MetricName } from '../telemetry/metrics/catalogue.ts'
import type { Metering } from '../telemetry/metrics/metering.ts'
import type { LetterData, Report } from '../wire/host-control.ts'
import type { Blocked } from './blocked-hosts.ts'
import type { BootListener } from './boot-listener.ts'
import type { DeadLetters } from './dead-letters.ts'
import { SystemEventEmitter } from './events.ts'
import type { UpkeepHealth } from './health.ts'
import { shownLetter } from './kept-letters.ts'
import { describeMissing, type MissingType } from './orphans.ts'

/** What else is told of. */
interface ReportsOptions {
  readonly metering?: Metering | undefined
  /** Least level of the runtime's own lines; default all. */
  readonly level?: keyof typeof logRanks
}

export class Reports implements BootListener {
  readonly events = new SystemEventEmitter((name, error) =>
    this.#line('error', '', `a listener of "${name}" failed`, { error: shownError(error) }),
  )
  /** Wall time in ms since when the store fails. */
  stalledSince: number | undefined
  /** What of the store's upkeep fails, until it does no more. */
  upkeepFailure: UpkeepHealth | undefined
  /** Types that the store has work for and the app does not know (D9). */
  missing: readonly MissingType[] = []
  readonly #log: (line: LogLine) => void
  readonly #level: keyof typeof logRanks
  readonly #now: () => number
  readonly metering: Metering | undefined
  #letters: DeadLetters | undefined
  #early: LetterData[] = []

  /** @param now wall time in ms */
  constructor(
    log: (line: LogLine) => void,
    now: () => number,
    { metering, level = 'debug' }: ReportsOptions = {},
  ) {
    this.#log = log
    this.#level = level
    this.#now = now
    this.metering = metering
  }

  /** Dead letters go there from now on; those that came before, first. */
  to(letters: DeadLetters): void {
    this.#letters = letters
    for (const letter of this.#early.splice(0)) this.letter(letter)
  }

  /** For the main thread's own peer. */
  readonly sink: PeerSink = {
    event: (event) => this.#event(event),
    deadLetter: (envelope, reason, error, position) => {
      this.letter(letterOf(envelope, reason, error, position, this.#now()))
    },
    log: (level, actor, message, fields = {}, turn) =>
      this.#write({ level, at: this.#now(), actor, message, fields, ...(turn && { turn }) }),
  }

  reported(slot: number, report: Report): void {
    switch (report.kind) {
      case 'up':
      case 'failed':
        return
      case 'event':
        return this.#event(
          report.error === undefined
            ? report.event
            : ({ ...report.event, error: decodeError(report.error) } as CellEvent),
        )
      case 'letters':
        for (const letter of decodeFrame(report.letters) as LetterData[]) this.letter(letter)
        return
      case 'log': {
        const { level, at, actor, message, turn } = report
        const fields = (report.fields === undefined ? {} : decodeValue(report.fields)) as Fields
        return this.#write({ level, at, actor, message, fields, ...(turn && { turn }) })
      }
      case 'lines-dropped':
        return this.linesDropped(report.count, `host ${slot}`)
      case 'unhandled':
        return this.#unhandled(slot, decodeError(report.error))
      case 'cleared':
      case 'spans':
        return
      case 'quarantined':
        return this.#quarantined(report.actor, report.timer)
      default:
        report satisfies never
    }
  }

  hostLost(slot: number, error: unknown, flight: readonly FlightEntry[]): void {
    const last = flight.slice(-8).map(({ id, type }) => `${id} to ${type}`)
    this.#count('troupe_host_deaths_total', String(slot))
    this.#line('error', '', `host ${slot} died and is replaced`, { error: String(error), last })
    this.events.tell({ event: 'host-lost', slot, error, flight })
  }

  hostStarted(slot: number): void {
    this.events.tell({ event: 'host-started', slot })
  }

  hostBlocked(slot: number, turn: Blocked): void {
    const { actor, message, id } = turn
    const fields = { message, id, for: Math.round(turn.for) }
    this.#line('warn', actor, `holds the thread of host ${slot}`, fields)
    this.events.tell({ event: 'host-blocked', slot, ...turn })
  }

  hostRetired(slot: number): void {
    this.#line('error', '', `slot ${slot} died ten times in 60 s and is given up`, {})
    this.events.tell({ event: 'host-retired', slot })
  }

  typesMissing(types: readonly MissingType[]): void {
    if (types.length === 0) return
    this.missing = types
    for (const one of types) this.#line('error', '', describeMissing(one), {})
  }

  /** Nothing is lost by it, but a start takes longer, and the history stays. */
  upkeep(failed: UpkeepFailure | undefined): void {
    if (failed === undefined) {
      this.upkeepFailure = undefined
      return
    }
    const error = decodeError(failed.error)
    const since = this.upkeepFailure?.since ?? this.#now()
    this.upkeepFailure = { work: failed.work, error, since }
    this.#line('error', '', `${failed.work} of the store failed`, { error: String(error) })
    this.events.tell({ event: 'upkeep-failed', work: failed.work, error })
  }

  storeState(stalled: boolean, error: unknown): void {
    if (!stalled) {
      this.stalledSince = undefined
      return this.events.tell({ event: 'store-resumed' })
    }
    this.stalledSince ??= this.#now()
    const cause = error === undefined ? undefined : decodeError(error)
    this.#line('error', '', 'the store fails and is being reopened', { error: String(cause) })
    this.events.tell({ event: 'store-stalled', error: cause })
  }

  #event(event: CellEvent): void {
    if (event.event === 'turn-failed') this.#count('troupe_turns_failed_total', typeOf(event.actor))
    if (event.event === 'actor-restarted') {
      this.#count('troupe_restarts_total', typeOf(event.actor))
      this.#line('warn', event.actor, `restarts in ${Math.round(event.backoff)} ms`, {
        error: String(event.error),
        restarts: event.restarts,
      })
    }
    this.events.tell(event)
  }

  #quarantined(actor: string, timer: string | undefined): void {
    this.#count('troupe_quarantines_total')
    this.#line('error', actor, 'quarantined: in hand both times its thread or the process died', {
      ...(timer !== undefined && { timer }),
    })
    this.events.tell({ event: 'quarantined', actor, ...(timer !== undefined && { timer }) })
  }

  #unhandled(slot: number, error: unknown): void {
    this.#line('error', '', `a promise rejected in host ${slot} and nobody looked`, {
      error: String(error),
    })
    this.events.tell({ event: 'unhandled-rejection', slot, error })
  }

  letter(data: LetterData): void {
    if (this.#letters !== undefined) this.#count('troupe_dead_letters_total', data.reason)
    if (this.#letters === undefined) return void this.#early.push(data)
    const kept = this.#letters.add(data)
    if (!this.events.hears('dead-letter')) return
    this.events.tell({ event: 'dead-letter', letter: shownLetter(kept) })
  }

  #count(metric: MetricName, label?: string): void {
    this.metering?.main.increase(metric, 1, label)
  }

  /** Lines came faster than they could be written. @param whence who had them */
  linesDropped(count: number, whence: string): void {
    this.metering?.main.increase('troupe_log_lines_dropped_total', count)
    this.#line('warn', '', `${count} log lines of ${whence} were dropped`, { count })
  }

  #line(level: LogLevel, actor: string, message: string, fields: Fields): void {
    if (logRanks[level] < logRanks[this.#level]) return
    this.#write({ level, at: this.#now(), actor, message, fields })
  }

  /** A log that fails must not fail what it tells of. */
  #write(line: LogLine): void {
    this.#count('troupe_log_lines_total', line.level)
    try {
      this.#log(line)
    } catch (error) {
      process.stderr.write(
        `troupe error the function of option "log" threw: ${shownError(error)}\n`,
      )
    }
  }
}

type Fields = LogLine['fields']

/** It came from user code and may be anything. */
function shownError(error: unknown): string {
  const { name, message } = encodeError(readable(error))
  return `${name}: ${message}`
}
