/**
 * The tools of one agent by name, in one fixed order: what a model is told begins the same in every
 * call, so that its service can cache it.
 */
import { shown, TroupeError } from '../../../mailbox/errors.ts'
import type { ToolSpec } from '../model.ts'
import type { Tool } from './tool.ts'

/** A checked set of tools. */
export interface Toolbox<Deps = unknown> {
  /** By name, ascending. */
  readonly specs: readonly ToolSpec[]
  readonly names: readonly string[]
  readonly all: readonly Tool<Deps>[]
  /** The tool of a name. */
  get(name: string): Tool<Deps> | undefined
}

/**
 * @throws OPTION_INVALID when two have one name, or one was not made by `tool`
 */
export function toolbox<Deps = unknown>(tools: readonly Tool<Deps>[]): Toolbox<Deps> {
  const byName = new Map<string, Tool<Deps>>()
  for (const one of tools) {
    const name = one?.spec?.name
    if (name === undefined) throw invalid(`a tool is made by tool({ ... }), got ${shown(one)}`)
    if (byName.has(name)) throw invalid(`two tools are named "${name}"`)
    byName.set(name, one)
  }
  const names = [...byName.keys()].sort()
  const all = names.map((name) => byName.get(name) as Tool<Deps>)
  return Object.freeze({
    names,
    all,
    specs: all.map(({ spec }) => spec),
    get: (name: string) => byName.get(name),
  })
}

const invalid = (why: string): TroupeError => new TroupeError('OPTION_INVALID', `tools: ${why}`)
