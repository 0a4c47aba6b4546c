/** `ctx.log`: lines of one actor, handed to the host. */
import type { Log } from '../context.ts'
import type { CellHost } from './ports.ts'

export function makeLog(host: CellHost, actor: string): Log {
  return {
    debug: (message, fields) => host.log('debug', actor, message, fields),
    info: (message, fields) => host.log('info', actor, message, fields),
    warn: (message, fields) => host.log('warn', actor, message, fields),
    error: (message, fields) => host.log('error', actor, message, fields),
  }
}
