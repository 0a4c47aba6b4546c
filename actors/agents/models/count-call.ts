/** What is counted of one attempt at a call of a model, however it ended. */
import type { Meter } from '../../meter.ts'
import type { AttemptReport } from '../model.ts'

const tokens = 'troupe_model_tokens_total'
const usageOf = 'gen_ai_client_token_usage'

/** @param cost of this attempt */
export function countCall(meter: Meter | undefined, report: AttemptReport, cost: number): void {
  if (meter === undefined) return
  const { model, usage, ms, outcome, code } = report
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage
  const failure = outcome === 'done' ? '' : (code ?? 'CANCELLED')
  meter.observe('gen_ai_client_operation_duration_seconds', ms / 1_000, 'chat', model, failure)
  // The convention counts what came out of a cache as input.
  const input = inputTokens + cacheReadTokens + cacheWriteTokens
  meter.observe(usageOf, input, 'chat', model, 'input')
  meter.observe(usageOf, outputTokens, 'chat', model, 'output')
  meter.add(tokens, inputTokens, model, 'input')
  meter.add(tokens, outputTokens, model, 'output')
  if (cacheReadTokens > 0) meter.add(tokens, cacheReadTokens, model, 'cache_read')
  if (cacheWriteTokens > 0) meter.add(tokens, cacheWriteTokens, model, 'cache_write')
  if (cost > 0) meter.add('troupe_model_cost_total', cost, model)
}
