/**
 * Loaded before a process that is to run without some part of the runtime, for a case that shows what that
 * part costs: its lines are taken out of the sources on their way in.
 */
import { registerHooks } from 'node:module'

/** What can be taken out: which lines go. */
const parts: Readonly<Record<string, RegExp>> = {
  'fault points': /^.*faults\?\.\('[^']+'\)\s*$/gm,
  traces: /^.*(\.tracing !== undefined\) .*|this\.(handled|span)\?\.end\(.*)$/gm,
  'the flight recorder': /^.*this\.#flight\.note\(.*\)\s*$/gm,
  'the watch over threads': /^.*(#busy\?\.\w+\(.*\)|this\.#peer\.starts = .*)\s*$/gm,
}

/** Environment variable that names the part. */
export const withoutVariable = 'TROUPE_BENCH_WITHOUT'

const part = parts[process.env[withoutVariable] ?? '']
if (part !== undefined) {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      const isOurs = url.startsWith('file:') && !url.includes('/node_modules/')
      if (!isOurs || loaded.source === undefined || loaded.source === null) return loaded
      const text =
        typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source)
      return { ...loaded, source: text.replace(part, '') }
    },
  })
}
