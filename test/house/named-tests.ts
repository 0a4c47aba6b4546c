/** Tests that a page names as its proof: in backticks, file, then a piece of the test's title. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { read, root } from './repository.ts'
import { titlesIn } from './test-titles.ts'

/** A named test. */
export interface NamedTest {
  readonly path: string
  readonly title: string
}

export function namedTests(page: string): NamedTest[] {
  return [...page.matchAll(/`(test\/[^\s`]+\.test\.ts): ([^`]+)`/g)].map(
    ([, path = '', title = '']) => ({ path, title }),
  )
}

/** Those that are not in the file that is named. */
export function missingTests(named: readonly NamedTest[]): NamedTest[] {
  const titles = new Map<string, readonly string[]>()
  for (const { path } of named) {
    if (titles.has(path)) continue
    titles.set(path, existsSync(join(root, path)) ? titlesIn(path, read(path)) : [])
  }
  return named.filter(({ path, title }) => !titles.get(path)?.some((one) => one.includes(title)))
}
