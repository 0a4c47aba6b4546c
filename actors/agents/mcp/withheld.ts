/**
 * The secrets that a server was given: looked up by name, and taken out again of whatever the server
 * says, for what it says goes to a model and into the history.
 */
import { TroupeError } from '../../../mailbox/errors.ts'
import type { Json } from '../parts.ts'
import type { ListedTool } from '../tools/listed-tool.ts'
import type { McpPlan, McpValue } from './mcp-options.ts'

/** What is shorter is no secret, and would be found in every other word. */
const shortest = 6

export class Withheld {
  readonly #plan: Pick<McpPlan, 'name' | 'secrets'>
  /** By what they stand for. */
  readonly #names = new Map<string, string>()

  constructor(plan: Pick<McpPlan, 'name' | 'secrets'>) {
    this.#plan = plan
  }

  /** @throws OPTION_INVALID when a secret is not known */
  async resolve(values: Readonly<Record<string, McpValue>> = {}): Promise<Record<string, string>> {
    const resolved = Object.entries(values).map(
      async ([key, value]): Promise<[string, string]> => [
        key,
        typeof value === 'string' ? value : await this.#find(value.secret),
      ],
    )
    return Object.fromEntries(await Promise.all(resolved))
  }

  text(said: string): string {
    let clean = said
    for (const [value, name] of this.#names) clean = clean.replaceAll(value, `[secret ${name}]`)
    return clean
  }

  json<T extends Json | readonly ListedTool[]>(said: T): T {
    if (this.#names.size === 0) return said
    const clean = (_key: string, value: unknown) =>
      typeof value === 'string' ? this.text(value) : value
    return JSON.parse(JSON.stringify(said, clean)) as T
  }

  async #find(name: string): Promise<string> {
    const value = await this.#plan.secrets(name)
    if (typeof value !== 'string') {
      throw new TroupeError(
        'OPTION_INVALID',
        `MCP server "${this.#plan.name}": "secrets" knows no "${name}"`,
      )
    }
    if (value.length >= shortest) this.#names.set(value, name)
    return value
  }
}
