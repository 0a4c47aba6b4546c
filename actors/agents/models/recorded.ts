/**
 * A model that says again what a history holds: the replies that steps recorded (D2), in the order in
 * which they were asked for. For an evaluation of new code on old answers, and for tests, without a
 * service and without a bill. Running a turn again needs none of this: it is answered from its steps.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import type { RecordView } from '../../../persistence/replay/record-view.ts'
import {
  type CallOptions,
  type Model,
  type ModelChunk,
  type ModelReply,
  type ModelRequest,
  wholeReply,
} from '../model.ts'
import { spoken } from './spoken.ts'

/** Which replies of a history. */
export interface RecordedRepliesOptions {
  /** Of this actor alone, `type/key`. */
  readonly actor?: string
  /** Of steps of this name alone. */
  readonly step?: string
}

/**
 * The replies of models that a history holds.
 *
 * @param records as `selectRecords` and `viewRecord` of `troupe/replay` give them, oldest first
 * @returns in the order in which the calls began; what was begun and never answered is not there
 */
export function recordedReplies(
  records: Iterable<RecordView>,
  { actor, step }: RecordedRepliesOptions = {},
): readonly ModelReply[] {
  const replies = new Map<string, ModelReply | undefined>()
  for (const record of records) {
    if (record.kind !== 'step-begun' && record.kind !== 'step-done') continue
    if (actor !== undefined && record.actor !== actor) continue
    if (step !== undefined && record.name !== step) continue
    const call = `${record.actor} ${record.message} ${record.name} ${record.step}`
    if (record.kind === 'step-begun') replies.set(call, replies.get(call))
    else if (record.result?.kind === 'value' && isReply(record.result.value)) {
      replies.set(call, record.result.value)
    }
  }
  return [...replies.values()].filter((reply) => reply !== undefined)
}

function isReply(value: unknown): value is ModelReply {
  const { parts, finishReason, usage } = (value ?? {}) as Partial<Record<keyof ModelReply, unknown>>
  return (
    Array.isArray(parts) &&
    typeof finishReason === 'string' &&
    typeof (usage as { inputTokens?: unknown } | undefined)?.inputTokens === 'number'
  )
}

/**
 * Says recorded replies, one for each call. Usage is what it was then.
 *
 * @throws REPLAY_LIVE from a call for which there is no reply any more
 */
export function recordedModel(
  replies: readonly ModelReply[],
  { id = 'recorded' }: { readonly id?: string } = {},
): Model {
  return new Recorded(id, replies)
}

class Recorded implements Model {
  readonly id: string
  readonly #replies: readonly ModelReply[]
  #calls = 0

  constructor(id: string, replies: readonly ModelReply[]) {
    this.id = id
    this.#replies = replies
  }

  generate(request: ModelRequest, options: CallOptions = {}): Promise<ModelReply> {
    return wholeReply(this.stream(request, options))
  }

  stream(request: ModelRequest, options: CallOptions = {}): AsyncGenerator<ModelChunk> {
    return spoken(this.id, request, options, () => {
      const reply = this.#next(request)
      return { pieces: reply.parts, reply }
    })
  }

  #next({ purpose }: ModelRequest): ModelReply {
    const reply = this.#replies[this.#calls]
    this.#calls += 1
    if (reply !== undefined) return reply
    throw new TroupeError(
      'REPLAY_LIVE',
      `Model "${this.id}" has ${this.#replies.length} recorded replies and was asked for one more (${purpose}): give the code a live model for what the history does not hold.`,
      { fields: { model: this.id, replies: this.#replies.length, purpose } },
    )
  }
}
