/**
 * Secrets of one call: found by their names when it is made, and taken out of all that comes back. So
 * neither the model nor the history sees one, also where a service repeats what it was sent.
 */
import type { ToolCall } from '../tool.ts'
import { refused } from './refused.ts'
import type { HttpHeader, HttpRule } from './rules.ts'

/** Finds a secret by its name: in the environment, a vault, `call.deps`. */
export type FindSecret<Deps> = (name: string, call: ToolCall<Deps>) => string | Promise<string>

export class Secrets<Deps> {
  readonly #find: FindSecret<Deps> | undefined
  readonly #call: ToolCall<Deps>
  readonly #seen = new Map<string, string>()

  constructor(find: FindSecret<Deps> | undefined, call: ToolCall<Deps>) {
    this.#find = find
    this.#call = call
  }

  /** The author's headers. @throws TOOL_REFUSED when one cannot be found */
  async headersOf({ headers = {} }: HttpRule): Promise<Record<string, string>> {
    const filled: Record<string, string> = {}
    for (const [name, value] of Object.entries(headers)) {
      filled[name.toLowerCase()] = await this.#filled(value)
    }
    return filled
  }

  async #filled(value: HttpHeader): Promise<string> {
    if (typeof value === 'string') return value
    return `${value.prefix ?? ''}${await this.#secret(value.secret)}`
  }

  async #secret(name: string): Promise<string> {
    let found: unknown
    try {
      found = await this.#find?.(name, this.#call)
    } catch {
      // Its message may hold what it found.
    }
    if (typeof found !== 'string' || found === '') {
      throw refused(`The secret "${name}" is not there; whoever runs this agent has to set it.`)
    }
    for (const form of formsOf(found)) this.#seen.set(form, `[secret ${name}]`)
    return found
  }

  /** A text without any secret that was used. */
  redact(text: string): string {
    // The longest first: one form may be part of another.
    const forms = [...this.#seen].sort(([a], [b]) => b.length - a.length)
    return forms.reduce((left, [form, name]) => left.replaceAll(form, name), text)
  }
}

/** As it is, and as services write it back: in JSON, in a URL, in base64, in hex. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]
}
