/**
 * The port through which actors, agents, tools and caches count what they do. A thread without metrics
 * has none, and nothing is counted then; what each metric means is said once, in
 * `runtime/telemetry/metrics/catalogue.ts`.
 *
 * Labels are positional, so that counting makes no object. Their values come from programs and from
 * users: whoever implements this keeps the number of series bounded.
 */

/** What is added up, or goes up and down. */
export type AddedMetric =
  | 'agent_active_queries'
  | 'agent_cache_hits_total'
  | 'agent_queries_total'
  | 'troupe_cache_misses_total'
  | 'troupe_model_cost_total'
  | 'troupe_model_tokens_total'

/** What is spread over buckets: seconds, or tokens. */
export type ObservedMetric =
  | 'agent_query_duration_seconds'
  | 'gen_ai_client_operation_duration_seconds'
  | 'gen_ai_client_token_usage'
  | 'gen_ai_execute_tool_duration_seconds'
  | 'gen_ai_invoke_agent_duration_seconds'
  | 'troupe_gate_wait_seconds'

/** Counts for one thread; given to `deps` as `host.meter`. */
export interface Meter {
  /**
   * Adds to a counter, or to what goes up and down.
   *
   * @param by negative only for what goes down, too
   * @param a values of the metric's labels, in its order; a missing one is empty
   */
  add(metric: AddedMetric, by: number, a?: string, b?: string, c?: string): void
  /** Puts one value, seconds or tokens, into its bucket; labels as for `add`. */
  observe(metric: ObservedMetric, value: number, a?: string, b?: string, c?: string): void
}
