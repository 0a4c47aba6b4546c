/** How a test starts a program of its own from the sources. */

/** Options of Node that stand before the program. They have no effect on its output. */
export const fromSources: readonly string[] = Object.freeze([
  '--disable-warning=ExperimentalWarning',
  '--import',
  new URL('./sources.mjs', import.meta.url).href,
])
