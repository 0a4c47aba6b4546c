/** An agent's definition after its checks: what each of its turns works by. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Clock } from '../../../mailbox/clock.ts'
import type { Model, ToolSpec } from '../model.ts'
import type { ToolSource } from '../tools/tool-source.ts'
import type { Toolbox } from '../tools/toolbox.ts'
import type { Budget } from './budget.ts'

export interface Plan<Deps = unknown> {
  readonly model: (deps: Deps) => Model
  readonly instructions: (key: string) => string
  readonly tools: Toolbox<Deps>
  /** What else it may call is listed when a turn begins. */
  readonly sources: readonly ToolSource<Deps>[]
  readonly output: OutputPlan | undefined
  readonly memory: { readonly tokens: number; readonly summary: boolean }
  readonly budget: Budget
  readonly maxOutputTokens: number
  readonly temperature: number | undefined
  readonly queryType: ((text: string | undefined) => string) | undefined
  readonly clock: Clock
}

/** How it answers with data: through a tool of its own. */
export interface OutputPlan {
  readonly schema: StandardSchemaV1
  readonly spec: ToolSpec
  /** How often it may try again. */
  readonly repairs: number
}
