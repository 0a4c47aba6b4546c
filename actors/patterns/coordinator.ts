/**
 * A coordinator of a task graph, as durable actors: one of the graph, which knows what is ready, and one
 * for each task that runs. What runs where, what is retried and what survives a crash is the runtime's
 * business: a task is a message, its retries are those of a durable turn, its calls are steps.
 *
 * 1. A task starts when all that it needs is settled, and no sooner.
 * 2. At most `concurrency` run. A task that was started ends in exactly one way: the first end that the graph
 *    hears of counts, and only of this start.
 * 3. Nothing waits in memory: deadlines are durable timers, who waits for the result waits in the stash.
 */
import { isTerminal, TroupeError } from '../../mailbox/errors.ts'
import { anInteger, anObject, checkOptions } from '../../mailbox/options.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { checkTopic } from '../../persistence/topic.ts'
import { type ActorDefinition, actor, type Needs, needs as noNeeds } from '../actor.ts'
import type { Context } from '../context.ts'
import { type Contract, contract } from '../contract.ts'
import { type Message, type Messages, message } from '../message.ts'
import type { Ref } from '../ref.ts'
import {
  addTasks,
  type GraphResult,
  type GraphTask,
  isSettled,
  nextReady,
  resultOf,
  resultsFor,
  runningIn,
  skipUnreachable,
  type TaskError,
  type TaskGraph,
  type TaskSpec,
  type TaskState,
} from './task-graph.ts'

/** What a task is given. */
export interface TaskWork {
  readonly id: string
  readonly input: Encodable
  /** Outputs of the tasks that it needs, by their ids. */
  readonly results: Readonly<Record<string, Encodable>>
}

/** What a task works with. Calls out are asks and effects; they are recorded steps (D2). */
export interface TaskContext<Deps = unknown>
  extends Pick<
    Context<Record<never, never>, unknown, Deps>,
    | 'deps'
    | 'effect'
    | 'log'
    | 'message'
    | 'now'
    | 'random'
    | 'reveal'
    | 'secret'
    | 'signal'
    | 'uuid'
  > {
  /** A ref to ask. What is told would stand although the task failed. */
  ref<M extends Messages>(contract: Contract<M>, key: string): Pick<Ref<M>, 'ask' | 'key' | 'type'>
}

/** Does the tasks of one kind. */
export type TaskKind<Deps = unknown> = (
  ctx: TaskContext<Deps>,
  work: TaskWork,
) => Promise<Encodable> | Encodable

/** What {@link coordinator} is told. */
export interface CoordinatorParts<Deps> {
  /** What tasks find in `ctx.deps`. */
  readonly needs?: Needs<Deps>
  readonly kinds: Readonly<Record<string, TaskKind<Deps>>>
  /** Most tasks of a graph; default 1,000. */
  readonly maxTasks?: number
}

/** A graph, or more tasks for one. */
export interface Submission {
  readonly tasks: readonly TaskSpec[]
  /** Most tasks that run at the same time; default 8, or what was said before. */
  readonly concurrency?: number
  /** Where progress is published; default `NAME.progress`. */
  readonly topic?: string
}

/** Published when a task starts, and when it has ended. */
export interface GraphProgress {
  /** The graph's key. */
  readonly graph: string
  readonly task: string
  readonly at: 'running' | 'done' | 'failed' | 'skipped'
  /** Tasks that have ended, of how many. */
  readonly settled: number
  readonly total: number
}

/** A graph at a moment: what there is so far, and how far each task is. */
export interface GraphStatus extends GraphResult {
  readonly tasks: Readonly<Record<string, TaskState['at']>>
  readonly finished: boolean
}

type Ended = { readonly task: string; readonly run: string } & (
  | { readonly output: Encodable }
  | { readonly error: TaskError }
)

/** The messages of a graph. */
export type GraphMessages = {
  /** All of its tasks are accepted, or none. */
  readonly submit: Message<Submission, Submission, void>
  /** Waits until every task has ended. */
  readonly result: Message<void, void, GraphResult>
  /** What there is so far, at once. */
  readonly status: Message<void, void, GraphStatus>
  /** Ends one task, or all, and what waits for it. */
  readonly cancel: Message<{ readonly task?: string }, { readonly task?: string }, void>
  /** Forgets the graph, and ends what still runs. */
  readonly forget: Message<void, void, void>
  /** For the tasks, not for users. */
  readonly ended: Message<Ended, Ended, void>
  /** For the timers, not for users. */
  readonly overdue: Message<{ readonly task: string }, { readonly task: string }, void>
}

interface Job extends TaskWork {
  readonly kind: string
  readonly attempts: number
  readonly graph: string
  readonly run: string
}

/** The messages of a task: for its graph, not for users. */
export type TaskMessages = {
  readonly start: Message<Job, Job, void>
  readonly forget: Message<void, void, void>
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

interface State {
  tasks: TaskGraph
  concurrency: number
  topic: string
}

type Ctx = Context<GraphMessages, State>

const defaultWithin = 600_000

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
  const actors = [graphActor(Graph, Task, parts), taskActor(Graph, Task, parts)] as const
  return Object.freeze({ Graph, actors })
}

function graphActor(
  Graph: Contract<GraphMessages>,
  Task: Contract<TaskMessages>,
  { kinds, maxTasks = 1_000 }: Pick<CoordinatorParts<never>, 'kinds' | 'maxTasks'>,
): ActorDefinition<GraphMessages> {
  const names = Object.keys(kinds)

  /** Starts what is ready, tells what became of the rest, lets go who waits for the end. */
  function advance(ctx: Ctx): void {
    const { state } = ctx
    for (const id of skipUnreachable(state.tasks)) tell(ctx, id)
    for (let free = state.concurrency - runningIn(state.tasks); free > 0; free -= 1) {
      const spec = nextReady(state.tasks)
      if (spec === undefined) break
      start(ctx, spec)
    }
    if ([...state.tasks.values()].every(isSettled)) ctx.unstash()
  }

  function start(ctx: Ctx, spec: TaskSpec): void {
    const { id, kind, input, attempts = 3, within = defaultWithin } = spec
    const results = resultsFor(ctx.state.tasks, spec)
    const run = ctx.uuid()
    taskOf(ctx, id).state = { at: 'running', run }
    const job = { id, kind, input, attempts, results, graph: ctx.self.key, run }
    ctx.spawn(Task, id).tell.start(job, { id: run })
    if (within < Number.POSITIVE_INFINITY) {
      ctx.timer(`overdue ${id}`, { after: within }, 'overdue', { task: id })
    }
    tell(ctx, id)
  }

  /** The first end counts. */
  function end(ctx: Ctx, id: string, state: TaskState): void {
    const task = ctx.state.tasks.get(id)
    if (task === undefined || isSettled(task)) return
    task.state = state
    ctx.cancelTimer(`overdue ${id}`)
    tell(ctx, id)
  }

  function stop(ctx: Ctx, id: string, error: TaskError): void {
    const state = ctx.state.tasks.get(id)?.state
    if (state?.at === 'running') {
      const child = { type: Task.type, key: `${ctx.self.key}/${id}` }
      ctx.interrupt(child, state.run)
      ctx.ref(Task, child).tell.forget(undefined, { lane: 'low' })
    }
    end(ctx, id, { at: 'failed', error })
  }

  function tell(ctx: Ctx, task: string): void {
    const { tasks, topic } = ctx.state
    const { at } = taskOf(ctx, task).state
    const settled = [...tasks.values()].filter(isSettled).length
    ctx.publish(topic, { graph: ctx.self.key, task, at, settled, total: tasks.size })
  }

  return actor(Graph, {
    durable: true,
    state: (): State => ({ tasks: new Map(), concurrency: 8, topic: `${Graph.type}.progress` }),
    on: {
      submit(ctx, submission) {
        checkSubmission(submission)
        const { tasks, concurrency, topic } = submission
        addTasks(ctx.state.tasks, tasks, names, maxTasks)
        if (concurrency !== undefined) ctx.state.concurrency = concurrency
        if (topic !== undefined) ctx.state.topic = topic
        advance(ctx)
      },
      ended(ctx, ended) {
        const state = ctx.state.tasks.get(ended.task)?.state
        if (state?.at !== 'running' || state.run !== ended.run) return
        end(
          ctx,
          ended.task,
          'error' in ended
            ? { at: 'failed', error: ended.error }
            : { at: 'done', output: ended.output },
        )
        advance(ctx)
      },
      overdue(ctx, { task }) {
        const within = ctx.state.tasks.get(task)?.spec.within ?? defaultWithin
        stop(ctx, task, { code: 'ASK_TIMEOUT', message: `It did not end within ${within} ms.` })
        advance(ctx)
      },
      cancel(ctx, { task }) {
        const ids = task === undefined ? [...ctx.state.tasks.keys()] : [task]
        for (const id of ids) stop(ctx, id, { code: 'CANCELLED', message: 'It was cancelled.' })
        advance(ctx)
      },
      forget(ctx) {
        const gone = { code: 'CANCELLED', message: 'Its graph was forgotten.' }
        for (const id of ctx.state.tasks.keys()) stop(ctx, id, gone)
        ctx.unstash()
        ctx.destroy()
      },
      result(ctx) {
        const { tasks } = ctx.state
        if (tasks.size > 0 && [...tasks.values()].every(isSettled)) return resultOf(tasks)
        ctx.stash()
        return resultOf(tasks)
      },
    },
    reads: {
      status(ctx) {
        const { tasks } = ctx.state
        const at = [...tasks].map(([id, { state }]) => [id, state.at] as const)
        const finished = tasks.size > 0 && [...tasks.values()].every(isSettled)
        return { ...resultOf(tasks), tasks: Object.fromEntries(at), finished }
      },
    },
  })
}

function taskActor<Deps>(
  Graph: Contract<GraphMessages>,
  Task: Contract<TaskMessages>,
  { kinds, needs = noNeeds<Deps>() }: CoordinatorParts<Deps>,
): ActorDefinition<TaskMessages, Deps> {
  return actor(Task, {
    durable: true,
    needs,
    state: () => ({}),
    // How many of them, each task says itself.
    retry: { attempts: 11 },
    on: {
      async start(ctx, { kind, attempts, graph, run, ...work }) {
        const ended = await outcome(ctx, attempts, async () => {
          const does = kinds[kind]
          if (does === undefined) throw gone(kind)
          return await does(ctx as TaskContext<Deps>, work)
        })
        ctx.ref(Graph, graph).tell.ended({ task: work.id, run, ...ended })
        ctx.destroy()
      },
      forget: (ctx) => ctx.destroy(),
    },
  })
}

/** @throws what is to be tried again, and what an abort ends */
async function outcome(
  ctx: Pick<Context, 'signal' | 'message'>,
  attempts: number,
  run: () => Promise<Encodable>,
): Promise<{ readonly output: Encodable } | { readonly error: TaskError }> {
  try {
    return { output: await run() }
  } catch (error) {
    if (ctx.signal.aborted) throw error
    if (!isTerminal(error) && ctx.message.attempt < attempts) throw error
    const code = error instanceof TroupeError ? error.code : 'ACTOR_FAILED'
    return { error: { code, message: error instanceof Error ? error.message : String(error) } }
  }
}

const taskOf = (ctx: Ctx, id: string): GraphTask => ctx.state.tasks.get(id) as GraphTask

function gone(kind: string): TroupeError {
  return new TroupeError(
    'TASK_GRAPH_INVALID',
    `The app has no tasks of kind "${kind}" any more; the graph was submitted when it had.`,
  )
}

/** @throws OPTION_INVALID, ADDRESS_INVALID */
function checkSubmission(submission: Submission): void {
  checkOptions('submit', submission, {
    tasks: (value) => (Array.isArray(value) ? undefined : 'a list of tasks'),
    concurrency: anInteger(1),
    topic: (value) => (typeof value === 'string' ? undefined : 'a topic'),
  })
  if (submission.topic !== undefined) checkTopic(submission.topic)
}
