/**
 * Runs a test under many schedules: the same code, the same messages, in different possible orders.
 * The first one that fails is shown as a sequence diagram, with the seed that brings it back.
 */
import type { App } from '../../actors/app.ts'
import { TroupeError } from '../../mailbox/errors.ts'
import { anInteger, checkOptions } from '../../mailbox/options.ts'
import type { SystemEvent } from '../main/events.ts'
import { type Happening, happeningsDiagram } from './happenings.ts'
import { createTestSystem, type TestSystem, type TestSystemOptions } from './test-system.ts'

/** What {@link explore} may be told. */
export interface ExploreOptions {
  /** How many schedules; default 100. */
  readonly seeds?: number
  /** The first seed; default 1. */
  readonly from?: number
  /** This schedule alone: the one that a failure named. */
  readonly seed?: number
}

/** What a test under {@link explore} gets. */
export interface Exploration {
  /** The seed of this run. */
  readonly seed: number
  /** As {@link createTestSystem}, under this run's schedule; closed after the run. */
  system<Deps>(app: App<Deps>, options?: Omit<TestSystemOptions<Deps>, 'seed'>): Promise<TestSystem>
}

const checks = { seeds: anInteger(1), from: anInteger(0), seed: anInteger(0) }

/**
 * @param test makes its system with `run.system(app)` and asserts what must hold in every order
 * @returns how many schedules it passed
 * @throws SCHEDULE_FAILED with `fields: { seed, diagram }`; its cause is what the test threw
 */
export async function explore(
  test: (run: Exploration) => Promise<void> | void,
  options: ExploreOptions = {},
): Promise<number> {
  checkOptions('explore', options, checks)
  const { seeds = 100, from = 1, seed } = options
  const first = seed ?? from
  const last = seed ?? from + seeds - 1
  for (let current = first; current <= last; current += 1) await runOne(test, current)
  return last - first + 1
}

async function runOne(
  test: (run: Exploration) => Promise<void> | void,
  seed: number,
): Promise<void> {
  const systems: TestSystem[] = []
  const stories: Story[] = []
  const run: Exploration = {
    seed,
    async system(app, options = {}) {
      const system = await createTestSystem(app, { ...options, seed })
      systems.push(system)
      stories.push(new Story(system))
      return system
    },
  }
  try {
    await test(run)
  } catch (error) {
    throw failed(seed, stories, error)
  } finally {
    for (const system of systems) await system.close()
  }
}

/** What happened in one system, messages and events in one order. */
class Story {
  readonly #system: TestSystem
  readonly #notes: { readonly after: number; readonly happening: Happening }[] = []

  constructor(system: TestSystem) {
    this.#system = system
    system.events.on('all', (event) => this.#note(event))
  }

  #note(event: SystemEvent): void {
    if (!('actor' in event)) return
    const what = 'message' in event ? `${event.event}: ${event.message}` : event.event
    this.#notes.push({
      after: this.#system.messages.length,
      happening: { actor: event.actor, note: what },
    })
  }

  get happenings(): Happening[] {
    const told: Happening[] = []
    let notes = 0
    const noteUpTo = (count: number): void => {
      for (let note = this.#notes[notes]; note && note.after <= count; note = this.#notes[notes]) {
        told.push(note.happening)
        notes += 1
      }
    }
    this.#system.messages.forEach((message, i) => {
      noteUpTo(i)
      // What was published is drawn as the copies that arrived.
      if (message.to !== '') told.push({ message })
    })
    noteUpTo(Number.POSITIVE_INFINITY)
    return told
  }
}

function failed(seed: number, stories: readonly Story[], error: unknown): TroupeError {
  const diagram = stories.map(({ happenings }) => happeningsDiagram(happenings)).join('\n\n')
  const why = error instanceof Error ? error.message : String(error)
  return new TroupeError(
    'SCHEDULE_FAILED',
    `schedule ${seed} fails: ${why}\n\nRun it again alone with explore(test, { seed: ${seed} }).\n\n${diagram}`,
    { cause: error, fields: { seed, diagram } },
  )
}
