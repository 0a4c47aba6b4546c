/** What is said to a task graph and to its tasks, and what it publishes. */
import type { Encodable } from '../../persistence/encodable-types.ts'
import type { Message } from '../message.ts'
import type { GraphResult, TaskError, TaskSpec, TaskState } from './task-graph.ts'

/** What a task is given. */
export interface TaskWork {
  readonly id: string
  readonly input: Encodable
  /** Outputs of the tasks that it needs, by their ids. */
  readonly results: Readonly<Record<string, Encodable>>
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

export type Ended = { readonly task: string; readonly run: string } & (
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

/** One start of a task. */
export interface Job extends TaskWork {
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
