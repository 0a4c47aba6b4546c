/** Tokens and money: adding up, pricing, and the estimate where a service did not say. */
import type { ModelRequest, Usage } from '../model.ts'

/** What a model costs: per million tokens, in any one currency. */
export interface Price {
  readonly input: number
  readonly output: number
  /** Default: as `input`. */
  readonly cacheRead?: number
  /** Default: as `input`. */
  readonly cacheWrite?: number
}

const million = 1_000_000

/** `usage` with its cost. */
export function priced(usage: Usage, price: Price | undefined): Usage {
  if (price === undefined) return usage
  const { input, output, cacheRead = input, cacheWrite = input } = price
  const { inputTokens, outputTokens, cacheReadTokens = 0, cacheWriteTokens = 0 } = usage
  const cost =
    inputTokens * input +
    outputTokens * output +
    cacheReadTokens * cacheRead +
    cacheWriteTokens * cacheWrite
  return { ...usage, cost: cost / million }
}

/** Nothing used: what a request costs that was turned away. */
export const noUsage: Usage = Object.freeze({ inputTokens: 0, outputTokens: 0 })

/** All tokens that count against a quota. */
export const tokensOf = (usage: Usage): number =>
  usage.inputTokens +
  usage.outputTokens +
  (usage.cacheReadTokens ?? 0) +
  (usage.cacheWriteTokens ?? 0)

/**
 * Tokens of a text of so many UTF-8 bytes, roughly: English prose has four bytes to a token, code and
 * other languages fewer. What a call really used corrects it.
 */
export const tokensFor = (bytes: number): number => Math.ceil(bytes / 4)

/** Tokens a request will be read as, roughly. */
export function inputEstimate({ system, messages, tools = [] }: ModelRequest): number {
  let bytes = Buffer.byteLength(system)
  for (const { parts } of messages) for (const part of parts) bytes += bytesOf(part)
  for (const tool of tools) bytes += bytesOf(tool)
  return tokensFor(bytes)
}

const bytesOf = (value: object): number =>
  Object.values(value).reduce<number>(
    (sum, each) =>
      sum +
      (typeof each === 'string'
        ? Buffer.byteLength(each)
        : typeof each === 'object' && each !== null
          ? bytesOf(each)
          : 4),
    0,
  )
