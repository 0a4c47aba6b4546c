/**
 * What can be said to the example's actors. Types and names only: safe to import anywhere.
 *
 * `index` is always the path of the full-text index and `model` the name of a model: a message says what
 * it is about, so that it still means the same after a restart.
 */

import type { Passage } from 'troupe/agents'
import { contract, message } from 'troupe/contract'
import type { Finding } from './answer/reason.ts'
import type { AnswerPart } from './answer/synthesize.ts'
import type { IngestReport } from './ingest/ingest.ts'
import type { Folder } from './ingest/walk.ts'

/** What an agent gives, and what it took. */
export interface Worked<T> {
  readonly value: T
  /** The thread's slot; -1 for the calling thread. */
  readonly slot: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly handlingMs: number
}

/** One agent's part in an answer: means over its messages, in milliseconds. */
export interface AgentWork {
  readonly agent: string
  readonly slot: number
  readonly messages: number
  /** From the ask to the handler's start; `null` where a crash lies between the two. */
  readonly queueWaitMs: number | null
  readonly handlingMs: number
}

/** A question to the questions it is made of. */
export const Decompose = contract('decompose', {
  split: message<{ question: string; model: string }, Worked<readonly string[]>>(),
})

/** The passages that may hold an answer. */
export const Retrieve = contract('retrieve', {
  search: message<{ question: string; index: string }, Worked<readonly Passage[]>>(),
})

/** The sentences of passages that do answer. */
export const Reason = contract('reason', {
  find: message<
    { question: string; passages: readonly Passage[]; model: string },
    Worked<Finding>
  >(),
})

/** A piece of an answer while it is being written: provisional until the answer is there. */
export interface Said {
  /** Another one means that writing began anew. */
  readonly attempt: string
  readonly index: number
  readonly part: AnswerPart
}

/** Findings to an answer; each part is published to `topic` as a {@link Said} when it is there. */
export const Synthesize = contract('synthesize', {
  write: message<
    { findings: readonly Finding[]; topic: string; model: string },
    Worked<readonly AnswerPart[]>
  >(),
})

/** An answer, and what it took. */
export interface Answer {
  readonly parts: readonly AnswerPart[]
  readonly work: readonly AgentWork[]
}

/** What is to be answered, from what, by whom. */
export interface Task {
  readonly question: string
  readonly index: string
  /** Names the documents as they are now. */
  readonly documents: string
  /** Where the answer is said while it is written. */
  readonly topic: string
  /** `extractive`, or `bedrock:ID`. */
  readonly model: string
}

/** One question to one state of the documents, by one model. Its key says all three, so asking again is no new work. */
export const Orchestrator = contract('orchestrator', {
  answer: message<Task>(),
  /** Waits its turn behind `answer`; `null` when that failed for good. */
  result: message<void, Answer | null>(),
})

/** What an update did, and a name for the documents as they are now. */
export interface Updated {
  readonly report: IngestReport
  /** Changes whenever a document does. */
  readonly documents: string
}

/** Keeps an index up to date with a folder. */
export const Ingest = contract('ingest', {
  update: message<{ folder: Folder; index: string }, Updated>(),
})

/** How many files of how many are read. */
export interface Advance {
  readonly done: number
  readonly total: number
}

/** Says at once how far an update is, to the topic {@link progressTopic}. */
export const Progress = contract('progress', {
  advance: message<Advance>(),
})

/** Where an {@link Advance} is published. */
export const progressTopic = 'ingest.progress'
