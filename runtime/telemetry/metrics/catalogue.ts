/**
 * Every metric that troupe has, once: name, kind, unit, labels, buckets. What is exposed, exported and
 * documented is read from here; a test holds the table of `docs/telemetry.md` equal to it.
 *
 * Names are Prometheus's: base units, `_total` for what only grows. OTLP has the same ones but for those
 * that the GenAI conventions of OpenTelemetry name (revision 1.41, in development). No label is the id of
 * a user, a session, an actor or a message.
 */
import type { AddedMetric, ObservedMetric } from '../../../actors/meter.ts'

export interface Metric {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** As UCUM writes it: `s`, `By`, `{token}`. */
  readonly unit: string
  /** As OTLP has them; Prometheus writes `_` for each dot. */
  readonly labels?: readonly string[]
  /**
   * Labels whose values programs and users choose. Beyond {@link openSeries} series they are `other`.
   */
  readonly open?: readonly string[]
  /** Upper bounds of a histogram, ascending. */
  readonly buckets?: readonly number[]
  /** Its name in OTLP where that is another one. */
  readonly otlp?: string
}

/** Series of a metric with open labels, before the others become one. */
export const openSeries = 64
/** The value of an open label beyond that. */
export const other = 'other'

/** Model calls and agents take from milliseconds to minutes. */
const longTimes = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 90, 120]
/** Mailboxes, commits and event loops take from microseconds to seconds. */
const shortTimes = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5,
]
const waitTimes = [...shortTimes, 10, 30, 60, 120]
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576]
const sizes = [256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304]

const model = 'gen_ai.request.model'
const operation = 'gen_ai.operation.name'
const failure = 'error.type'

/** In the order in which they are shown. */
export const catalogue = Object.freeze({
  agent_queries_total: {
    kind: 'counter',
    help: 'Queries that agents have answered or failed to answer.',
    unit: '{query}',
    labels: ['query_type', 'status'],
    open: ['query_type'],
  },
  agent_query_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the start of an agent turn to its answer.',
    unit: 's',
    labels: ['query_type'],
    open: ['query_type'],
    buckets: longTimes,
  },
  agent_active_queries: {
    kind: 'gauge',
    help: 'Queries that agents are working on.',
    unit: '{query}',
  },
  agent_cache_hits_total: {
    kind: 'counter',
    help: 'Lookups that a cache answered without a call of its own, stale and shared answers included.',
    unit: '{lookup}',
    labels: ['cache_type'],
    open: ['cache_type'],
  },
  troupe_cache_misses_total: {
    kind: 'counter',
    help: 'Lookups for which a cache began a call.',
    unit: '{lookup}',
    labels: ['cache_type'],
    open: ['cache_type'],
  },
  troupe_turns_total: {
    kind: 'counter',
    help: 'Turns begun, retries included.',
    unit: '{turn}',
    labels: ['actor_type'],
    open: ['actor_type'],
  },
  troupe_turns_failed_total: {
    kind: 'counter',
    help: 'Attempts at a turn that failed.',
    unit: '{turn}',
    labels: ['actor_type'],
    open: ['actor_type'],
  },
  troupe_mailbox_depth: {
    kind: 'gauge',
    help: 'Messages that wait in mailboxes, by lane.',
    unit: '{message}',
    labels: ['lane'],
  },
  troupe_store_waiting_messages: {
    kind: 'gauge',
    help: 'Messages that wait in the store only, for room or for their actor.',
    unit: '{message}',
  },
  troupe_mailbox_wait_seconds: {
    kind: 'histogram',
    help: 'Time from the mailbox to the turn, by lane.',
    unit: 's',
    labels: ['lane'],
    buckets: waitTimes,
  },
  troupe_restarts_total: {
    kind: 'counter',
    help: 'Restarts of volatile actors after a failure.',
    unit: '{restart}',
    labels: ['actor_type'],
    open: ['actor_type'],
  },
  troupe_dead_letters_total: {
    kind: 'counter',
    help: 'Messages that will not be processed, by reason.',
    unit: '{message}',
    labels: ['reason'],
  },
  troupe_quarantines_total: {
    kind: 'counter',
    help: 'Messages, activations and timers set aside because they killed their thread or process twice.',
    unit: '{quarantine}',
  },
  troupe_host_deaths_total: {
    kind: 'counter',
    help: 'Deaths of host threads, by slot.',
    unit: '{death}',
    labels: ['slot'],
  },
  troupe_hosts_running: {
    kind: 'gauge',
    help: 'Host threads that run.',
    unit: '{thread}',
  },
  troupe_event_loop_delay_seconds: {
    kind: 'histogram',
    help: 'Time from the moment a thread had work until its event loop was free again, by slot.',
    unit: 's',
    labels: ['slot'],
    buckets: shortTimes,
  },
  troupe_commit_size_bytes: {
    kind: 'histogram',
    help: 'Bytes of records that a thread hands to the store at once.',
    unit: 'By',
    buckets: sizes,
  },
  troupe_commit_duration_seconds: {
    kind: 'histogram',
    help: 'Time from handing records to the store until they are synced and answered.',
    unit: 's',
    buckets: shortTimes,
  },
  troupe_store_stalled: {
    kind: 'gauge',
    help: '1 while the store fails and is being reopened.',
    unit: '1',
  },
  troupe_checkpoint_age_seconds: {
    kind: 'gauge',
    help: 'Age of the newest checkpoint, or of the first record where there is none.',
    unit: 's',
  },
  troupe_model_tokens_total: {
    kind: 'counter',
    help: 'Tokens that calls of models used, by model and by what for.',
    unit: '{token}',
    labels: ['model', 'token_type'],
    open: ['model'],
  },
  troupe_model_cost_total: {
    kind: 'counter',
    help: 'What calls of models cost, in the currency of the prices given.',
    unit: '1',
    labels: ['model'],
    open: ['model'],
  },
  troupe_gate_wait_seconds: {
    kind: 'histogram',
    help: 'Time that calls waited at a gate until they were let through.',
    unit: 's',
    labels: ['gate'],
    open: ['gate'],
    buckets: longTimes,
  },
  troupe_log_lines_total: {
    kind: 'counter',
    help: 'Log lines written, by level.',
    unit: '{line}',
    labels: ['level'],
  },
  troupe_log_lines_dropped_total: {
    kind: 'counter',
    help: 'Log lines dropped because they came faster than they could be written.',
    unit: '{line}',
  },
  gen_ai_client_token_usage: {
    kind: 'histogram',
    help: 'Tokens of one call of a model.',
    unit: '{token}',
    labels: [operation, model, 'gen_ai.token.type'],
    open: [model],
    buckets: tokens,
    otlp: 'gen_ai.client.token.usage',
  },
  gen_ai_client_operation_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one call of a model, failed ones included.',
    unit: 's',
    labels: [operation, model, failure],
    open: [model, failure],
    buckets: longTimes,
    otlp: 'gen_ai.client.operation.duration',
  },
  gen_ai_execute_tool_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one call of a tool, failed ones included.',
    unit: 's',
    labels: ['gen_ai.tool.name', failure],
    open: ['gen_ai.tool.name', failure],
    buckets: longTimes,
    otlp: 'gen_ai.execute_tool.duration',
  },
  gen_ai_invoke_agent_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one turn of an agent, failed ones included.',
    unit: 's',
    labels: ['gen_ai.agent.name', failure],
    open: ['gen_ai.agent.name', failure],
    buckets: longTimes,
    otlp: 'gen_ai.invoke_agent.duration',
  },
} as const satisfies Record<string, Metric> & Record<AddedMetric | ObservedMetric, Metric>)

export type MetricName = keyof typeof catalogue

/** All names, in order. */
export const metricNames = Object.freeze(Object.keys(catalogue)) as readonly MetricName[]

/** What a name stands for, seen as any metric. */
export const metricOf = (name: MetricName): Metric => catalogue[name]
