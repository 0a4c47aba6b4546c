/**
 * A task graph as a durable actor, which knows what is ready.
 *
 * 1. A task starts when all that it needs is settled, and no sooner.
 * 2. At most `concurrency` run. A task that was started ends in exactly one way: the first end that the graph
 *    hears of counts, and only of this start.
 * 3. Nothing waits in memory: deadlines are durable timers, who waits for the result waits in the stash.
 */
import { anInteger, checkOptions } from '../../mailbox/options.ts'
import { checkTopic } from '../../persistence/topic.ts'
import { type ActorDefinition, actor } from '../actor.ts'
import type { Context } from '../context.ts'
import type { Contract } from '../contract.ts'
import type { GraphMessages, Submission, TaskMessages } from './graph-messages.ts'
import {
  addTasks,
  type GraphTask,
  isOver,
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

interface State {
  tasks: TaskGraph
  concurrency: number
  topic: string
}

type Ctx = Context<GraphMessages, State>

const defaultWithin = 600_000

/** @param kinds names of what tasks may be; @param maxTasks of one graph */
export function graphActor(
  Graph: Contract<GraphMessages>,
  Task: Contract<TaskMessages>,
  kinds: readonly string[],
  maxTasks: number,
): ActorDefinition<GraphMessages> {
  const turn = (ctx: Ctx): GraphTurn => new GraphTurn(ctx, Task)
  return actor(Graph, {
    durable: true,
    state: (): State => ({ tasks: new Map(), concurrency: 8, topic: `${Graph.type}.progress` }),
    on: {
      submit(ctx, submission) {
        checkSubmission(submission)
        const { tasks, concurrency, topic } = submission
        addTasks(ctx.state.tasks, tasks, kinds, maxTasks)
        if (concurrency !== undefined) ctx.state.concurrency = concurrency
        if (topic !== undefined) ctx.state.topic = topic
        turn(ctx).advance()
      },
      ended(ctx, { task, run, ...end }) {
        const state = ctx.state.tasks.get(task)?.state
        if (state?.at !== 'running' || state.run !== run) return
        turn(ctx).end(task, 'error' in end ? { at: 'failed', ...end } : { at: 'done', ...end })
        turn(ctx).advance()
      },
      overdue(ctx, { task }) {
        const within = ctx.state.tasks.get(task)?.spec.within ?? defaultWithin
        const error = { code: 'ASK_TIMEOUT', message: `It did not end within ${within} ms.` }
        turn(ctx).stop([task], error)
        turn(ctx).advance()
      },
      cancel(ctx, { task }) {
        const ids = task === undefined ? [...ctx.state.tasks.keys()] : [task]
        turn(ctx).stop(ids, { code: 'CANCELLED', message: 'It was cancelled.' })
        turn(ctx).advance()
      },
      forget(ctx) {
        const gone = { code: 'CANCELLED', message: 'Its graph was forgotten.' }
        turn(ctx).stop([...ctx.state.tasks.keys()], gone)
        ctx.unstash()
        ctx.destroy()
      },
      result(ctx) {
        const { tasks } = ctx.state
        if (!isOver(tasks)) ctx.stash()
        return resultOf(tasks)
      },
    },
    reads: {
      status(ctx) {
        const { tasks } = ctx.state
        const at = [...tasks].map(([id, { state }]) => [id, state.at] as const)
        return { ...resultOf(tasks), tasks: Object.fromEntries(at), finished: isOver(tasks) }
      },
    },
  })
}

/** What one turn does to the graph. */
class GraphTurn {
  readonly #ctx: Ctx
  readonly #task: Contract<TaskMessages>

  constructor(ctx: Ctx, task: Contract<TaskMessages>) {
    this.#ctx = ctx
    this.#task = task
  }

  /** Starts what is ready, tells what became of the rest, lets go who waits for the end. */
  advance(): void {
    const { tasks, concurrency } = this.#ctx.state
    for (const id of skipUnreachable(tasks)) this.#tell(id)
    for (let free = concurrency - runningIn(tasks); free > 0; free -= 1) {
      const spec = nextReady(tasks)
      if (spec === undefined) break
      this.#start(spec)
    }
    if (isOver(tasks)) this.#ctx.unstash()
  }

  /** The first end counts. */
  end(id: string, state: TaskState): void {
    const task = this.#ctx.state.tasks.get(id)
    if (task === undefined || isSettled(task)) return
    task.state = state
    this.#ctx.cancelTimer(`overdue ${id}`)
    this.#tell(id)
  }

  stop(ids: readonly string[], error: TaskError): void {
    for (const id of ids) {
      const state = this.#ctx.state.tasks.get(id)?.state
      if (state?.at === 'running') this.#interrupt(id, state.run)
      this.end(id, { at: 'failed', error })
    }
  }

  #interrupt(id: string, run: string): void {
    const child = { type: this.#task.type, key: `${this.#ctx.self.key}/${id}` }
    this.#ctx.interrupt(child, run)
    this.#ctx.ref(this.#task, child).tell.forget(undefined, { lane: 'low' })
  }

  #start(spec: TaskSpec): void {
    const ctx = this.#ctx
    const { id, kind, input, attempts = 3, within = defaultWithin } = spec
    const results = resultsFor(ctx.state.tasks, spec)
    const run = ctx.uuid()
    this.#taskOf(id).state = { at: 'running', run }
    const job = { id, kind, input, attempts, results, graph: ctx.self.key, run }
    ctx.spawn(this.#task, id).tell.start(job, { id: run })
    if (within < Number.POSITIVE_INFINITY) {
      ctx.timer(`overdue ${id}`, { after: within }, 'overdue', { task: id })
    }
    this.#tell(id)
  }

  #tell(task: string): void {
    const { tasks, topic } = this.#ctx.state
    const { at } = this.#taskOf(task).state
    const settled = [...tasks.values()].filter(isSettled).length
    this.#ctx.publish(topic, { graph: this.#ctx.self.key, task, at, settled, total: tasks.size })
  }

  #taskOf(id: string): GraphTask {
    return this.#ctx.state.tasks.get(id) as GraphTask
  }
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
