/**
 * Tests use no network: in every thread and process that runs from the sources, a connection to
 * anywhere but this machine is refused before its name is looked up.
 */
import { Socket } from 'node:net'

const connect = Socket.prototype.connect
Socket.prototype.connect = function (...args) {
  const { path, host = 'localhost', port } = targetOf(args)
  if (path !== undefined || isHere(host)) return connect.apply(this, args)
  throw new Error(`Tests use no network: refused to connect to ${host}:${port}`)
}

/** `connect(options)`, `connect(port, host)`, `connect(path)`, or the list that net makes of them. */
function targetOf([first, second]) {
  if (Array.isArray(first)) return targetOf(first)
  if (typeof first === 'object' && first !== null) return first
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { path: first }
  return { port: first, host: typeof second === 'string' ? second : undefined }
}

function isHere(host) {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
