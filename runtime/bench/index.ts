/**
 * `troupe/bench`: an app measured under a load that a scenario describes, as `troupe bench` does, and reports
 * of such measurements read, compared and drawn.
 */
import '../../mailbox/supported-node.ts'

export { compareReports, type Movement, type ReportComparison } from './compare.ts'
export { htmlReport } from './html.ts'
export {
  type BenchReport,
  type Better,
  type CaseReport,
  type Figure,
  type GateFigure,
  type LatencyFigures,
  type MissingPeer,
  readReport,
  type Series,
  type Spread,
  type Usage,
} from './report.ts'
export { runScenario, type ScenarioRun } from './run-scenario.ts'
export {
  type Call,
  type CheckedScenario,
  type Load,
  type MixEntry,
  type Phase,
  type Scenario,
  type ScenarioCounts,
  scenario,
} from './scenario.ts'
