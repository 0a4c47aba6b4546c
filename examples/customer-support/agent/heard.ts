/**
 * A model that can be heard while it speaks, by whoever listens to the customer's topic.
 *
 * The words of a durable turn leave with its commit (D1), too late for a reader. These leave at once, and
 * also when nobody asked: after a restart, when a turn that was cut off goes on by itself.
 */

import {
  type CallOptions,
  type Model,
  type ModelChunk,
  type ModelReply,
  type ModelRequest,
  type ToolResultPart,
  wholeReply,
} from 'troupe/agents'
import type { Heard } from '../contracts.ts'

/** Takes what is heard of a customer's agent. */
export type Listener = (customer: string, heard: Heard) => void

/** An agent calls its model for a tenant, which is its key: the customer. */
export function heard(model: Model, listener: Listener): Model {
  return new HeardModel(model, listener)
}

class HeardModel implements Model {
  readonly #model: Model
  readonly #listener: Listener

  constructor(model: Model, listener: Listener) {
    this.#model = model
    this.#listener = listener
  }

  get id(): string {
    return this.#model.id
  }

  generate(request: ModelRequest, options: CallOptions = {}): Promise<ModelReply> {
    return wholeReply(this.stream(request, options))
  }

  async *stream(request: ModelRequest, options: CallOptions = {}): AsyncGenerator<ModelChunk> {
    const { tenant } = options
    // A summary is not for the customer.
    const isForCustomer = tenant !== undefined && request.purpose === 'agent'
    const say = (said: Heard): void => {
      if (isForCustomer) this.#listener(tenant, said)
    }
    for (const result of resultsIn(request)) say(result)
    say({ type: 'began' })
    for await (const chunk of this.#model.stream(request, options)) {
      const said = heardOf(chunk)
      if (said !== undefined) say(said)
      yield chunk
    }
  }
}

function heardOf(chunk: ModelChunk): Heard | undefined {
  switch (chunk.type) {
    case 'text':
      return { type: 'text', text: chunk.part.text }
    case 'tool-call':
      return { type: 'tool-call', name: chunk.part.name, input: chunk.part.input }
    case 'restarted':
      return { type: 'restarted' }
    default:
      return undefined
  }
}

/** What tools have just found out, as the model is told it. */
function resultsIn({ messages }: ModelRequest): readonly Heard[] {
  const parts = messages.at(-1)?.parts ?? []
  return parts
    .filter((part): part is ToolResultPart => part.type === 'tool-result')
    .map(({ name, output, failed }) => ({
      type: 'tool-result',
      name,
      output,
      failed: failed === true,
    }))
}
