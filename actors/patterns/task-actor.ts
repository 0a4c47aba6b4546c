/** One start of a task, as a durable actor: its retries are those of its turn, its end is told to the graph. */
import { isTerminal, TroupeError } from '../../mailbox/errors.ts'
import type { Encodable } from '../../persistence/encodable-types.ts'
import { type ActorDefinition, actor, type Needs, needs as noNeeds } from '../actor.ts'
import type { Context } from '../context.ts'
import type { Contract } from '../contract.ts'
import type { Messages } from '../message.ts'
import type { Ref } from '../ref.ts'
import type { GraphMessages, TaskMessages, TaskWork } from './graph-messages.ts'
import type { RecordedContext } from './recorded-context.ts'
import type { TaskError } from './task-graph.ts'

/** What a task works with. Calls out are asks and effects; they are recorded steps (D2). */
export interface TaskContext<Deps = unknown> extends RecordedContext<Deps> {
  /** A ref to ask. What is told would stand although the task failed. */
  ref<M extends Messages>(contract: Contract<M>, key: string): Pick<Ref<M>, 'ask' | 'key' | 'type'>
}

/** Does the tasks of one kind. */
export type TaskKind<Deps = unknown> = (
  ctx: TaskContext<Deps>,
  work: TaskWork,
) => Promise<Encodable> | Encodable

interface TaskParts<Deps> {
  readonly needs?: Needs<Deps>
  readonly kinds: Readonly<Record<string, TaskKind<Deps>>>
}

export function taskActor<Deps>(
  Graph: Contract<GraphMessages>,
  Task: Contract<TaskMessages>,
  { kinds, needs = noNeeds<Deps>() }: TaskParts<Deps>,
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

function gone(kind: string): TroupeError {
  return new TroupeError(
    'TASK_GRAPH_INVALID',
    `The app has no tasks of kind "${kind}" any more; the graph was submitted when it had.`,
  )
}
