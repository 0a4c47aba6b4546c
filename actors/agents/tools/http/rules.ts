/** What may be called: origins, their methods and paths, and the headers that go along. */
import { anArray, anObject, aText, checkOptions } from '../../../../mailbox/options.ts'
import { isPathPattern, isPlainPath, matchesPath } from './paths.ts'
import { badOption, refused } from './refused.ts'

/** A header of the author's: a text, or a secret by its name. */
export type HttpHeader = string | { readonly secret: string; readonly prefix?: string }

/** Something that may be called. */
export interface HttpRule {
  /** `https://api.example.com`; `https://*.example.com` for all below it; `https://*` for any host. */
  readonly origin: string
  /** Default GET and HEAD. */
  readonly methods?: readonly HttpMethod[]
  /** `*` is one segment, `**` at the end any rest: `/orders/*`. Default all paths. */
  readonly paths?: readonly string[]
  /** Sent with each call that this rule allows, and with no other. */
  readonly headers?: Readonly<Record<string, HttpHeader>>
  /**
   * The header by which the service knows a call that is made twice. It gets the key of the call's step,
   * and makes all calls of this rule idempotent.
   */
  readonly idempotencyKey?: string
}

/** A method that may be allowed. */
export type HttpMethod = (typeof httpMethods)[number]

export const httpMethods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** They change nothing, by HTTP's own rules. */
export const isSafe = (method: string): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(method)

export const methodsOf = ({ methods = ['GET', 'HEAD'] }: HttpRule): readonly HttpMethod[] => methods

/** @throws OPTION_INVALID */
export function checkRule(what: string, rule: HttpRule, mayBePlain: boolean): void {
  const checks = {
    origin: aText,
    methods: anArray,
    paths: anArray,
    headers: anObject,
    idempotencyKey: aText,
  }
  checkOptions(`${what} allow`, rule, checks)
  if (rule.origin === undefined || !originShape.test(rule.origin) || !isOrigin(rule.origin)) {
    throw badOption(
      what,
      `an origin is like "https://api.example.com", without a path, or "https://*.example.com"; got ${JSON.stringify(rule.origin)}`,
    )
  }
  const unknown = methodsOf(rule).find((method) => !httpMethods.includes(method))
  if (unknown !== undefined)
    throw badOption(what, `methods are ${httpMethods.join(', ')}; got ${unknown}`)
  const path = rule.paths?.find((one) => !isPathPattern(one))
  if (path !== undefined) {
    throw badOption(what, `a path is like "/orders/*" or "/v1/**"; got ${JSON.stringify(path)}`)
  }
  checkHeaders(what, rule, mayBePlain)
}

const originShape = /^https?:\/\/(?:\*|(?:\*\.)?[^*/?#@\s]+)$/

/** As the URL parser writes it: a default port, an upper-case letter, an odd number would never match. */
function isOrigin(origin: string): boolean {
  const plain = origin.replace('//*.', '//').replace('//*', '//x')
  return URL.canParse(plain) && new URL(plain).origin === plain
}

function checkHeaders(what: string, { origin, headers = {} }: HttpRule, mayBePlain: boolean): void {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') continue
    checkOptions(`${what} header "${name}"`, value, { secret: aText, prefix: aText })
    if (value.secret === undefined) throw badOption(what, `header "${name}" needs "secret"`)
    if (origin.includes('*')) {
      throw badOption(what, `a secret goes to one origin, not to "${origin}"`)
    }
    if (origin.startsWith('http:') && !mayBePlain) {
      throw badOption(what, `a secret goes over https, not to "${origin}"`)
    }
  }
}

/**
 * The rule that allows a call.
 * @throws TOOL_REFUSED, whose message tells what is allowed
 */
export function ruleFor(rules: readonly HttpRule[], method: string, url: URL): HttpRule {
  if (url.username !== '' || url.password !== '') {
    throw refused('A URL has no user and no password.')
  }
  if (!isPlainPath(url.pathname)) {
    throw refused('The path has an encoded slash, dot or control character, or a stray "%".')
  }
  const found = rules.find(
    (rule) =>
      isOf(rule.origin, url) &&
      methodsOf(rule).some((one) => one === method) &&
      (rule.paths?.some((pattern) => matchesPath(pattern, url.pathname)) ?? true),
  )
  if (found !== undefined) return found
  throw refused(`${method} ${url.origin} with this path is not allowed. Allowed: ${told(rules)}.`)
}

function isOf(origin: string, url: URL): boolean {
  if (!origin.includes('*')) return url.origin === origin
  const [scheme, host = ''] = origin.split('//*')
  if (url.protocol !== scheme) return false
  // Any host has its default port; below a domain the rule says which.
  return host === '' ? url.port === '' : url.host.endsWith(host) && url.host.length > host.length
}

export const told = (rules: readonly HttpRule[]): string =>
  rules
    .map((rule) => `${methodsOf(rule).join('/')} ${rule.origin}${rule.paths?.join(' or ') ?? ''}`)
    .join('; ')

/** A URL as a model wrote it. @throws TOOL_REFUSED */
export function urlOf(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href)
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refused('It is no http or https URL.')
  }
  url.hash = ''
  return url
}
