/** What a source of tools lists: plain data, which is recorded and kept in an agent's state. */
import type { Json } from '../parts.ts'

/** One tool as its source lists it: plain data (T5). */
export interface ListedTool {
  /** As the source calls it. */
  readonly name: string
  readonly description: string
  /** JSON Schema of an object. */
  readonly inputSchema: { readonly [key: string]: Json }
  /** What the source says of itself, which need not be true. */
  readonly hints: ToolHints
}

/** What a source says of one of its tools. */
export interface ToolHints {
  /** It changes nothing. */
  readonly readOnly?: boolean
  /** A second call with the same input changes nothing more. */
  readonly idempotent?: boolean
  /** It may destroy what is there. */
  readonly destructive?: boolean
}
