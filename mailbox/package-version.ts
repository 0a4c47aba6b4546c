/** The version of this package. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Asked by the package's own name, so that it holds in the sources, in `dist` and when installed. */
export function packageVersion(): string {
  const path = createRequire(import.meta.url).resolve('troupe/package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  return version
}
