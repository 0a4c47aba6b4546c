/**
 * Where log lines of all threads go: one pino, in the main thread. Owns that what waits there is bounded,
 * that what found no room is counted, and that all that was written is out when the system has closed.
 *
 * Pino is loaded only when the system is told to write lines, and not when it is given a logger.
 */
import { once } from 'node:events'
import type { DestinationStream } from 'pino'
import { notInstalled } from '../../../actors/agents/models/optional.ts'
import { TroupeError } from '../../../mailbox/errors.ts'
import { jsonLine, type LogLine, withoutIn } from './line.ts'
import type { LineStream, LogPlan, PinoLogger } from './options.ts'

/** Most bytes that wait to be written. */
const mostWaiting = 16 * 1024 * 1024

export interface OpenLog {
  readonly write: (line: LogLine) => void
  /** Resolves when all is written, or after so many ms. */
  end(within: number): Promise<void>
}

type Pino = typeof import('pino').pino

/** Where pino writes, with an end to wait for. */
interface Outlet {
  readonly stream: DestinationStream
  end(): Promise<unknown>
}

/**
 * @param dropped told of lines that found no room
 * @throws PACKAGE_MISSING
 */
export async function openLog(plan: LogPlan, dropped: (count: number) => void): Promise<OpenLog> {
  const { secrets } = plan
  if (plan.logger !== undefined) {
    const { logger } = plan
    return { write: (line) => write(logger, line, secrets, {}), end: () => Promise.resolve() }
  }
  const { pino } = await import('pino').catch(notInstalled('pino'))
  const redact = { paths: [...plan.paths], censor: '[redacted]' }
  checkPaths(pino, redact)
  const outlet =
    typeof plan.destination === 'object'
      ? streamOutlet(plan.destination, dropped)
      : await fileOutlet(pino.destination, plan.destination, dropped)
  // A line has the time at which it was written, on whatever thread.
  const options = { level: plan.level, timestamp: false, redact }
  const logger: PinoLogger = pino(options, outlet.stream)
  return {
    write: (line) => write(logger, line, secrets, { time: line.at }),
    end: (within) => inTime(outlet.end(), within),
  }
}

/**
 * Before anything is opened.
 * @throws OPTION_INVALID for a path that pino cannot read
 */
function checkPaths(pino: Pino, redact: { readonly paths: string[] }): void {
  try {
    pino({ redact }, { write: () => undefined })
  } catch (error) {
    throw unusable(`"redact.paths" ${JSON.stringify(redact.paths)}`, error)
  }
}

function write(logger: PinoLogger, line: LogLine, secrets: readonly string[], own: object): void {
  logger[line.level]({ ...own, ...jsonLine(line, secrets) }, withoutIn(line.message, secrets))
}

/**
 * A file that is written beside the event loop, in pieces.
 * @throws OPTION_INVALID when it cannot be opened
 */
async function fileOutlet(
  open: typeof import('pino').destination,
  dest: string | number,
  dropped: (count: number) => void,
): Promise<Outlet> {
  const stream = open({ dest, sync: false, mkdir: true, maxLength: mostWaiting })
  let lost = 0
  const tell = (): void => {
    if (lost === 0) return
    const count = lost
    lost = 0
    dropped(count)
  }
  try {
    await once(stream, 'ready')
  } catch (error) {
    // So that pino does not see to it when the process ends.
    stream.emit('close')
    throw unusable(`"destination" ${dest}`, error)
  }
  // Not at once: it has no room for that line either.
  stream.on('drop', () => {
    lost += 1
  })
  stream.on('drain', tell)
  // A full disk must not end the process.
  stream.on('error', (error: Error) => {
    process.stderr.write(`troupe error log lines cannot be written: ${error.message}\n`)
  })
  return {
    stream,
    end: () => {
      tell()
      const closed = once(stream, 'close').catch(() => undefined)
      stream.end()
      return closed
    },
  }
}

const unusable = (option: string, cause: unknown): TroupeError =>
  new TroupeError(
    'OPTION_INVALID',
    `createSystem telemetry.logs: ${option} cannot be used: ${(cause as Error).message}`,
    { cause },
  )

/** A stream of the user's: not ours to end. */
function streamOutlet(destination: LineStream, dropped: (count: number) => void): Outlet {
  let waiting = 0
  const write = (line: string): void => {
    if ((destination.writableLength ?? 0) > mostWaiting) {
      waiting += 1
      return
    }
    if (waiting > 0) {
      const count = waiting
      waiting = 0
      dropped(count)
    }
    destination.write(line)
  }
  return { stream: { write }, end: () => drained(destination) }
}

async function drained(destination: LineStream): Promise<void> {
  if ((destination.writableLength ?? 0) === 0) return
  // Called back when all before it is written.
  await new Promise((resolve) =>
    (destination.write as (text: string, done: unknown) => void)('', resolve),
  )
}

async function inTime(work: Promise<unknown>, within: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.min(within, 2_147_483_647))
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
