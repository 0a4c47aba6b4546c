/** One attempt at Bedrock: the AWS client, loaded when first needed, its own retries off. */
import type { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'
import type { ModelRequest } from '../model.ts'
import { documentsOf } from './bedrock-documents.ts'
import type { BedrockOptions } from './bedrock-options.ts'
import { eventsOf, eventsOfReply } from './bedrock-reply.ts'
import { converseInput } from './bedrock-request.ts'
import { bedrockTrouble } from './bedrock-trouble.ts'
import { notInstalled } from './optional.ts'
import type { ModelService, ServiceEvent, Trouble } from './service.ts'

type Aws = typeof import('@aws-sdk/client-bedrock-runtime')

interface Connection {
  readonly aws: Aws
  readonly client: BedrockRuntimeClient
}

export class BedrockService implements ModelService {
  readonly id: string
  readonly provider = 'aws.bedrock'
  readonly #options: BedrockOptions
  #connection: Promise<Connection> | undefined

  constructor(id: string, options: BedrockOptions) {
    this.id = id
    this.#options = options
  }

  async *open(
    request: ModelRequest,
    pieces: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<ServiceEvent> {
    const { aws, client } = await this.#connected()
    const input = converseInput(this.id, request, this.#options)
    const documents = this.#options.documents === 'cited' ? documentsOf(request) : []
    if (!pieces) {
      const reply = await client.send(new aws.ConverseCommand(input), { abortSignal: signal })
      yield* eventsOfReply(reply, documents)
      return
    }
    const command = new aws.ConverseStreamCommand(input)
    const { stream } = await client.send(command, { abortSignal: signal })
    for await (const event of stream ?? []) yield* eventsOf(event, documents)
  }

  trouble(error: unknown, begun: boolean): Trouble {
    return bedrockTrouble(error, begun)
  }

  close(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.then(
      ({ client }) => client.destroy(),
      () => {},
    )
  }

  #connected(): Promise<Connection> {
    this.#connection ??= this.#connect().catch((error: unknown) => {
      this.#connection = undefined
      throw error
    })
    return this.#connection
  }

  async #connect(): Promise<Connection> {
    const aws = await import('@aws-sdk/client-bedrock-runtime').catch(
      notInstalled('@aws-sdk/client-bedrock-runtime'),
    )
    const { region, profile, credentials, endpoint, requestTimeout = 300_000 } = this.#options
    const client = new aws.BedrockRuntimeClient({
      // There is one retry layer, and this is not it.
      maxAttempts: 1,
      requestHandler: { requestTimeout },
      ...(region !== undefined && { region }),
      ...(profile !== undefined && { profile }),
      ...(credentials !== undefined && { credentials }),
      ...(endpoint !== undefined && { endpoint }),
    })
    return { aws, client }
  }
}
