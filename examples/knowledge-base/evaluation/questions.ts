/**
 * The questions that the goals are measured on. They were written from the documents before the
 * code that answers them, and are not edited to suit it: a question that fails stays.
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
const emitter = sectionsOf('eventemitter3/README.md')

const constructorOptions = 'Constructor: new Piscina([options])'
const whyNotNodeSqlite = 'Why should I use this instead of node-sqlite3?'

/** 30 answerable questions, 10 of them compound, and 10 that the documents do not answer. */
export const questions: QuestionSet = {
  answerable: [
    {
      question: 'What is the default concurrency of a PQueue?',
      expected: [pQueue('concurrency')],
    },
    {
      question: 'How can I keep a p-queue from growing without limit?',
      expected: [pQueue('How do I implement backpressure?', '.onSizeLessThan(limit)')],
    },
    {
      question: 'When should I use the strict mode of rate limiting?',
      expected: [pQueue('When should I use strict mode for rate limiting?', 'strict')],
    },
    {
      question: 'What happens to a task in p-queue when its timeout is over?',
      expected: [pQueue('timeout', 'Handling timeouts')],
    },
    {
      question: 'Why do Jest fake timers not work well with p-queue?',
      expected: [pQueue('How do I test code that uses p-queue with Jest fake timers?')],
    },
    {
      question: 'How can a worker be delayed until its resources are initialised?',
      expected: [piscina('Delaying Availability of Workers')],
    },
    {
      question: 'What happens to async code that is not awaited before the worker returns?',
      expected: [piscina('Out of scope asynchronous code')],
    },
    {
      question: 'How large should maxQueue be?',
      expected: [piscina('Queue Size', constructorOptions)],
    },
    {
      question: 'How can I lower the CPU priority of worker threads?',
      expected: [piscina('Thread priority on Linux systems', constructorOptions)],
    },
    {
      question: 'Is it worth doing asynchronous I/O inside a worker?',
      expected: [piscina('Performance Notes')],
    },
    {
      question: 'How is the utilization of a pool calculated?',
      expected: [piscina('Property: utilization (readonly)')],
    },
    {
      question: 'Is a value returned by a worker cloned or transferred?',
      expected: [piscina('Static method: move(value)')],
    },
    {
      question: 'How many shared structures are allowed by default?',
      expected: [msgpackr('Shared Structures Options', 'Shared Record Structures')],
    },
    {
      question: 'How do I read several values from one buffer?',
      expected: [msgpackr('Reading Multiple Values')],
    },
    {
      question: 'Can msgpackr be used where a Content Security Policy forbids eval?',
      expected: [msgpackr('Browser Usage')],
    },
    {
      question: 'What does releaseProxy do?',
      expected: [comlink('Comlink.releaseProxy')],
    },
    {
      question: 'How do I communicate with an iframe through Comlink?',
      expected: [comlink('Comlink.windowEndpoint(window, context = self, targetOrigin = "*")')],
    },
    {
      question: 'When is better-sqlite3 not appropriate?',
      expected: [sqlite('When is this library not appropriate?')],
    },
    {
      question: 'How do I set the this value of a listener without bind?',
      expected: [emitter('Contextual emits')],
    },
    {
      question: 'What is the smallest bundle size of Valibot?',
      expected: [valibot('Highlights')],
    },
    {
      question: 'What is the difference between onEmpty and onIdle?',
      expected: [pQueue('.onEmpty()', 'empty'), pQueue('.onIdle()', 'idle')],
    },
    {
      question: 'What does the pause method of a queue do and how do I find tasks that hang?',
      expected: [
        pQueue('.pause()'),
        pQueue('How do I debug a queue that stops running tasks?', '.runningTasks', '.isSaturated'),
      ],
    },
    {
      question:
        'How do I cancel a queued task, and how do I get results in the order they were added?',
      expected: [
        pQueue('How do I cancel or remove a queued task?', 'signal'),
        pQueue('How do I get results in the order they were added?', '.addAll(fns, options?)'),
      ],
    },
    {
      question:
        'Which task queue does Piscina use by default and how do I broadcast to all workers?',
      expected: [
        piscina('Custom Task Queues', 'Built-In Queues', constructorOptions),
        piscina('Broadcast a message to all worker threads'),
      ],
    },
    {
      question: 'How can I avoid the thrashing of idle threads? What does needsDrain specify?',
      expected: [
        piscina('Queue Pressure and Idle Threads', constructorOptions),
        piscina('Property: needsDrain (readonly)'),
      ],
    },
    {
      question:
        'How much does structured cloning degrade performance and how do I verify that native acceleration is enabled?',
      expected: [msgpackr('Structured Cloning'), msgpackr('Native Acceleration')],
    },
    {
      question: 'How do I pass a callback with Comlink, and does Comlink work with Node?',
      expected: [
        comlink('Comlink.transfer(value, transferables) and Comlink.proxy(value)', 'Callbacks'),
        comlink('Node'),
      ],
    },
    {
      question:
        'How do I avoid a try/catch block with zod and how do I infer a type from a schema?',
      expected: [zod('Handling errors'), zod('Inferring types')],
    },
    {
      question:
        'Which projects trust fast-check, and why is better-sqlite3 faster than node-sqlite3?',
      expected: [fastCheck('Trusted'), sqlite(whyNotNodeSqlite)],
    },
    {
      question: 'What does the Comlink finalizer do, and what does createEndpoint return?',
      expected: [comlink('Comlink.finalizer'), comlink('Comlink.createEndpoint')],
    },
  ],
  unanswerable: [
    'How do I run Piscina workers inside a Docker container?',
    'Does p-queue store its waiting tasks in Redis?',
    'How do I encrypt a better-sqlite3 database?',
    'What licence fee does msgpackr charge for commercial use?',
    'How does Comlink reconnect after a WebSocket is closed?',
    'Which version of Python does Piscina support?',
    'How do I convert a zod schema to protobuf?',
    'How many GPUs can a worker pool use?',
    'What is the maximum upload size of a file in esbuild?',
    'Who founded the company behind fast-check, and in which year?',
  ],
}
