/** The span of one tool call: `execute_tool TOOL`. */

import type { OpenSpan, Span } from '../../span.ts'
import { GenAi, Operation } from '../../span-names.ts'
import type { ToolCallPart, ToolResultPart } from '../parts.ts'

/** Makes the call; within a span where its trace is recorded. A call that failed is a result, too. */
export async function spannedCall(
  within: Span | undefined,
  call: ToolCallPart,
  make: (span: OpenSpan | undefined) => Promise<ToolResultPart>,
): Promise<ToolResultPart> {
  if (within === undefined) return await make(undefined)
  const span = beginCall(within, call)
  try {
    const result = await make(span)
    endCall(span, result)
    return result
  } catch (error) {
    span.end(error)
    throw error
  }
}

function beginCall(within: Span, { id, name, input }: ToolCallPart): OpenSpan {
  const span = within.start(`${Operation.executeTool} ${name}`, {
    [GenAi.operation]: Operation.executeTool,
    [GenAi.toolName]: name,
    [GenAi.toolCallId]: id,
  })
  span.content(() => ({ [GenAi.toolArguments]: JSON.stringify(input) }))
  return span
}

function endCall(span: OpenSpan, { output, failed }: ToolResultPart): void {
  span.content(() => ({ [GenAi.toolResult]: JSON.stringify(output) }))
  const { error } = (failed === true ? output : {}) as { readonly error?: string }
  span.end(failed === true ? { name: error } : undefined)
}
