/**
 * Where finished spans leave the process: OpenTelemetry's batching in front of an exporter. Loads its
 * libraries when it is opened, and only then.
 *
 * Owns the bound: a span that finds `queue` others on their way is dropped and counted, and an exporter
 * that fails or throws is counted and reported, and disturbs nobody.
 */
import type { Link, SpanContext } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { BatchSpanProcessor, ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'
import { notInstalled } from '../../../actors/agents/models/optional.ts'
import { conventionsRevision } from '../../../actors/span-names.ts'
import { packageVersion } from '../../../mailbox/package-version.ts'
import type { Kind, SpanData } from './live-span.ts'
import type { TraceExporter, TracePlan } from './options.ts'

/** What became of spans so far. */
export interface OutletCounts {
  readonly exported: number
  /** By an exporter that failed. */
  readonly failed: number
  /** For want of room. */
  readonly dropped: number
  /** Of the last export that failed; undefined since one has gone well. */
  readonly error: unknown
}

const sampled = 1
const success = 0
/** As `SpanKind` and `SpanStatusCode` of the API number them. */
const kinds: Readonly<Record<Kind, number>> = {
  internal: 0,
  client: 2,
  producer: 3,
  consumer: 4,
}
const statusOk = Object.freeze({ code: 0 })
const statusError = Object.freeze({ code: 2 })

export class Outlet {
  readonly #processor: BatchSpanProcessor
  readonly #resource: Resource
  readonly #scope: ReadableSpan['instrumentationScope']
  readonly #most: number
  #onTheWay = 0
  #exported = 0
  #failed = 0
  #dropped = 0
  #error: unknown
  /** Ends of exports that are out. */
  readonly #open = new Set<(error: unknown) => void>()

  /** @throws PACKAGE_MISSING */
  static async open(plan: TracePlan, changed: (error: unknown) => void): Promise<Outlet> {
    const sdk = await import('@opentelemetry/sdk-trace').catch(
      notInstalled('@opentelemetry/sdk-trace'),
    )
    const resources = await import('@opentelemetry/resources').catch(
      notInstalled('@opentelemetry/resources'),
    )
    const exporter = plan.exporter ?? (await otlpExporter(plan))
    const own = { 'service.name': 'troupe', ...plan.resource }
    const resource = resources.defaultResource().merge(resources.resourceFromAttributes(own))
    return new Outlet(plan, resource, sdk.BatchSpanProcessor, exporter, changed)
  }

  private constructor(
    { queue, every }: TracePlan,
    resource: Resource,
    Processor: typeof BatchSpanProcessor,
    exporter: TraceExporter,
    changed: (error: unknown) => void,
  ) {
    this.#resource = resource
    this.#most = queue
    this.#scope = {
      name: 'troupe',
      version: packageVersion(),
      schemaUrl: `https://opentelemetry.io/schemas/${conventionsRevision}`,
    }
    this.#processor = new Processor({
      exporter: this.#counted(exporter, changed),
      maxQueueSize: queue,
      maxExportBatchSize: Math.min(queue, 512),
      scheduledDelayMillis: every,
    })
  }

  /** Always well to its processor: what fails is told by the counts. */
  #counted(exporter: TraceExporter, changed: (error: unknown) => void): SpanExporter {
    const settled = (spans: number, error: unknown): void => {
      this.#onTheWay -= spans
      if (error === undefined) this.#exported += spans
      else this.#failed += spans
      const isNews = (error === undefined) !== (this.#error === undefined)
      this.#error = error
      if (isNews) changed(error)
    }
    return {
      export: (spans, done) => {
        let isDone = false
        const end = (error: unknown): void => {
          if (isDone) return
          isDone = true
          this.#open.delete(end)
          settled(spans.length, error)
          done({ code: success })
        }
        this.#open.add(end)
        try {
          exporter.export(spans, ({ code, error }) => {
            end(code === success ? undefined : (error ?? new Error('the exporter failed')))
          })
        } catch (error) {
          end(error ?? new Error('the exporter threw'))
        }
      },
      shutdown: () => exporter.shutdown(),
      forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    }
  }

  get counts(): OutletCounts {
    return {
      exported: this.#exported,
      failed: this.#failed,
      dropped: this.#dropped,
      error: this.#error,
    }
  }

  add(span: SpanData): void {
    if (this.#onTheWay >= this.#most) {
      this.#dropped += 1
      return
    }
    this.#onTheWay += 1
    this.#processor.onEnd(this.#readable(span))
  }

  /** Sends what waits, and ends. Never rejects; may take as long as its exporter. */
  async close(): Promise<void> {
    await this.#processor.shutdown().catch(() => undefined)
  }

  /** Waits no longer for exports that are out: nothing of them keeps the process. */
  giveUp(): void {
    for (const end of [...this.#open])
      end(new Error('the system closed before the exporter answered'))
  }

  #readable(span: SpanData): ReadableSpan {
    const { traceId, start, end } = span
    const context = (spanId: string): SpanContext => ({ traceId, spanId, traceFlags: sampled })
    const own = context(span.spanId)
    return {
      name: span.name,
      kind: kinds[span.kind],
      spanContext: () => own,
      ...(span.parentId !== undefined && { parentSpanContext: context(span.parentId) }),
      startTime: hrTime(start),
      endTime: hrTime(end),
      duration: hrTime(end - start),
      status: span.isFailed ? statusError : statusOk,
      attributes: span.attributes as ReadableSpan['attributes'],
      links: span.links.map((spanId): Link => ({ context: context(spanId) })),
      events: [],
      ended: true,
      resource: this.#resource,
      instrumentationScope: this.#scope,
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    }
  }
}

function hrTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1_000) * 1e6))]
}

/** Ms for one export, its retries included: so long may one keep a process whose system has closed. */
const exportWithin = 3_000

async function otlpExporter({ endpoint, headers }: TracePlan): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto').catch(
    notInstalled('@opentelemetry/exporter-trace-otlp-proto'),
  )
  return new OTLPTraceExporter({
    ...(endpoint !== undefined && { url: endpoint }),
    headers: { ...headers },
    timeoutMillis: exportWithin,
  })
}
