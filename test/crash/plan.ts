/** The lives of one seed: what happens in each, and how it ends. */
import { type FaultPoint, faultPoints } from '../../mailbox/fault-points.ts'
import type { Planned } from './faults.ts'
import { randomOf } from './orders.ts'

export interface CrashPlan {
  readonly seed: number
  readonly kills: number
  /** Orders of each sender. */
  readonly orders: number
  readonly workers: number
  /** Where it all lies; kept afterwards. Default: a temporary folder. */
  readonly folder?: string | undefined
}

export interface Life {
  readonly faults: readonly Planned[]
  /** Ms after it came up; undefined lets it live. */
  readonly killAfter: number | undefined
}

/** Points that are passed once or a few times in a life; all others are passed many times. */
const rare = /^(boot|backup|close|archive|retention|host|suspects|checkpoint|snapshot|timer:before)/

/** What fails at these is a commit, which the store gets over (D5). */
const commits = ['commit:begin', 'commit:written', 'commit:synced', 'commit:noted'] as const

/** Points of threads that are replaced when they die. */
const mortal = faultPoints.filter((point) =>
  /^(mailbox|actor|turn|step|commit|timer|snapshot:written)/.test(point),
)

export function livesOf({ seed, kills, workers }: CrashPlan): readonly Life[] {
  const random = randomOf(seed)
  const lives: Life[] = []
  for (let kill = 0; kill < kills; kill += 1) lives.push(mortalLife(random, workers))
  return [...lives, { faults: mishaps(random, workers), killAfter: undefined }]
}

/** A third are killed at a random time, the others at a random point, or some time later. */
function mortalLife(random: (below: number) => number, workers: number): Life {
  const faults = mishaps(random, workers)
  if (random(3) === 0) return { faults, killAfter: random(300) }
  const point = pick(faultPoints, random)
  const nth = 1 + random(rare.test(point) ? 2 : 60)
  return { faults: [...faults, { point, nth, act: 'kill' }], killAfter: 300 + random(500) }
}

/** What a process has to get over without dying. */
function mishaps(random: (below: number) => number, workers: number): readonly Planned[] {
  const found: Planned[] = []
  if (random(3) === 0) {
    found.push({ point: pick(commits, random), nth: 1 + random(40), act: 'throw' })
  }
  if (workers > 0 && random(3) === 0) {
    found.push({ point: pick(mortal, random), nth: 1 + random(60), act: 'exit' })
  }
  return found
}

function pick<T extends FaultPoint>(points: readonly T[], random: (below: number) => number): T {
  return points[random(points.length)] as T
}
