/** The starts of a thread whose news of suspects go where all its reports go. */
import type { Hand } from '../../persistence/hand-file.ts'
import type { Report } from '../wire/host-control.ts'
import { Starts } from './starts.ts'

export function reportedStarts(hand: Hand, report: (report: Report) => void): Starts {
  return new Starts(hand, {
    cleared: (key) => report({ kind: 'cleared', key }),
    quarantined: (suspect, actor, timer) => {
      report({ kind: 'quarantined', suspect, actor, timer })
    },
  })
}
