/**
 * An answer that is data: the model gives it by calling a tool made from its schema. What does not fit
 * is told to the model, a bounded number of times.
 */
import { validate } from '../../cell/validation.ts'
import type { StopReason } from '../conversation.ts'
import type { ToolCallPart, ToolResultPart } from '../parts.ts'
import { failedResult } from '../tools/run-tool.ts'
import type { OutputPlan } from './plan.ts'

/** Name of the tool. */
export const answerTool = 'answer'

export class Answer {
  readonly #plan: OutputPlan | undefined
  #failures = 0
  #why = ''
  /** The accepted one. */
  accepted: { readonly value: unknown } | undefined

  constructor(plan: OutputPlan | undefined) {
    this.#plan = plan
  }

  get isWanted(): boolean {
    return this.#plan !== undefined
  }

  isCalledBy(call: ToolCallPart): boolean {
    return this.isWanted && call.name === answerTool
  }

  /** @param isAlone it came without other calls, so it can rest on all results */
  async check(call: ToolCallPart, isAlone: boolean): Promise<ToolResultPart> {
    try {
      const checked = await this.fit(call.input)
      if (!isAlone)
        return this.#refuse(call, 'Answer alone, when the results of all tools are there.')
      this.accepted = { value: checked }
      return { type: 'tool-result', call: call.id, name: call.name, output: { accepted: true } }
    } catch (error) {
      return this.#refuse(call, (error as Error).message)
    }
  }

  /** @throws PAYLOAD_INVALID */
  async fit(value: unknown): Promise<unknown> {
    const { schema } = this.#plan as OutputPlan
    return await validate('the answer', schema, value)
  }

  /** The model said something, and gave no answer. */
  refuseText(): string {
    this.#failures += 1
    this.#why = 'it said something and did not call the tool'
    return `Give your answer by calling the tool "${answerTool}".`
  }

  #refuse(call: ToolCallPart, why: string): ToolResultPart {
    this.#failures += 1
    this.#why = why
    return failedResult(call, { code: 'OUTPUT_INVALID', message: why })
  }

  /** Why it may not try again. */
  get givenUp(): StopReason | undefined {
    const { repairs } = this.#plan ?? { repairs: Number.POSITIVE_INFINITY }
    if (this.#failures <= repairs) return undefined
    return {
      code: 'OUTPUT_INVALID',
      message: `No answer fits its schema after ${this.#failures} attempts: ${this.#why}`,
      fields: { attempts: this.#failures },
    }
  }
}
