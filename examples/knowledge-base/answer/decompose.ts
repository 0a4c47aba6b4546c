/** The decompose agent's work: a question to the questions it is made of, asked of a model. */

import { type CallOptions, type Model, textOf } from 'troupe/agents'

const system =
  'Split the question into the independent questions it is made of. Reply with one question on ' +
  'each line and nothing else. A question that asks one thing stays as it is, word for word.'

/** Most parts followed; a longer list is a model gone astray. */
const maxParts = 8

/** One or more questions, in the order in which they were asked. */
export async function decomposeQuestion(
  model: Model,
  question: string,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const reply = await model.generate(
    {
      purpose: 'decompose',
      system,
      messages: [{ role: 'user', parts: [{ type: 'text', text: question }] }],
      maxOutputTokens: 512,
      temperature: 0,
    },
    options,
  )
  const lines = textOf(reply.parts).split('\n')
  const parts = [...new Set(lines.map((line) => line.trim()).filter((line) => line !== ''))]
  return parts.length === 0 ? [question] : parts.slice(0, maxParts)
}
