/**
 * The names of OpenTelemetry's semantic conventions that our spans carry, and our own beside them.
 *
 * Revision: `@opentelemetry/semantic-conventions` 1.45.0 (messaging, error), and the GenAI conventions as
 * that version lists them; since then they are kept in `open-telemetry/semantic-conventions-genai`. Both
 * are in development: names change here, at a revision, and nowhere else. `docs/telemetry.md` lists them.
 */

/** The revision of what follows, as it is told with the spans. */
export const conventionsRevision = '1.45.0'

/** An operation is the first word of a span's name. */
export const Operation = Object.freeze({
  send: 'send',
  process: 'process',
  publish: 'publish',
  invokeAgent: 'invoke_agent',
  chat: 'chat',
  executeTool: 'execute_tool',
  retrieval: 'retrieval',
})

export const Messaging = Object.freeze({
  system: 'messaging.system.name',
  /** `send` or `process`. */
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  /** An actor's type, never its key; for a published message its topic. */
  destination: 'messaging.destination.name',
  messageId: 'messaging.message.id',
})

export const GenAi = Object.freeze({
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  agentName: 'gen_ai.agent.name',
  agentId: 'gen_ai.agent.id',
  conversation: 'gen_ai.conversation.id',
  dataSource: 'gen_ai.data_source.id',
  requestModel: 'gen_ai.request.model',
  maxTokens: 'gen_ai.request.max_tokens',
  temperature: 'gen_ai.request.temperature',
  responseModel: 'gen_ai.response.model',
  finishReasons: 'gen_ai.response.finish_reasons',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  toolName: 'gen_ai.tool.name',
  toolCallId: 'gen_ai.tool.call.id',
  // What was said: only where content is asked for.
  instructions: 'gen_ai.system_instructions',
  inputMessages: 'gen_ai.input.messages',
  outputMessages: 'gen_ai.output.messages',
  toolArguments: 'gen_ai.tool.call.arguments',
  toolResult: 'gen_ai.tool.call.result',
  query: 'gen_ai.retrieval.query.text',
})

export const errorType = 'error.type'

/** What no convention has a name for. */
export const Own = Object.freeze({
  /** Name of the message in its contract. */
  message: 'troupe.message.name',
  /** Key of the actor. */
  key: 'troupe.actor.key',
  sender: 'troupe.sender',
  lane: 'troupe.message.lane',
  attempt: 'troupe.turn.attempt',
  slot: 'troupe.slot',
  /** How a stage of a pipeline was answered: `made`, `fresh` or `stale`. */
  stage: 'troupe.stage.name',
  pipeline: 'troupe.pipeline.name',
  stageAnswer: 'troupe.stage.answer',
  /** Before the name of each count that a stage gives. */
  stageCount: 'troupe.stage.',
  purpose: 'troupe.chat.purpose',
  attempts: 'troupe.chat.attempts',
  cost: 'troupe.agent.cost',
  tokens: 'troupe.agent.tokens',
  steps: 'troupe.agent.steps',
  estimated: 'troupe.usage.estimated',
  passages: 'troupe.retrieval.passages',
  documents: 'troupe.retrieval.documents',
  status: 'troupe.agent.status',
  /** Content. */
  payload: 'troupe.message.payload',
  errorMessage: 'troupe.error.message',
})
