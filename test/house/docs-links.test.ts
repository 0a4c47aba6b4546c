/** What a page points at exists: links to files and headings, and files it names in backticks. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { pagePaths } from './docs.ts'
import { filesIn, read, rooms, root } from './repository.ts'

const link = /\]\(([^)\s]+)\)/g
/** A path from the root, with a folder: `runtime/peer/peer.ts`; the rooms are what tells it apart. */
const namedFile =
  /`((?:mailbox|persistence|actors|runtime|test|docs|examples)\/[\w./-]+\.(?:ts|md|json))`/g

function prose(text: string): string {
  return text.replace(/^(```+|~~~~+)[\s\S]*?^\1/gm, '')
}

function problems(page: string, text: string): string[] {
  const links = [...prose(text).matchAll(link)].map(([, target = '']) => target)
  const wrong = links.filter((target) => !/^[a-z]+:/.test(target) && !leads(page, target))
  const files = [...prose(text).matchAll(namedFile)].map(([, path = '']) => path)
  const missing = files.filter((path) => !existsSync(join(root, path)))
  return [...wrong, ...missing].map((what) => `${page}: ${what}`)
}

function leads(page: string, target: string): boolean {
  const [path = '', heading] = target.split('#')
  const file = path === '' ? page : normalize(join(dirname(page), path))
  if (!existsSync(join(root, file))) return false
  return heading === undefined || anchors(read(file)).includes(heading)
}

/** Headings as links name them. */
function anchors(text: string): string[] {
  return [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('docs: every link leads to a file and a heading, every file that is named exists', () => {
  const found = pagePaths().flatMap((page) => problems(page, read(page)))
  assert.deepEqual(found, [])
})

test('docs: the page on architecture names every folder of the rooms, and none that is gone', () => {
  const page = read('docs/architecture.md')
  const named = [...page.matchAll(/`((?:mailbox|persistence|actors|runtime)\/(?:[\w-]+\/)*)`/g)]
  const folders = new Set(filesIn(rooms, '.ts').map((path) => `${dirname(path)}/`))
  assert.deepEqual(new Set(named.map(([, folder]) => folder)), folders)
})

test('docs: the README keeps its order: what it is, install, a program, promises, reference, figures, links', () => {
  const [, ...sections] = read('README.md').split(/^## /m)
  const titles = sections.map((section) => section.slice(0, section.indexOf('\n')))
  const wanted = [
    /what it is for/i,
    /install/i,
    /smallest program/i,
    /promised/i,
    /^API/,
    /example/i,
    /benchmarks/i,
    /more/i,
  ]
  const places = wanted.map((title) => titles.findIndex((one) => title.test(one)))
  assert.ok(!places.includes(-1), `${titles}`)
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  )
  const [, first = ''] = read('README.md').split('\n\n')
  assert.match(first, /^[A-Z][^.]+[^.]*\.$/s, 'the first paragraph is one sentence')
})

/** Members that an interface of a source file declares, in order. */
function membersOf(path: string, name: string): string[] {
  const text = read(path)
  const start = text.indexOf(`export interface ${name}`)
  const body = text.slice(start, text.indexOf('\n}', start))
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(<]/gm)].map(([, member = '']) => member)
}

test('docs: the guide names every option of createSystem and everything that ctx can do', () => {
  const guide = read('docs/guide.md')
  const options = membersOf('runtime/main/options.ts', 'SystemOptions')
  const context = membersOf('actors/context.ts', 'Context')
  assert.ok(options.includes('workers') && context.includes('effect'))
  assert.deepEqual(
    options.filter((option) => !guide.includes(`\`${option}\``)),
    [],
  )
  assert.deepEqual(
    context.filter((member) => !new RegExp(`ctx\\.${member}\\b`).test(guide)),
    [],
  )
})

test('docs: a link or a file that is not there is a problem', () => {
  const text = [
    '[a](nowhere.md) [b](README.md#what-is-promised) [c](README.md#nothing) [d](https://x.org)',
    '`runtime/peer/nobody.ts`',
    '```ts',
    '[e](nowhere-in-code.md)',
    '```',
  ].join('\n')
  assert.deepEqual(problems('page.md', text), [
    'page.md: nowhere.md',
    'page.md: README.md#nothing',
    'page.md: runtime/peer/nobody.ts',
  ])
})
