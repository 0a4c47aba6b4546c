/** The public entries of the package, as package.json and the compiler know them. */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { manifest, root } from './repository.ts'

/** A module that users can import, and the source behind it. */
export interface Entry {
  /** As in `exports`: `./contract`. */
  readonly name: string
  /** As users write it: `troupe/contract`. */
  readonly specifier: string
  /** Relative to the root: `actors/index.ts`. */
  readonly source: string
}

/** Every entry that is code. */
export function publicEntries(): Entry[] {
  const { name: packageName, exports } = manifest()
  return Object.entries(exports).flatMap(([name, target]) => {
    if (target === null || typeof target === 'string') return []
    const source = target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')
    return [{ name, specifier: name.replace('.', packageName), source }]
  })
}

/** Loads an entry's source. */
export async function publicModule(name: string): Promise<Record<string, unknown>> {
  const entry = publicEntries().find((one) => one.name === name)
  if (entry === undefined) throw new Error(`package.json exports no "${name}"`)
  return await import(pathToFileURL(join(root, entry.source)).href)
}
