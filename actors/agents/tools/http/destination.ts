/**
 * From the host of a URL to addresses that may be connected to. It is asked once for each hop, and
 * the connection goes to one of these addresses and not to the name: a second answer of the name
 * server, another one than was checked, is never asked for.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { AddressCheck } from './addresses.ts'
import { refused, unreachable } from './refused.ts'

/** Finds the addresses of a host. */
export type ResolveHost = (host: string) => Promise<readonly string[]>

/** As the system does it: its hosts file, then DNS. */
export const systemResolve: ResolveHost = async (host) =>
  (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address)

/** @throws TOOL_REFUSED, TOOL_UNREACHABLE, or the signal's reason */
export async function destinationOf(
  url: URL,
  resolve: ResolveHost,
  isAllowed: AddressCheck,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const addresses = isIP(host) === 0 ? await resolved(url, host, resolve, signal) : [host]
  // One that is not allowed among others is no accident.
  if (addresses.every(isAllowed)) return addresses
  throw refused(
    `${url.origin} leads to an address that is not of the public internet (private, loopback, link-local ...), which is not allowed.`,
  )
}

async function resolved(
  url: URL,
  host: string,
  resolve: ResolveHost,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const addresses = await until(
    signal,
    resolve(host).catch(() => []),
  )
  if (addresses.length === 0) throw unreachable(url.origin, 'there is no such host')
  return addresses
}

/** A look-up cannot be stopped, but nobody has to wait for it. */
function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  return new Promise((done, reject) => {
    const giveUp = (): void => reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    work.then(done, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
