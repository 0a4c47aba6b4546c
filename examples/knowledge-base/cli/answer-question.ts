/**
 * Asks one question of the running system and shows its answer as it comes.
 *
 * The orchestrator's key names question, documents and model, so that the address is the work: after a crash
 * the same question finds what was already done, and once answered it is not worked on again.
 */

import { createHash } from 'node:crypto'
import { type System, TroupeError } from 'troupe'
import { type Answer, Orchestrator, type Said } from '../contracts.ts'
import { contentOf } from '../ingest/ingest.ts'
import type { Folder } from '../ingest/walk.ts'
import { AnswerView } from './answer-view.ts'
import type { Output } from './progress.ts'

/** What is asked, and of what. */
export interface Asked {
  readonly question: string
  readonly folder: Folder
  readonly index: string
  /** Names the documents as they are now. */
  readonly documents: string
  /** `extractive`, or `bedrock:ID`. */
  readonly model: string
}

/** @throws what the orchestrator gave up with: of the model, or ACTOR_FAILED */
export async function answerQuestion(
  system: System,
  asked: Asked,
  stdout: Output,
): Promise<Answer> {
  const key = keyOf(asked)
  const topic = `answer.${key}`
  const view = new AnswerView(stdout)
  const unsubscribe = system.subscribe(topic, ({ payload }) => view.said(payload as Said))
  try {
    const orchestrator = system.ref(Orchestrator, key)
    const { question, index, documents, model } = asked
    await orchestrator.deliver.answer({ question, index, documents, topic, model })
    const within = Number.POSITIVE_INFINITY
    const answer = await orchestrator.ask.result(undefined, { within })
    if (answer === null) throw gaveUp(system, key)
    view.finish(answer.parts)
    return answer
  } finally {
    unsubscribe()
  }
}

function keyOf({ question, folder, documents, model }: Asked): string {
  const named = JSON.stringify([question, contentOf(folder), documents, model])
  return createHash('sha256').update(named).digest('hex').slice(0, 32)
}

/** Its message is a dead letter now, with the error of the last attempt. */
function gaveUp(system: System, key: string): TroupeError {
  const [letter] = system.deadLetters.list({ to: `orchestrator/${key}`, limit: 1 })
  const cause = letter?.error
  const why = cause instanceof Error ? cause.message : 'see system.deadLetters'
  const code = cause instanceof TroupeError ? cause.code : 'ACTOR_FAILED'
  return new TroupeError(code, `The question could not be answered: ${why}`, { cause })
}
