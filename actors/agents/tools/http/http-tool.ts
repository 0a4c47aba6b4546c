/**
 * HTTP as a tool: what a model may call is an allow-list, where it leads is checked after resolution
 * and at each redirect, and what it needs to be let in stays with the author.
 */
import {
  aDuration,
  aFunction,
  anArray,
  anInteger,
  anObject,
  aText,
  checkOptions,
} from '../../../../mailbox/options.ts'
import type { Needs } from '../../../actor.ts'
import type { Json } from '../../parts.ts'
import { checkedBy } from '../checked-by.ts'
import { type Tool, type ToolApproval, type ToolCall, tool } from '../tool.ts'
import { addressCheck } from './addresses.ts'
import { type ResolveHost, systemResolve } from './destination.ts'
import type { Incoming } from './exchange.ts'
import { follow } from './follow.ts'
import { type HttpCall, httpCall, httpCallSchema, modelHeaders } from './http-call.ts'
import { badOption, refused } from './refused.ts'
import { checkRule, type HttpRule, isSafe, methodsOf, ruleFor, told, urlOf } from './rules.ts'
import { type FindSecret, Secrets } from './secrets.ts'

/** Options of {@link httpTool}. */
export interface HttpToolOptions<Deps = unknown> {
  /** Letters, digits, `_` and `-`, at most 64. */
  readonly name: string
  /** For the model: what is there, and when to call it. What is allowed is added. */
  readonly description: string
  /** What may be called, and nothing else. The first that fits a call is its rule. */
  readonly allow: readonly HttpRule[]
  /** Finds what `{ secret: NAME }` in a rule's headers names, when a call is made. */
  readonly secrets?: FindSecret<Deps>
  readonly needs?: Needs<Deps>
  /**
   * Addresses and ranges that may be connected to though they are not of the public internet:
   * `['10.1.0.0/16']` for a service of your own, `['127.0.0.1']` in a test.
   */
  readonly allowPrivate?: readonly string[]
  /** Further headers that the model may set, beside `accept`, `accept-language` and `content-type`. */
  readonly modelHeaders?: readonly string[]
  /** Types of content that are let through; `text/` is all that begin so. Default texts, JSON and XML. */
  readonly contentTypes?: readonly string[]
  /** Most bytes of an answer, unpacked. Default 50,000. */
  readonly maxBytes?: number
  /** Most redirects. Default 3. */
  readonly maxRedirects?: number
  /** Most ms for a call with its redirects. Default 30,000. */
  readonly timeout?: number
  /**
   * Which calls a human must allow; those that change something, unless `when` says which. It has to be
   * said where a rule allows such a method: `false` lets the model decide.
   */
  readonly approval?: ToolApproval<HttpCall> | false
  /** How addresses are found; for tests. Default as the system does. */
  readonly resolve?: ResolveHost
}

/** What a model is told. */
interface HttpAnswer {
  readonly status: number
  readonly type: string
  readonly body: Json
}

/**
 * A tool that calls what is allowed over HTTP; see `docs/tools.md` for what it refuses.
 *
 * @throws OPTION_INVALID
 */
export function httpTool<Deps = unknown>(options: HttpToolOptions<Deps>): Tool<Deps> {
  const what = `httpTool ${String(options?.name)}`
  checkOptions(what, options, checks)
  const { allow: rules, approval, secrets: find, resolve = systemResolve } = options
  checkRules(what, options)
  const isAllowed = addressCheck(what, options.allowPrivate)
  const { maxBytes = 50_000, maxRedirects = 3, timeout = 30_000 } = options
  const headers = [...modelHeaders, ...(options.modelHeaders ?? []).map((one) => one.toLowerCase())]
  const input = checkedBy<HttpCall>((said) => httpCall(said, headers))
  return tool<typeof input, undefined, Deps>({
    name: options.name,
    description: `${options.description}\nAllowed: ${told(rules)}.`,
    input,
    inputSchema: httpCallSchema(rules, headers),
    idempotent: (call) => !changes(call) || hasKey(rules, call),
    timeout,
    // As JSON a text may take twice its bytes.
    maxOutput: 2 * maxBytes + 1_024,
    ...(approval && { approval: { when: changes, ...approval } }),
    execute: async (call, facts: ToolCall<Deps>) => {
      const { key, signal } = facts
      const secrets = new Secrets(find, facts)
      const road = { rules, resolve, isAllowed, maxRedirects, secrets, key, signal }
      const response = await follow(road, call)
      try {
        return await answerOf(response, secrets, options.contentTypes ?? readable, maxBytes)
      } finally {
        response.close()
      }
    },
  })
}

const changes = ({ method }: HttpCall): boolean => !isSafe(method)

const checks = {
  name: aText,
  description: aText,
  allow: anArray,
  secrets: aFunction,
  needs: anObject,
  allowPrivate: anArray,
  modelHeaders: anArray,
  contentTypes: anArray,
  maxBytes: anInteger(1),
  maxRedirects: anInteger(0, 20),
  timeout: aDuration,
  approval: (value: unknown) =>
    value === false ? undefined : anObject(value) && 'an object, or false',
  resolve: aFunction,
}

function checkRules<Deps>(what: string, options: HttpToolOptions<Deps>): void {
  const { allow: rules, approval, secrets, allowPrivate = [] } = options
  if (rules === undefined || rules.length === 0) throw badOption(what, '"allow" names nothing')
  for (const rule of rules) checkRule(what, rule, allowPrivate.length > 0)
  const unsafe = rules.flatMap(methodsOf).find((method) => !isSafe(method))
  if (unsafe !== undefined && approval === undefined) {
    throw badOption(
      what,
      `${unsafe} may change something: give "approval: { within: ms }", or "approval: false" to let the model decide alone`,
    )
  }
  const named = rules.flatMap((rule) => Object.values(rule.headers ?? {}))
  if (secrets === undefined && named.some((value) => typeof value !== 'string')) {
    throw badOption(what, '"secrets" is missing, which finds the secrets that are named')
  }
  const own = (options.modelHeaders ?? []).find((name) => kept.test(String(name)))
  if (own !== undefined) throw badOption(what, `a model does not set header "${own}"`)
}

/** They say who calls, or where one message ends. */
const kept =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|content-length|upgrade|expect|cookie|authorization|proxy-.*)$/i

function hasKey(rules: readonly HttpRule[], call: HttpCall): boolean {
  try {
    return ruleFor(rules, call.method, urlOf(call.url)).idempotencyKey !== undefined
  } catch {
    // It will be refused before anything is sent.
    return true
  }
}

const readable = ['text/', 'application/json', '+json', 'application/xml', '+xml']

async function answerOf<Deps>(
  response: Incoming,
  secrets: Secrets<Deps>,
  readableTypes: readonly string[],
  maxBytes: number,
): Promise<HttpAnswer> {
  const [type = ''] = (response.headers['content-type'] ?? '').toLowerCase().split(';')
  const { status } = response
  if (!isOneOf(type.trim(), readableTypes)) {
    const length = response.headers['content-length']
    if (type === '' && (length === '0' || status === 204 || status === 304)) {
      return { status, type, body: '' }
    }
    throw refused(
      `It answered ${status} with content that is not let through. Let through: ${readableTypes.join(', ')}.`,
    )
  }
  const text = secrets.redact(await response.text(maxBytes))
  return { status, type: secrets.redact(type.trim()), body: parsed(type, text) }
}

const isOneOf = (type: string, known: readonly string[]): boolean =>
  known.some((one) =>
    one.endsWith('/')
      ? type.startsWith(one)
      : one.startsWith('+')
        ? type.endsWith(one)
        : type === one,
  )

function parsed(type: string, text: string): Json {
  if (!/json\s*$/.test(type)) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
