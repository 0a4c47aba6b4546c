/**
 * A coordinator of a task graph, as durable actors: one of the graph, which knows what is ready, and one
 * for each task that runs. What runs where, what is retried and what survives a crash is the runtime's
 * business: a task is a message, its retries are those of a durable turn, its calls are steps.
 */
import { anInteger, anObject, checkOptions } from '../../mailbox/options.ts'
import type { ActorDefinition, Needs } from '../actor.ts'
import { type Contract, contract } from '../contract.ts'
import { message } from '../message.ts'
import { graphActor } from './graph-actor.ts'
import type {
  Ended,
  GraphMessages,
  GraphStatus,
  Job,
  Submission,
  TaskMessages,
} from './graph-messages.ts'
import { type TaskKind, taskActor } from './task-actor.ts'
import type { GraphResult } from './task-graph.ts'

/** What {@link coordinator} is told. */
export interface CoordinatorParts<Deps> {
  /** What tasks find in `ctx.deps`. */
  readonly needs?: Needs<Deps>
  readonly kinds: Readonly<Record<string, TaskKind<Deps>>>
  /** Most tasks of a graph; default 1,000. */
  readonly maxTasks?: number
}

/** Made by {@link coordinator}. */
export interface Coordinator<Deps> {
  /** To submit to; the key names a graph. */
  readonly Graph: Contract<GraphMessages>
  /** To be listed among the app's actors. */
  readonly actors: readonly [
    graph: ActorDefinition<GraphMessages>,
    task: ActorDefinition<TaskMessages, Deps>,
  ]
}

/**
 * Defines a coordinator: `const plan = coordinator('plan', { kinds: { search: async (ctx, { input }) => ... } })`.
 * List `...plan.actors` in the app, and submit to `ref(plan.Graph, 'a-key')`.
 *
 * @param name of its actors: `NAME` and `NAME.task`
 * @throws OPTION_INVALID, ADDRESS_INVALID
 */
export function coordinator<Deps = unknown>(
  name: string,
  parts: CoordinatorParts<Deps>,
): Coordinator<Deps> {
  checkOptions(`coordinator "${name}"`, parts, {
    needs: anObject,
    kinds: anObject,
    maxTasks: anInteger(1),
  })
  const Graph: Contract<GraphMessages> = contract(name, {
    submit: message<Submission>(),
    result: message<void, GraphResult>(),
    status: message<void, GraphStatus>(),
    cancel: message<{ readonly task?: string }>(),
    forget: message(),
    ended: message<Ended>(),
    overdue: message<{ readonly task: string }>(),
  })
  const Task: Contract<TaskMessages> = contract(`${name}.task`, {
    start: message<Job>(),
    forget: message(),
  })
  const { kinds, maxTasks = 1_000 } = parts
  const graph = graphActor(Graph, Task, Object.keys(kinds), maxTasks)
  const actors = [graph, taskActor(Graph, Task, parts)] as const
  return Object.freeze({ Graph, actors })
}
