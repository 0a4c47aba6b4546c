/**
 * Tools that are known only when an agent runs: what a server offers today.
 *
 * Owns the port. An agent asks for the list once at the beginning of each turn, within a recorded step,
 * and keeps it in its state: so a turn that is run again has the tools that it had, and reaches for
 * nobody (R1, R2). `agent/offered-tools.ts` is who asks, `mcp/mcp-tools.ts` one who answers.
 */
import type { ListedTool } from './listed-tool.ts'
import type { Tool } from './tool.ts'

/** Tools of an agent that are listed when a turn begins. */
export interface ToolSource<Deps = unknown> {
  /** Tells the sources of an agent apart; part of what is recorded. */
  readonly name: string
  /** An agent goes on without it where it could never be asked. */
  readonly optional: boolean
  /**
   * What it offers now, by name; within a step.
   * @throws a TroupeError, which ends the turn where no list is known
   */
  list(deps: Deps, signal: AbortSignal): Promise<readonly ListedTool[]>
  /** Makes tools of a list. Looks at nothing else, for it is done again with what was recorded. */
  tools(listed: readonly ListedTool[]): readonly Tool<Deps>[]
}
