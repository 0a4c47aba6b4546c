/** What a model says to call something. */
import type { Json } from '../../parts.ts'
import { fieldsOf, notFit } from '../checked-by.ts'
import { type HttpMethod, type HttpRule, httpMethods, methodsOf, told } from './rules.ts'

/** What a model says to call something. */
export interface HttpCall {
  readonly method: HttpMethod
  readonly url: string
  /** Names in lower case, of those that a model may set. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** Headers a model may set, unless the author says more. */
export const modelHeaders = ['accept', 'accept-language', 'content-type'] as const

export function httpCallSchema(
  rules: readonly HttpRule[],
  headers: readonly string[],
): { readonly [key: string]: Json } {
  return {
    type: 'object',
    properties: {
      method: { type: 'string', enum: [...new Set(rules.flatMap(methodsOf))] },
      url: { type: 'string', description: `Absolute. Allowed: ${told(rules)}` },
      headers: {
        type: 'object',
        properties: Object.fromEntries(headers.map((name) => [name, { type: 'string' }])),
        additionalProperties: false,
      },
      json: { description: 'The body, as JSON.' },
      body: { type: 'string', description: 'The body as a text, instead of "json".' },
    },
    required: ['method', 'url'],
    additionalProperties: false,
  }
}

/** @throws PAYLOAD_INVALID */
export function httpCall(said: unknown, allowed: readonly string[]): HttpCall {
  const {
    method,
    url,
    headers = {},
    json,
    body,
  } = fieldsOf(said, ['method', 'url', 'headers', 'json', 'body'])
  const known = httpMethods.find((one) => one === method)
  if (known === undefined) throw notFit(`"method" is one of ${httpMethods.join(', ')}`)
  if (typeof url !== 'string' || url.length > 8_192) throw notFit('"url" is a text')
  if (body !== undefined && typeof body !== 'string') throw notFit('"body" is a text')
  if (json !== undefined && body !== undefined) throw notFit('give one of "json" and "body"')
  const hasBody = json !== undefined || body !== undefined
  if (hasBody && (known === 'GET' || known === 'HEAD')) throw notFit(`${known} has no body`)
  return {
    method: known,
    url,
    headers: {
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headersOf(headers, allowed),
    },
    body: json === undefined ? body : JSON.stringify(json),
  }
}

function headersOf(given: unknown, allowed: readonly string[]): Record<string, string> {
  if (typeof given !== 'object' || given === null) throw notFit('"headers" is an object')
  const entries = Object.entries(given).map(([name, value]) => {
    const lower = name.toLowerCase()
    if (!allowed.includes(lower)) {
      throw notFit(
        `header "${name.slice(0, 64)}" is not yours to set; yours are ${allowed.join(', ')}`,
      )
    }
    if (typeof value !== 'string' || !headerValue.test(value)) {
      throw notFit(`header "${lower}" is a text of one line`)
    }
    return [lower, value] as const
  })
  return Object.fromEntries(entries)
}

const headerValue = /^[\t\x20-\x7e]*$/
