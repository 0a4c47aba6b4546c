/** A retriever whose searches are spans, `retrieval SOURCE`. */

import type { Span } from '../span.ts'
import { GenAi, Operation, Own } from '../span-names.ts'
import type { Retriever } from './retriever.ts'

/**
 * The retriever, with a span within `span` for each search.
 *
 * @param source what is searched: a name out of few, no path of a user's
 * @param span of the turn: `ctx.span`. Without one it is the retriever itself.
 */
export function tracedRetriever(
  retriever: Retriever,
  source: string,
  span: Span | undefined,
): Retriever {
  if (span === undefined) return retriever
  return {
    async search(query, options) {
      const search = span.start(
        `${Operation.retrieval} ${source}`,
        { [GenAi.operation]: Operation.retrieval, [GenAi.dataSource]: source },
        'client',
      )
      search.content(() => ({ [GenAi.query]: query }))
      try {
        const passages = await retriever.search(query, options)
        const documents = new Set(passages.map(({ file }) => file)).size
        search.set({ [Own.passages]: passages.length, [Own.documents]: documents })
        search.end()
        return passages
      } catch (error) {
        search.end(error)
        throw error
      }
    },
  }
}
