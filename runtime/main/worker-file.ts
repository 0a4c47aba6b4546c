/** Where the worker entry is: beside this file, as source or as built, or where a bundler put it. */
export function workerFile(given: string | undefined): URL {
  if (given !== undefined) return new URL(given)
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
  return new URL(`../host/worker${extension}`, import.meta.url)
}
