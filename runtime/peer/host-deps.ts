/** `deps` of an app, told how to reach its actors from the thread it builds for. */
import type { App, HostInfo } from '../../actors/app.ts'
import { Outside } from './outside.ts'
import type { Peer } from './peer.ts'
import type { PeerOptions } from './peer-options.ts'

/** @param peer of the thread; there by the time anything is built */
export function hostDeps({ deps }: App, peer: () => Peer): PeerOptions['deps'] {
  if (deps === undefined) return undefined
  return (host) => {
    const outside = new Outside(peer(), false)
    const ref: HostInfo['ref'] = (contract, key) => outside.ref(contract, key)
    return deps({ ...host, ref, meter: peer().meter })
  }
}
