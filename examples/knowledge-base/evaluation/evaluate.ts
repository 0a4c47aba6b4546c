/**
 * Runs a question set through the stages and counts.
 *
 * A question is answered well when every part of it cites an expected section; an unanswerable one
 * when nothing is cited. An ablation leaves one stage out and keeps the number of sentences, so that
 * it is not the length of the answer that is measured.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { extractiveModel, type Passage, type Retriever, sentencesOf } from 'troupe/agents'
import type { SourceLines } from '../answer/citation.ts'
import { decomposeQuestion } from '../answer/decompose.ts'
import { type Finding, findEvidence } from '../answer/reason.ts'
import { synthesize } from '../answer/synthesize.ts'
import { lastLine } from '../ingest/block.ts'
import { readMarkdown } from '../ingest/markdown.ts'
import type { AnswerableQuestion, QuestionSet, Section } from './question.ts'

/** Which stages run. */
export interface Stages {
  readonly decompose: boolean
  readonly reason: boolean
}

/** How one question went. */
export interface Outcome {
  readonly question: string
  readonly good: boolean
  /** Sections cited, in order, each once; empty for a refusal. */
  readonly cited: readonly Section[]
  /** Sentences said, and how many of them stand in an expected section. */
  readonly sentences: number
  readonly onTarget: number
}

/** The figures of one run. */
export interface Score {
  /** Shares, 0 to 1: of answerable questions answered well, and of unanswerable ones refused. */
  readonly answered: number
  readonly refused: number
  /** Of all questions, both kinds. */
  readonly overall: number
  /** Of the sentences said to answerable questions, those in an expected section. */
  readonly precision: number
  readonly outcomes: readonly Outcome[]
}

/** Sentences said about each part of a question. */
const sentencesPerPart = 3

/** Asks every question of a set. `folder` is where the corpus was copied to. */
export async function evaluate(
  set: QuestionSet,
  retriever: Retriever,
  folder: string,
  stages: Stages = { decompose: true, reason: true },
): Promise<Score> {
  const sections = new SectionFinder(folder)
  const answerable: Outcome[] = []
  for (const question of set.answerable) {
    answerable.push(judge(question, await ask(question.question, retriever, stages), sections))
  }
  const unanswerable: Outcome[] = []
  for (const question of set.unanswerable) {
    const sources = await ask(question, retriever, stages)
    const cited = sections.of(sources)
    unanswerable.push({
      question,
      good: cited.length === 0,
      cited,
      sentences: sources.length,
      onTarget: 0,
    })
  }
  return score(answerable, unanswerable)
}

async function ask(
  question: string,
  retriever: Retriever,
  stages: Stages,
): Promise<readonly SourceLines[]> {
  const parts = await decomposeQuestion(extractiveModel(), question)
  const asked = stages.decompose ? parts : [question]
  const budget = (sentencesPerPart * parts.length) / asked.length
  const findings: Finding[] = []
  for (const part of asked) findings.push(await find(part, retriever, stages, budget))
  const sources: SourceLines[] = []
  for await (const part of synthesize(extractiveModel(), findings)) {
    if (part.kind === 'sentence') sources.push(...part.sources)
  }
  return sources
}

async function find(
  question: string,
  retriever: Retriever,
  stages: Stages,
  sentences: number,
): Promise<Finding> {
  const passages = await retriever.search(question)
  if (!stages.reason) return { question, evidence: firstSentences(passages, sentences) }
  return findEvidence(extractiveModel({ sentences }), question, passages)
}

/** What is left without reasoning: what retrieval ranked first, from its beginning. */
function firstSentences(passages: readonly Passage[], limit: number): Finding['evidence'] {
  const evidence = passages.flatMap((passage) =>
    sentencesOf(passage.text).map(({ text, firstLine, lastLine }) => ({
      text,
      file: passage.file,
      headings: passage.headings,
      startLine: passage.startLine + firstLine,
      endLine: passage.startLine + lastLine,
    })),
  )
  return evidence.slice(0, limit)
}

function judge(
  { question, expected }: AnswerableQuestion,
  sources: readonly SourceLines[],
  sections: SectionFinder,
): Outcome {
  const cited = sections.of(sources)
  const good = expected.every((group) => group.some((section) => includes(cited, section)))
  const wanted = expected.flat()
  const onTarget = sources.filter((source) =>
    sections.of([source]).some((at) => includes(wanted, at)),
  )
  return { question, good, cited, sentences: sources.length, onTarget: onTarget.length }
}

const includes = (sections: readonly Section[], wanted: Section): boolean =>
  sections.some(({ file, heading }) => file === wanted.file && heading === wanted.heading)

function score(answerable: readonly Outcome[], unanswerable: readonly Outcome[]): Score {
  const outcomes = [...answerable, ...unanswerable]
  const said = answerable.reduce((sum, { sentences }) => sum + sentences, 0)
  const onTarget = answerable.reduce((sum, outcome) => sum + outcome.onTarget, 0)
  return {
    answered: shareGood(answerable),
    refused: shareGood(unanswerable),
    overall: shareGood(outcomes),
    precision: said === 0 ? 0 : onTarget / said,
    outcomes,
  }
}

const shareGood = (outcomes: readonly Outcome[]): number =>
  outcomes.filter(({ good }) => good).length / Math.max(1, outcomes.length)

/** Reads the corpus once more to tell which section a line stands in. */
export class SectionFinder {
  readonly #folder: string
  readonly #blocks = new Map<string, ReturnType<typeof readMarkdown>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** The sections of the sources, each once. */
  of(sources: readonly SourceLines[]): readonly Section[] {
    const found = new Map<string, Section>()
    for (const { file, startLine } of sources) {
      const section = { file, heading: this.#heading(file, startLine) } as Section
      found.set(`${file}\n${section.heading}`, section)
    }
    return [...found.values()]
  }

  /** All headings of a file that have text of their own. */
  headings(file: string): ReadonlySet<string> {
    return new Set(this.#read(file).map(({ headings }) => headings.at(-1) ?? ''))
  }

  #heading(file: string, line: number): string {
    const block = this.#read(file).find(
      ({ startLine, text }) => startLine <= line && line <= lastLine(startLine, text),
    )
    return block?.headings.at(-1) ?? ''
  }

  #read(file: string): ReturnType<typeof readMarkdown> {
    const known = this.#blocks.get(file)
    if (known !== undefined) return known
    const blocks = readMarkdown(
      readFileSync(join(this.#folder, file), 'utf8').replaceAll('\r\n', '\n'),
    )
    this.#blocks.set(file, blocks)
    return blocks
  }
}
