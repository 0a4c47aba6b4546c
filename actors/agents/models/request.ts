/** The one check of a request, at the entrance of every model. */
import { TroupeError } from '../../../mailbox/errors.ts'
import {
  anArray,
  anInteger,
  anObject,
  aText,
  checkOptions,
  type OptionCheck,
} from '../../../mailbox/options.ts'
import type { ModelRequest, ToolSpec } from '../model.ts'
import type { Part } from '../parts.ts'

/**
 * @throws OPTION_INVALID naming the field
 */
export function checkRequest(request: ModelRequest): void {
  checkOptions('model request', request, requestChecks)
  for (const name of ['purpose', 'system', 'messages', 'maxOutputTokens'] as const) {
    if (request[name] === undefined) throw invalid(`"${name}" is missing`)
  }
  checkTools(request.tools ?? [], request.toolChoice)
}

const aString: OptionCheck = (value) => (typeof value === 'string' ? undefined : 'a text')

const messages: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0 && value.every(isMessage)
    ? undefined
    : 'a list of messages, each with a role, `user` or `assistant`, and at least one whole part'

function isMessage(value: unknown): boolean {
  const { role, parts } = (value ?? {}) as { role?: unknown; parts?: unknown }
  if (role !== 'user' && role !== 'assistant') return false
  return Array.isArray(parts) && parts.length > 0 && parts.every(isPart)
}

/** What each part must have as text. */
const textsOf: Readonly<Record<Part['type'], readonly string[]>> = {
  text: ['text'],
  document: ['id', 'text'],
  reasoning: ['text'],
  'tool-call': ['id', 'name'],
  'tool-result': ['call', 'name'],
}

function isPart(value: unknown): boolean {
  const part = (value ?? {}) as Readonly<Record<string, unknown>>
  const type = part['type']
  if (typeof type !== 'string' || !Object.hasOwn(textsOf, type)) return false
  return textsOf[type as Part['type']].every((name) => typeof part[name] === 'string')
}

const requestChecks: Readonly<Record<keyof ModelRequest, OptionCheck>> = {
  purpose: aText,
  system: aString,
  messages,
  maxOutputTokens: anInteger(1),
  temperature: (value) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? undefined : 'a number from 0 to 1',
  tools: anArray,
  toolChoice: (value) =>
    value === 'auto' || value === 'required' || value === 'none' || anObject(value) === undefined
      ? undefined
      : '"auto", "required", "none" or { tool: NAME }',
  stopSequences: (value) =>
    Array.isArray(value) && value.every((one) => aText(one) === undefined)
      ? undefined
      : 'a list of non-empty texts',
}

const toolName = /^[a-zA-Z0-9_-]{1,64}$/

function checkTools(tools: readonly ToolSpec[], choice: ModelRequest['toolChoice']): void {
  const names = new Set<string>()
  for (const { name, inputSchema } of tools) {
    if (!toolName.test(name)) {
      throw invalid(`a tool is named with letters, digits, "_" and "-", at most 64, not "${name}"`)
    }
    if (names.has(name)) throw invalid(`two tools are named "${name}"`)
    if (anObject(inputSchema) !== undefined) throw invalid(`tool "${name}" has no inputSchema`)
    names.add(name)
  }
  if (typeof choice === 'object' && !names.has(choice.tool)) {
    throw invalid(`toolChoice names "${choice.tool}", which is not among its tools`)
  }
  if (choice === 'required' && names.size === 0)
    throw invalid('toolChoice is required without tools')
}

const invalid = (why: string): TroupeError =>
  new TroupeError('OPTION_INVALID', `model request: ${why}`)

/** Tools in the one order in which they are sent, so that a service can cache what comes before. */
export const inOrder = (tools: readonly ToolSpec[]): readonly ToolSpec[] =>
  tools.toSorted((a, b) => (a.name < b.name ? -1 : 1))
