/**
 * The tools of one turn: those of the definition, and those that its sources list now.
 *
 * A list stands in the agent's state once. Each turn begins with a step for each source, whose result is
 * `same` while nothing changed, so that neither history nor state repeats it (D3); a changed list is in
 * force from the beginning of a turn, never within one.
 */
import { createHash } from 'node:crypto'
import { TroupeError } from '../../../mailbox/errors.ts'
import { copied } from '../../cell/recoded.ts'
import type { AgentEnd } from '../conversation.ts'
import type { ListedTool } from '../tools/listed-tool.ts'
import { isStop } from '../tools/run-tool.ts'
import type { ToolSource } from '../tools/tool-source.ts'
import { type Toolbox, toolbox } from '../tools/toolbox.ts'
import type { AgentContext } from './context.ts'
import { answerTool } from './output.ts'
import type { Plan } from './plan.ts'
import type { Offered } from './state.ts'

/** What the step that asks a source comes to. */
type Listing =
  | { readonly kind: 'same' }
  | { readonly kind: 'list'; readonly offered: Offered }
  /** The turn was cut off meanwhile. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'failed'; readonly code: TroupeError['code']; readonly message: string }

type Turn<Deps> =
  | { readonly tools: Toolbox<Deps> }
  /** It cannot go on without what a source has. */
  | { readonly end: AgentEnd<unknown> }

/** Asks all sources at once. */
export async function offeredTools<Deps>(
  ctx: AgentContext<Deps>,
  plan: Plan<Deps>,
): Promise<Turn<Deps>> {
  const { sources, tools } = plan
  if (sources.length === 0) return { tools }
  const listings = await Promise.all(sources.map((source) => listing(ctx, source)))
  for (const [place, { name, optional }] of sources.entries()) {
    const found = listings[place] as Listing
    if (found.kind === 'list') ctx.state.offered[name] = found.offered
    const end = ctx.state.offered[name] === undefined ? endOf(found, optional) : undefined
    if (end !== undefined) return { end }
  }
  return together(ctx, plan)
}

function listing<Deps>(ctx: AgentContext<Deps>, source: ToolSource<Deps>): Promise<Listing> {
  const known = ctx.state.offered[source.name]?.hash ?? null
  const ask = async ({ signal }: { readonly signal: AbortSignal }): Promise<Listing> => {
    try {
      // Looked for when it is used: a turn that is run again has none (R1).
      const tools = await source.list(ctx.deps, signal)
      const hash = hashOf(tools)
      return hash === known ? { kind: 'same' } : { kind: 'list', offered: { hash, tools } }
    } catch (error) {
      return failed(error, signal)
    }
  }
  const name = `tools of ${source.name}`
  return ctx.effect(name, { known }, ask, { idempotent: true }) as Promise<Listing>
}

function failed(error: unknown, { aborted, reason }: AbortSignal): Listing {
  if (isStop(reason)) throw reason
  const killed = reason instanceof TroupeError && reason.code === 'ACTOR_KILLED'
  if (aborted && !killed) return { kind: 'cut' }
  const why = killed ? reason : error
  if (!(why instanceof TroupeError)) throw why
  return { kind: 'failed', code: why.code, message: why.message }
}

/** Where nothing was ever listed. */
function endOf(found: Listing, optional: boolean): AgentEnd<unknown> | undefined {
  if (found.kind === 'cut') return { status: 'interrupted', text: '' }
  if (found.kind !== 'failed') return undefined
  if (optional && found.code !== 'ACTOR_KILLED') return undefined
  return { status: 'stopped', code: found.code, message: found.message, fields: {} }
}

/** Names are refused here when two sources share one: which of them a model means cannot be known. */
function together<Deps>({ state }: AgentContext<Deps>, plan: Plan<Deps>): Turn<Deps> {
  try {
    const listed = plan.sources.flatMap((source) => {
      const offered = state.offered[source.name]
      return offered === undefined ? [] : source.tools(copied(offered.tools) as ListedTool[])
    })
    const tools = toolbox([...plan.tools.all, ...listed])
    if (plan.output === undefined || tools.get(answerTool) === undefined) return { tools }
    throw new TroupeError(
      'OPTION_INVALID',
      `a tool source offers "${answerTool}", which is how the agent answers`,
    )
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    const { code, message } = error
    return { end: { status: 'stopped', code, message, fields: {} } }
  }
}

/** Of what a model is told; the order in which a source says it does not matter. */
const hashOf = (tools: readonly ListedTool[]): string =>
  createHash('sha256').update(JSON.stringify(tools, inOrder)).digest('hex')

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const fields = value as Record<string, unknown>
  return Object.fromEntries(
    Object.keys(fields)
      .sort()
      .map((name) => [name, fields[name]]),
  )
}
