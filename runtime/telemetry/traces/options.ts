/** What traces may be told, checked once at the edge. */
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  aBoolean,
  aDuration,
  anInteger,
  anObject,
  checkOptions,
  type OptionCheck,
} from '../../../mailbox/options.ts'

/** Where finished spans go: a `SpanExporter` of OpenTelemetry's SDK. It lives on the main thread. */
export interface TraceExporter {
  /**
   * Takes ended spans; `done` is called once, with code 0 when they are out.
   *
   * @param spans its `ReadableSpan`s
   */
  export(
    spans: object[],
    done: (result: { readonly code: number; readonly error?: Error }) => void,
  ): void
  /** The last call: resolves when everything it took is out, or given up. */
  shutdown(): Promise<void>
  /** Resolves when everything it took so far is out. */
  forceFlush?(): Promise<void>
}

/** Which traces to record, and where they go: to `endpoint` or to `exporter`, one of the two. */
export interface TraceOptions {
  /** Where to send them by OTLP over HTTP: `http://localhost:4318/v1/traces`. */
  readonly endpoint?: string
  /** Headers of every request to the endpoint, such as an API key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Your own way out, instead of an endpoint. */
  readonly exporter?: TraceExporter
  /** Which share of traces to record, 0 to 1; decided where one begins. Default 1: all. */
  readonly sampling?: number
  /** Record also what was said: payloads, prompts, answers, arguments of tools. Default false. */
  readonly content?: boolean
  /** Attributes of this process, such as `{ 'service.name': 'support' }`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
  /** Most spans that wait to be exported; further ones are dropped and counted. Default 4,096. */
  readonly queue?: number
  /** Ms between two exports. Default 1,000. */
  readonly every?: number
}

/** {@link TraceOptions}, checked. */
export interface TracePlan {
  readonly endpoint: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly exporter: TraceExporter | undefined
  readonly sampling: number
  readonly content: boolean
  readonly resource: Readonly<Record<string, string | number | boolean>>
  readonly queue: number
  readonly every: number
}

const what = 'createSystem telemetry.traces'

const anEndpoint: OptionCheck = (value) =>
  typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
    ? undefined
    : 'an http or https URL, for example "http://localhost:4318/v1/traces"'

const anExporter: OptionCheck = (value) =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<TraceExporter>).export === 'function' &&
  typeof (value as Partial<TraceExporter>).shutdown === 'function'
    ? undefined
    : 'a SpanExporter of @opentelemetry/sdk-trace'

const aSharing: OptionCheck = (value) =>
  typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1'

const texts: OptionCheck = (value) =>
  isRecordOf(value, ['string']) ? undefined : 'an object of texts'

const attributes: OptionCheck = (value) =>
  isRecordOf(value, ['string', 'number', 'boolean'])
    ? undefined
    : 'an object of texts, numbers and flags'

function isRecordOf(value: unknown, types: readonly string[]): boolean {
  if (anObject(value) !== undefined || Array.isArray(value)) return false
  return Object.values(value as object).every((one) => types.includes(typeof one))
}

const checks = {
  endpoint: anEndpoint,
  headers: texts,
  exporter: anExporter,
  sampling: aSharing,
  content: aBoolean,
  resource: attributes,
  queue: anInteger(1, 1_000_000),
  every: aDuration,
}

/** @throws OPTION_INVALID */
export function checkTraces(options: TraceOptions | undefined): TracePlan | undefined {
  if (options === undefined) return undefined
  checkOptions(what, options, checks)
  const { endpoint, exporter, headers } = options
  if ((endpoint === undefined) === (exporter === undefined)) {
    throw new TroupeError('OPTION_INVALID', `${what}: give "endpoint" or "exporter", one of them`)
  }
  if (exporter !== undefined && headers !== undefined) {
    throw new TroupeError('OPTION_INVALID', `${what}: "headers" go with "endpoint" only`)
  }
  return Object.freeze({
    endpoint,
    exporter,
    headers: headers ?? {},
    sampling: options.sampling ?? 1,
    content: options.content ?? false,
    resource: options.resource ?? {},
    queue: options.queue ?? 4_096,
    every: Math.min(options.every ?? 1_000, 60_000),
  })
}
