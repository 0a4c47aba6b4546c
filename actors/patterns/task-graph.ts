/**
 * A graph of tasks, as data: which may run, what comes of those that wait for one that failed, and which
 * graphs are none. Runs nothing and knows no actor.
 *
 *   waiting ──► running ──► done
 *      │           └──────► failed
 *      └──► skipped, when what it waits for did not come
 */
import { TroupeError } from '../../mailbox/errors.ts'
import {
  aDuration,
  anArray,
  anInteger,
  checkOptions,
  type OptionCheck,
  oneOf,
} from '../../mailbox/options.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'

/** One task, as it is submitted. */
export interface TaskSpec {
  /** Letters, digits, `_`, `.` and `-`, at most 64; its name within the graph. */
  readonly id: string
  /** Which of the coordinator's kinds does it. */
  readonly kind: string
  readonly input?: Encodable
  /** Tasks whose outputs it needs. */
  readonly after?: readonly string[]
  /** Among those that are ready the highest runs first, and then the one submitted first. Default 0. */
  readonly priority?: number
  /** Most ms from its start to its end, retries included. Default 600,000. */
  readonly within?: number
  /** Most attempts, 1 to 10. Default 3. */
  readonly attempts?: number
  /** When what it needs did not come: it is skipped as well (default), or runs with what there is. */
  readonly whenMissing?: 'skip' | 'run'
}

/** What went wrong. */
export interface TaskError {
  readonly code: string
  readonly message: string
}

/** How far a task is. */
export type TaskState =
  | { readonly at: 'waiting' }
  /** `run` tells this start from that of another graph of the same key. */
  | { readonly at: 'running'; readonly run: string }
  | { readonly at: 'done'; readonly output: Encodable }
  | { readonly at: 'failed'; readonly error: TaskError }
  /** `because` of the task that failed. */
  | { readonly at: 'skipped'; readonly because: string }

/** One task of a graph. */
export interface GraphTask {
  readonly spec: TaskSpec
  state: TaskState
}

/** Tasks by id, in the order in which they were submitted. */
export type TaskGraph = Map<string, GraphTask>

/** What came of a graph. */
export interface GraphResult {
  readonly done: Readonly<Record<string, Encodable>>
  readonly failed: Readonly<Record<string, TaskError>>
  /** By task: the one that failed before it. */
  readonly skipped: Readonly<Record<string, string>>
}

export const isSettled = ({ state }: GraphTask): boolean =>
  state.at !== 'waiting' && state.at !== 'running'

/** Whether there are tasks, and all have ended. */
export const isOver = (graph: TaskGraph): boolean =>
  graph.size > 0 && [...graph.values()].every(isSettled)

/** The next to run: its inputs are there, and none of those has a higher priority. */
export function nextReady(graph: TaskGraph): TaskSpec | undefined {
  let best: TaskSpec | undefined
  for (const { spec, state } of graph.values()) {
    if (state.at !== 'waiting' || !isReady(graph, spec)) continue
    if (best === undefined || (spec.priority ?? 0) > (best.priority ?? 0)) best = spec
  }
  return best
}

function isReady(graph: TaskGraph, { after = [] }: TaskSpec): boolean {
  return after.every((id) => isSettled(graph.get(id) as GraphTask))
}

export function runningIn(graph: TaskGraph): number {
  return [...graph.values()].filter(({ state }) => state.at === 'running').length
}

/**
 * Skips what cannot run any more, all the way down.
 * @returns who was skipped
 */
export function skipUnreachable(graph: TaskGraph): string[] {
  const skipped: string[] = []
  for (let before = -1; before < skipped.length; ) {
    before = skipped.length
    for (const [id, task] of graph) {
      const because = missing(graph, task)
      if (because === undefined) continue
      task.state = { at: 'skipped', because }
      skipped.push(id)
    }
  }
  return skipped
}

/** The failure that a waiting task is skipped for. */
function missing(graph: TaskGraph, { spec, state }: GraphTask): string | undefined {
  if (state.at !== 'waiting' || spec.whenMissing === 'run') return undefined
  for (const id of spec.after ?? []) {
    const { state: input } = graph.get(id) as GraphTask
    if (input.at === 'failed') return id
    if (input.at === 'skipped') return input.because
  }
  return undefined
}

/** Outputs of what a task needs, as far as there are any. */
export function resultsFor(graph: TaskGraph, { after = [] }: TaskSpec): Record<string, Encodable> {
  const results: Record<string, Encodable> = {}
  for (const id of after) {
    const { state } = graph.get(id) as GraphTask
    if (state.at === 'done') results[id] = state.output
  }
  return results
}

/** What there is so far. */
export function resultOf(graph: TaskGraph): GraphResult {
  const done: Record<string, Encodable> = {}
  const failed: Record<string, TaskError> = {}
  const skipped: Record<string, string> = {}
  for (const [id, { state }] of graph) {
    if (state.at === 'done') done[id] = state.output
    if (state.at === 'failed') failed[id] = state.error
    if (state.at === 'skipped') skipped[id] = state.because
  }
  return { done, failed, skipped }
}

/**
 * Adds tasks: all of them, or none.
 *
 * @param kinds that there are
 * @throws TASK_GRAPH_INVALID for a name twice, an unknown kind, an input that is no task, a ring
 * @throws OPTION_INVALID
 */
export function addTasks(
  graph: TaskGraph,
  specs: readonly TaskSpec[],
  kinds: readonly string[],
  most: number,
): void {
  const added: TaskGraph = new Map()
  for (const spec of specs) {
    checkSpec(spec)
    if (!kinds.includes(spec.kind)) {
      throw invalid(`task "${spec.id}" is of kind "${spec.kind}"; there are ${kinds.join(', ')}`)
    }
    if (graph.has(spec.id) || added.has(spec.id)) throw invalid(`there are two tasks "${spec.id}"`)
    added.set(spec.id, { spec, state: { at: 'waiting' } })
  }
  if (graph.size + added.size > most) throw invalid(`it has more than ${most} tasks`)
  for (const { spec } of added.values()) {
    const unknown = spec.after?.find((id) => !graph.has(id) && !added.has(id))
    if (unknown !== undefined) {
      throw invalid(`task "${spec.id}" needs "${unknown}", which is no task of the graph`)
    }
  }
  refuseRings(added)
  for (const [id, task] of added) graph.set(id, task)
}

/** Those that are there already need none of the new ones, so that a ring lies within these. */
function refuseRings(added: TaskGraph): void {
  const clear = new Set<string>()
  const visit = (id: string, path: readonly string[]): void => {
    if (clear.has(id) || !added.has(id)) return
    const from = path.indexOf(id)
    if (from >= 0) {
      const ring = [...path.slice(from), id]
      throw invalid(`its tasks wait for each other: ${ring.join(' needs ')}`, { ring })
    }
    for (const input of added.get(id)?.spec.after ?? []) visit(input, [...path, id])
    clear.add(id)
  }
  for (const id of added.keys()) visit(id, [])
}

function invalid(why: string, fields: Readonly<Record<string, unknown>> = {}): TroupeError {
  return new TroupeError('TASK_GRAPH_INVALID', `The graph cannot be run: ${why}.`, { fields })
}

const anId: OptionCheck = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value)
    ? undefined
    : '1 to 64 letters, digits, "_", "." or "-"'

function checkSpec(spec: TaskSpec): void {
  checkOptions('task', spec, {
    id: anId,
    kind: (value) => (typeof value === 'string' ? undefined : 'a text'),
    input: () => undefined,
    after: anArray,
    priority: anInteger(Number.MIN_SAFE_INTEGER),
    within: aDuration,
    attempts: anInteger(1, 10),
    whenMissing: oneOf('skip', 'run'),
  })
  checkOptions('task', { id: spec.id ?? null }, { id: anId })
}
