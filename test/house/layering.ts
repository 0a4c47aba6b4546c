/**
 * The rules of who may import whom, as a check over source texts.
 *
 * Owns: rooms import only downwards and in no ring; `runtime/host` and `runtime/main` meet only in
 * `runtime/wire`; each third-party library has one home; nothing imports the proof; examples are
 * written as a user writes; contracts and definitions load nothing heavy.
 *
 * Does not own the tree: a test hands in the repository, or a made-up one that breaks a rule.
 */
import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import { type Import, importsOf } from './imports.ts'
import { rooms, type SourceTree } from './repository.ts'

/**
 * The folders each library may live in. All files that import it must lie in one folder, or in as
 * many as are listed when the entry says so.
 */
const homes: Readonly<Record<string, Home>> = {
  '@aws-sdk/client-bedrock-runtime': { in: ['actors/agents/models/'] },
  '@modelcontextprotocol/client': { in: ['actors/agents/mcp/'] },
  '@opentelemetry/': { in: ['runtime/telemetry/'], folders: 3 }, // one for each signal
  '@standard-schema/spec': { in: ['actors/'], folders: Number.POSITIVE_INFINITY }, // types only
  'better-sqlite3': { in: ['persistence/sqlite/'] },
  comlink: { in: ['runtime/wire/'] },
  eventemitter3: { in: ['runtime/'] },
  'ipaddr.js': { in: ['actors/agents/tools/http/'] },
  msgpackr: { in: ['persistence/'] },
  pino: { in: ['runtime/telemetry/logs/'] },
  'p-queue': { in: ['actors/agents/', 'runtime/'], folders: 2 },
  piscina: { in: ['runtime/main/'] },
}

interface Home {
  readonly in: readonly string[]
  /** How many folders may share it; 1 unless told. */
  readonly folders?: number
}

/** What loading a contract or an actor definition must never reach, besides any library. */
const heavyBuiltins = ['node:worker_threads', 'node:child_process', 'node:cluster', 'node:sqlite']

export interface LayeringInput {
  readonly tree: SourceTree
  /** The package's name and the names of its public entries: `troupe`, `troupe/contract`. */
  readonly packageName: string
  readonly entries: readonly string[]
  /** The module behind `./contract`. */
  readonly contractEntry: string
}

/** One line per broken rule: `file:line: what is wrong`. Empty when all rules hold. */
export function layeringViolations(input: LayeringInput): string[] {
  const links = linksOf(input.tree)
  return [
    ...links.flatMap((link) => [
      ...upward(link),
      ...intoProof(link),
      ...outOfExample(link, input),
      ...acrossThreads(link),
      ...homeless(link, input.packageName),
    ]),
    ...sharedHomes(links),
    ...hiddenMeetings(links),
    ...rings(links),
    ...heavyContract(links, input.contractEntry),
  ].sort()
}

interface Link extends Import {
  readonly from: string
  /** The path it names, when it is a file of the tree. */
  readonly to: string | undefined
}

function linksOf(tree: SourceTree): Link[] {
  return [...tree].flatMap(([from, text]) =>
    importsOf(from, text).map((found) => ({ ...found, from, to: target(from, found.specifier) })),
  )
}

function target(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined
}

function at(link: Link, message: string): string[] {
  return [`${link.from}:${link.line}: ${message}`]
}

function top(path: string): string {
  return path.slice(0, path.indexOf('/'))
}

function isRoom(folder: string): folder is (typeof rooms)[number] {
  return (rooms as readonly string[]).includes(folder)
}

/** Rooms import themselves and what lies below, types included. */
function upward(link: Link): string[] {
  if (link.to === undefined || !isRoom(top(link.from))) return []
  const [from, to] = [top(link.from), top(link.to)]
  if (!isRoom(from)) return []
  if (!isRoom(to)) return at(link, `a room imports only rooms, not ${link.to}`)
  if (rooms.indexOf(to) <= rooms.indexOf(from)) return []
  return at(link, `${from}/ must not import ${to}/, which stands above it (${link.to})`)
}

/** Within the rooms imports form no ring, types included: who needs more declares a port. */
function rings(links: readonly Link[]): string[] {
  const edges = new Map<string, Link[]>()
  for (const link of links) {
    if (link.to === undefined || !isRoom(top(link.from))) continue
    // Wrong for another reason, and said so.
    if (upward(link).length > 0 || acrossThreads(link).length > 0) continue
    edges.set(link.from, [...(edges.get(link.from) ?? []), link])
  }
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    for (const link of edges.get(file) ?? []) {
      const to = link.to as string
      const start = path.indexOf(to)
      if (start >= 0) found.push(...at(link, `a ring of imports: ${ring(path.slice(start), to)}`))
      else if (!done.has(to)) visit(to, [...path, to])
    }
    done.add(file)
  }
  for (const file of edges.keys()) if (!done.has(file)) visit(file, [file])
  return found
}

function ring(path: readonly string[], to: string): string {
  return [...path, to].join(' imports ')
}

/** `bench/` and `test/` are proof: only they import themselves. */
function intoProof(link: Link): string[] {
  if (link.to === undefined) return []
  const [from, to] = [top(link.from), top(link.to)]
  if ((to !== 'bench' && to !== 'test') || from === to || isRoom(from)) return []
  return at(link, `${to}/ is proof, nothing imports it (${link.to})`)
}

/** An example is user code: its own folder, other packages, and our public entries. */
function outOfExample(link: Link, { packageName, entries }: LayeringInput): string[] {
  if (top(link.from) !== 'examples') return []
  if (link.to !== undefined) {
    const own = link.from.split('/').slice(0, 2).join('/')
    if (link.to.startsWith(`${own}/`)) return []
    return at(link, `an example imports only its own folder and public entries, not ${link.to}`)
  }
  if (!belongsTo(link.specifier, packageName) || entries.includes(link.specifier)) return []
  return at(link, `${link.specifier} is no public entry; there are ${entries.join(', ')}`)
}

function belongsTo(specifier: string, packageName: string): boolean {
  return specifier === packageName || specifier.startsWith(`${packageName}/`)
}

const sides = ['runtime/host/', 'runtime/main/'] as const

/** The two sides of a thread never name each other, and the wire between them names neither. */
function acrossThreads(link: Link): string[] {
  const to = sides.find((side) => link.to?.startsWith(side))
  if (to === undefined || link.from.startsWith(to)) return []
  const from = [...sides, 'runtime/wire/'].find((side) => link.from.startsWith(side))
  if (from === undefined) return []
  return at(link, `${from} must not import ${to}; they meet in runtime/wire/ (${link.to})`)
}

/** The same through a third module, for what is loaded with a side. */
function hiddenMeetings(links: readonly Link[]): string[] {
  return sides.flatMap((side) => {
    const other = sides.find((one) => one !== side) as string
    const starts = [...new Set(links.map((link) => link.from))].filter((path) =>
      path.startsWith(side),
    )
    return reachable(links, starts)
      .filter(({ path, by }) => path.startsWith(other) && !sides.some((one) => by.startsWith(one)))
      .map(({ path, by }) => `${by}: loaded by ${side}, it brings ${path} into the same thread`)
  })
}

/** Every library in a room has a home in the table, and is imported only there. */
function homeless(link: Link, packageName: string): string[] {
  const library = isRoom(top(link.from)) ? libraryOf(link) : undefined
  if (library === undefined) return []
  if (library === packageName) return selfImport(link, packageName)
  const home = homeOf(library)
  if (home === undefined) return at(link, `${library} has no home; list it with its reason`)
  if (home.in.some((folder) => link.from.startsWith(folder))) return []
  return at(link, `${library} lives in ${home.in.join(' or ')}`)
}

/** A room may ask for the package's own manifest, by name because its depth changes in `dist`. */
function selfImport(link: Link, packageName: string): string[] {
  if (link.specifier === `${packageName}/package.json`) return []
  return at(link, `a room imports modules by path, not by ${link.specifier}`)
}

function libraryOf({ specifier }: Import): string | undefined {
  if (specifier.startsWith('.') || isBuiltin(specifier)) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function homeOf(library: string): Home | undefined {
  const key = Object.keys(homes).find((name) =>
    name.endsWith('/') ? library.startsWith(name) : library === name,
  )
  return key === undefined ? undefined : homes[key]
}

/** A home is one folder: two files side by side may share a library, two corners may not. */
function sharedHomes(links: readonly Link[]): string[] {
  const folders = new Map<string, Set<string>>()
  for (const link of links.filter(({ from }) => isRoom(top(from)))) {
    const library = libraryOf(link)
    if (library === undefined || homeOf(library) === undefined) continue
    const known = folders.get(library) ?? new Set()
    folders.set(library, known.add(posix.dirname(link.from)))
  }
  return [...folders]
    .filter(([library, found]) => found.size > (homeOf(library)?.folders ?? 1))
    .map(([library, found]) => `${library} is at home in several folders: ${[...found].join(', ')}`)
}

/** A contract is safe to import anywhere: no library, no native code, no threads behind it. */
function heavyContract(links: readonly Link[], entry: string): string[] {
  const loaded = new Set([entry, ...reachable(links, [entry]).map(({ path }) => path)])
  return links
    .filter(({ from, kind }) => kind === 'value' && loaded.has(from))
    .filter((link) => libraryOf(link) !== undefined || heavyBuiltins.includes(link.specifier))
    .flatMap((link) => at(link, `loaded by ${entry}, so it must not load ${link.specifier}`))
}

interface Step {
  readonly path: string
  /** The module that named it. */
  readonly by: string
}

/** Every module loaded with `starts`, types and lazy imports aside, each with who named it. */
function reachable(links: readonly Link[], starts: readonly string[]): Step[] {
  const steps: Step[] = []
  const seen = new Set(starts)
  for (let next = [...starts]; next.length > 0; ) {
    const from = new Set(next)
    next = []
    for (const link of links) {
      if (link.kind !== 'value' || link.to === undefined || !from.has(link.from)) continue
      steps.push({ path: link.to, by: link.from })
      if (seen.has(link.to)) continue
      seen.add(link.to)
      next.push(link.to)
    }
  }
  return steps
}
