/**
 * Questions kept apart: written before the last changes to weights, rules and thresholds, and run
 * only once those were done. Their figures say how much of the other scores is fitting.
 */

import { type QuestionSet, sectionsOf } from './question.ts'

const comlink = sectionsOf('comlink/README.md')
const fastCheck = sectionsOf('fast-check/README.md')
const msgpackr = sectionsOf('msgpackr/README.md')
const pQueue = sectionsOf('p-queue/readme.md')
const piscina = sectionsOf('piscina/README.md')
const sqlite = sectionsOf('better-sqlite3/README.md')
const valibot = sectionsOf('valibot/README.md')
const zod = sectionsOf('zod/README.md')

/** 16 answerable questions, 4 of them compound, and 8 that the documents do not answer. */
export const heldOut: QuestionSet = {
  answerable: [
    {
      question: 'What happens to running tasks when I pause a PQueue?',
      expected: [pQueue('.pause()')],
    },
    {
      question: 'Which error do I get when setPriority does not find the id?',
      expected: [pQueue('.setPriority(id, priority)')],
    },
    {
      question: 'Do tasks with a higher priority start first?',
      expected: [pQueue('priority')],
    },
    {
      question: 'How long does closing a Piscina pool wait for tasks in flight?',
      expected: [piscina('Constructor: new Piscina([options])', 'Method: close([options])')],
    },
    {
      question: 'When does the pool emit a drain event?',
      expected: [piscina("Event: 'drain'", 'Backpressure')],
    },
    {
      question: 'What is the danger of creating several Piscina pools in one application?',
      expected: [piscina('Multiple Thread Pools and Embedding Piscina as a Dependency')],
    },
    {
      question: 'Is FixedQueue faster than the array queue?',
      expected: [piscina('Built-In Queues')],
    },
    {
      question: 'How does msgpackr encode an invalid date?',
      expected: [msgpackr('Options')],
    },
    {
      question: 'Why would I encode numbers as 32-bit floats?',
      expected: [msgpackr('32-bit Float Options')],
    },
    {
      question: 'Who is responsible for serializing a value in a transfer handler?',
      expected: [comlink('Transfer handlers and event listeners')],
    },
    {
      question: 'Should I turn on WAL in better-sqlite3?',
      expected: [sqlite('Usage', 'When is this library not appropriate?')],
    },
    {
      question: 'Why is the modular design of Valibot an advantage?',
      expected: [valibot('Comparison')],
    },
    {
      question: 'What does safeParse return, and what does parse return for a valid input?',
      expected: [zod('Handling errors'), zod('Parsing data')],
    },
    {
      question: 'Which minimal Node version does fast-check need and who is the author of Valibot?',
      expected: [fastCheck('Compatibility'), valibot('Credits')],
    },
    {
      question: 'What is the difference between idleTimeout and closeTimeout?',
      expected: [
        piscina('Constructor: new Piscina([options])', 'Queue Pressure and Idle Threads'),
        piscina('Constructor: new Piscina([options])'),
      ],
    },
    {
      question:
        'How do I receive messages from an iframe, and what happens to exceptions in Comlink?',
      expected: [
        comlink('Comlink.windowEndpoint(window, context = self, targetOrigin = "*")'),
        comlink('Comlink.wrap(endpoint) and Comlink.expose(value, endpoint?, allowedOrigins?)'),
      ],
    },
  ],
  unanswerable: [
    'Can p-queue share one queue between several machines?',
    'How do I open a better-sqlite3 database in the browser?',
    'Which cloud providers host Piscina for me?',
    'How do I translate zod error messages into German?',
    'What is the pricing of fast-check for enterprises?',
    'Does msgpackr support schema migrations?',
    'How do I limit the bandwidth that Comlink uses?',
    'Which editor plugin formats Valibot schemas?',
  ],
}
