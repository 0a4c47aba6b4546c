/**
 * Loaded before a program that runs from the sources: our own name resolves to them, in every thread,
 * and what Node compiled once is kept for the next thread and the next process.
 *
 * Node strips the types itself. Tests of threads and processes load the same modules hundreds of
 * times; with tsx that was half of what the suite did. What is left is mostly Node looking for each
 * module, its package and its format: a third of the start of a thread. Our own imports say all that
 * themselves. Plain JavaScript, because it is itself read before anything is kept.
 */
import './offline.mjs'
import { readFileSync } from 'node:fs'
import { enableCompileCache, registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
enableCompileCache(fileURLToPath(new URL('node_modules/.cache/compiled', root)))

const { name, exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
const sources = new Map(Object.entries(exports).flatMap(sourceOf))
registerHooks({
  resolve: (specifier, context, next) =>
    ownModule(specifier, context.parentURL) ?? next(sources.get(specifier) ?? specifier, context),
})

/** A relative import among our files: the compiler has checked that it is there. */
function ownModule(specifier, parentURL) {
  const isOurs = specifier.startsWith('.') && specifier.endsWith('.ts')
  if (!isOurs || !parentURL?.startsWith(root.href)) return undefined
  const { href } = new URL(specifier, parentURL)
  return { url: href, format: 'module-typescript', shortCircuit: true }
}

/** `troupe/contract` and the module behind it. */
function sourceOf([entry, target]) {
  if (typeof target?.default !== 'string') return []
  const source = target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')
  return [[entry.replace('.', name), new URL(source, root).href]]
}
