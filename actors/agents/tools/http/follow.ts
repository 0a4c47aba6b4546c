/**
 * A call with its redirects. Each hop is checked as if a model had asked for it: rule, address,
 * headers. What a rule adds goes to what that rule allows, so no credential follows a redirect.
 */
import type { AddressCheck } from './addresses.ts'
import { encodings } from './body.ts'
import { destinationOf, type ResolveHost } from './destination.ts'
import { exchange, type Incoming, type Outgoing } from './exchange.ts'
import type { HttpCall } from './http-call.ts'
import { refused } from './refused.ts'
import { type HttpRule, ruleFor, urlOf } from './rules.ts'
import type { Secrets } from './secrets.ts'

/** What a call is made by. */
export interface Road<Deps> {
  readonly rules: readonly HttpRule[]
  readonly resolve: ResolveHost
  readonly isAllowed: AddressCheck
  readonly maxRedirects: number
  readonly secrets: Secrets<Deps>
  /** Of the call's step. */
  readonly key: string
  readonly signal: AbortSignal
}

/** @throws TOOL_REFUSED, TOOL_UNREACHABLE, or the signal's reason */
export async function follow<Deps>(road: Road<Deps>, call: HttpCall): Promise<Incoming> {
  let next: Outgoing = { ...call, url: urlOf(call.url) }
  for (let hops = 0; ; hops += 1) {
    const response = await hop(road, next)
    const { location } = response.headers
    if (!redirects.has(response.status) || location === undefined) return response
    response.close()
    if (hops === road.maxRedirects) throw refused(`It redirects more than ${hops} times.`)
    next = redirected(next, response.status, location)
  }
}

async function hop<Deps>(road: Road<Deps>, { method, url, headers, body }: Outgoing) {
  const { rules, secrets, signal, key } = road
  const rule = ruleFor(rules, method, url)
  const addresses = await destinationOf(url, road.resolve, road.isAllowed, signal)
  const own = await secrets.headersOf(rule)
  const once = rule.idempotencyKey === undefined ? {} : { [rule.idempotencyKey.toLowerCase()]: key }
  const all = { 'accept-encoding': encodings, ...headers, ...once, ...own }
  return exchange({ method, url, headers: all, body }, addresses, signal)
}

const redirects = new Set([301, 302, 303, 307, 308])

/** By the rules of fetch: some redirects make a GET of it, without the body. */
function redirected(from: Outgoing, status: number, location: string): Outgoing {
  const url = urlOf(location, from.url)
  if (from.url.protocol === 'https:' && url.protocol === 'http:') {
    throw refused('It redirects from https to http.')
  }
  const isGet =
    (status === 303 && from.method !== 'GET' && from.method !== 'HEAD') ||
    (status < 303 && from.method === 'POST')
  if (!isGet) return { ...from, url }
  const { 'content-type': _, ...headers } = from.headers
  return { method: 'GET', url, headers, body: undefined }
}
