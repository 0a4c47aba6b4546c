/** Prints the example's figures: `node --import tsx examples/knowledge-base/evaluation/run.ts`. */

import { development } from './development.ts'
import { evaluate, type Score, type Stages } from './evaluate.ts'
import { heldOut } from './held-out.ts'
import { prepareCorpus } from './prepare.ts'
import type { QuestionSet } from './question.ts'
import { questions } from './questions.ts'
import { scoreRetrieval } from './retrieval.ts'

const runs: readonly { readonly name: string; readonly stages: Stages }[] = [
  { name: 'all stages', stages: { decompose: true, reason: true } },
  { name: 'without decompose', stages: { decompose: false, reason: true } },
  { name: 'without reason', stages: { decompose: true, reason: false } },
]

async function main(): Promise<void> {
  for (const stemming of [true, false]) await printRetrieval(stemming)
  await printSet('questions.ts', questions)
  await printSet('development.ts', development)
  if (process.argv.includes('--held-out')) await printSet('held-out.ts', heldOut)
}

async function printRetrieval(stemming: boolean): Promise<void> {
  const corpus = await prepareCorpus(stemming)
  try {
    const { first, amongThree, reciprocalRank } = await scoreRetrieval(questions, corpus.retriever)
    const name = stemming ? 'porter' : 'unicode61'
    console.log(
      `${name.padEnd(10)} first ${percent(first)}, among three ${percent(amongThree)}, mean reciprocal rank ${reciprocalRank.toFixed(3)}`,
    )
  } finally {
    corpus.close()
  }
}

async function printSet(name: string, set: QuestionSet): Promise<void> {
  const corpus = await prepareCorpus()
  try {
    console.log(`\n${name}: ${set.answerable.length} answerable, ${set.unanswerable.length} not`)
    for (const run of runs) {
      printScore(run.name, await evaluate(set, corpus.retriever, corpus.folder, run.stages))
    }
  } finally {
    corpus.close()
  }
}

function printScore(name: string, score: Score): void {
  console.log(
    `${name.padEnd(18)} cites the section ${percent(score.answered)}, refuses ${percent(score.refused)}, overall ${percent(score.overall)}, sentences on target ${percent(score.precision)}`,
  )
  if (name !== 'all stages') return
  for (const { question, good, cited } of score.outcomes) {
    if (!good) console.log(`  missed: ${question} (cited: ${list(cited)})`)
  }
}

const list = (sections: readonly { readonly file: string; readonly heading: string }[]): string =>
  sections.map(({ file, heading }) => `${file} › ${heading}`).join('; ') || 'nothing'

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

void main()
