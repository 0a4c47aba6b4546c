/**
 * The five lanes of a mailbox, most urgent first, and how user lanes share (M2).
 */

/** Lane numbers, most urgent first. `system` is the runtime's own and closed to users. */
export const Lane = Object.freeze({ system: 0, control: 1, high: 2, normal: 3, low: 4 })

/** Name of a lane. */
export type LaneName = keyof typeof Lane

/** Name of a lane that user messages may travel in. */
export type UserLane = Exclude<LaneName, 'system'>

/** Number of a lane, 0 (system) to 4 (low). */
export type LaneNumber = (typeof Lane)[LaneName]

/** Lane names by number. */
export const laneNames: readonly LaneName[] = Object.freeze([
  'system',
  'control',
  'high',
  'normal',
  'low',
])

/** Takes per round for each user lane (M2): control 8, high 4, normal 2, low 1. */
export const laneWeights: readonly number[] = Object.freeze([0, 8, 4, 2, 1])

/** Takes in one full round over all user lanes. */
export const roundLength = 15

/**
 * The lane for an integer priority: 10 and more is `control`, 1 to 9 `high`, 0 `normal`, below 0
 * `low`.
 */
export function laneOfPriority(priority: number): UserLane {
  if (priority >= 10) return 'control'
  if (priority >= 1) return 'high'
  return priority >= 0 ? 'normal' : 'low'
}

/**
 * Most messages taken from a mailbox before the one that has `ahead` messages before it in its own
 * lane, whatever else arrives (M2). Exact: some load reaches it. In strict mode there is no bound.
 *
 * The worst case starts with the lane's takes of this round spent and everyone else's not. Then each
 * round serves `weight` of its own lane, and in the last one only more urgent lanes come first.
 */
export function starvationBound(lane: UserLane, ahead: number): number {
  const weight = laneWeights[Lane[lane]] as number
  const others = roundLength - weight
  const moreUrgent = laneWeights.slice(0, Lane[lane]).reduce((sum, each) => sum + each, 0)
  return ahead + others * (Math.floor(ahead / weight) + 1) + moreUrgent
}
