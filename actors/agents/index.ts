/**
 * `troupe/agents`: agents and their tools; the ports through which they use a language model and find
 * text, the model that is built in, and what adapters and retrievers need to read text as that model does.
 */
import '../../mailbox/supported-node.ts'

export { type ActorToolParts, actorTool } from './actor-tool.ts'
export { approvalsTopic } from './agent/approvals.ts'
export type { Budget, Limits, OpenLease } from './agent/budget.ts'
export { type AgentOptions, agent, type Memory } from './agent.ts'
export { type AgentToolParts, agentTool } from './agent-tool.ts'
export {
  type AgentEnd,
  type AgentEvent,
  type AgentReply,
  type AgentStatus,
  type Approval,
  type Conversation,
  type ConversationPage,
  conversation,
  type Decision,
  type Lease,
  outputOf,
  type Said,
  type Spent,
  type StopReason,
} from './conversation.ts'
export { decodeEntities } from './extractive/entities.ts'
export { oneLine, plainText } from './extractive/inline.ts'
export { titleSeparator } from './extractive/select.ts'
export { type Sentence, sentencesOf } from './extractive/sentences.ts'
export { isFunctionWord, wordsOf } from './extractive/terms.ts'
export { type ExtractiveModelOptions, extractiveModel, noAnswer } from './extractive-model.ts'
export { type IsolatedToolParts, isolatedTool } from './isolated-tool.ts'
export { type McpClient, mcpClient } from './mcp/mcp-client.ts'
export type {
  McpClientOptions,
  McpHttp,
  McpLimits,
  McpStdio,
  McpValue,
} from './mcp/mcp-options.ts'
export { type McpToolOptions, type McpToolsOptions, mcpTools } from './mcp/mcp-tools.ts'
export {
  type AttemptReport,
  type CallOptions,
  type FailedAttempt,
  type FinishReason,
  type Model,
  type ModelChunk,
  type ModelMessage,
  type ModelReply,
  type ModelRequest,
  type ToolChoice,
  type ToolSpec,
  type Usage,
  wholeReply,
} from './model.ts'
export { type AiSdkOptions, aiSdkModel } from './models/ai-sdk.ts'
export type { AiSdkLanguageModel } from './models/ai-sdk-types.ts'
export { type BedrockModel, bedrockModel } from './models/bedrock.ts'
export type { BedrockCredentials, BedrockOptions } from './models/bedrock-options.ts'
export type { Gate, GateRequest, Permit, Settlement } from './models/gate.ts'
export { type Entered, type Entering, type GateDeps, gateTurn } from './models/gate-actor.ts'
export { Gates, type GatesOptions, gates } from './models/gates.ts'
export { type GateLimits, type GateStats, LocalGate } from './models/local-gate.ts'
export {
  type RecordedRepliesOptions,
  recordedModel,
  recordedReplies,
} from './models/recorded.ts'
export type { RetryOptions } from './models/retry.ts'
export {
  type ScriptedModel,
  type ScriptedReply,
  type ScriptFunction,
  type ScriptLine,
  scriptedModel,
} from './models/scripted.ts'
export type { ServiceModelOptions } from './models/service-model.ts'
export type { Price } from './models/usage.ts'
export {
  type Citation,
  type DocumentPart,
  type Json,
  type Part,
  type ReasoningPart,
  type ReplyPart,
  type TextPart,
  type ToolCallPart,
  type ToolResultPart,
  textOf,
  textPartsOf,
  toolCallsOf,
} from './parts.ts'
export type { Passage, Retriever, SearchOptions } from './retriever.ts'
export type {
  Database,
  QueryLimits,
  QueryParameters,
  QueryResult,
} from './tools/database/database.ts'
export { type DatabaseToolOptions, databaseTool } from './tools/database/database-tool.ts'
export type { NamedCall, NamedQueries, NamedQuery } from './tools/database/named-queries.ts'
export type { SqlCall } from './tools/database/sql-call.ts'
export { type SqliteDatabaseOptions, sqliteDatabase } from './tools/database/sqlite-database.ts'
export type { ResolveHost } from './tools/http/destination.ts'
export type { HttpCall } from './tools/http/http-call.ts'
export { type HttpToolOptions, httpTool } from './tools/http/http-tool.ts'
export type { HttpHeader, HttpMethod, HttpRule } from './tools/http/rules.ts'
export type { FindSecret } from './tools/http/secrets.ts'
export type { ListedTool, ToolHints } from './tools/listed-tool.ts'
export {
  type Tool,
  type ToolApproval,
  type ToolCall,
  type ToolParts,
  type ToolTurn,
  type ToolWork,
  tool,
} from './tools/tool.ts'
export type { ToolSource } from './tools/tool-source.ts'
export { type Toolbox, toolbox } from './tools/toolbox.ts'
export { tracedModel } from './traced-model.ts'
export { tracedRetriever } from './traced-retriever.ts'
