/**
 * Which addresses a tool may connect to: those of the public internet, and what its author added.
 *
 * IPv4: what no registry sets aside (private, loopback, link-local, CGNAT, multicast, reserved ...).
 * IPv6: inside 2000::/3, where global unicast is, and set aside by none; so IPv4 in another dress
 * (mapped, NAT64, 6to4, Teredo) is refused, whatever it wraps.
 */
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { shown, TroupeError } from '../../../../mailbox/errors.ts'

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Says whether an address may be connected to. */
export type AddressCheck = (address: string) => boolean

/**
 * @param allowed further addresses and ranges: `127.0.0.1`, `10.1.0.0/16`
 * @throws OPTION_INVALID
 */
export function addressCheck(what: string, allowed: readonly string[] = []): AddressCheck {
  const ranges = allowed.map((text) => rangeOf(what, text))
  return (text) => {
    if (isIP(text) === 0) return false
    const address = ipaddr.parse(text)
    return isPublic(address) || ranges.some((range) => isIn(address, range))
  }
}

const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || isIn(address, globalUnicast)
}

/** Never across kinds: what allows 127.0.0.1 does not allow ::ffff:127.0.0.1. */
const isIn = (address: ipaddr.IPv4 | ipaddr.IPv6, [base, bits]: Range): boolean =>
  address.kind() === base.kind() && address.match(base, bits)

function rangeOf(what: string, text: unknown): Range {
  if (typeof text === 'string') {
    if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
    if (isIP(text) !== 0) return [ipaddr.parse(text), isIP(text) === 4 ? 32 : 128]
  }
  throw new TroupeError(
    'OPTION_INVALID',
    `${what}: "allowPrivate" lists addresses ("10.0.0.7") and ranges ("10.0.0.0/8"), got ${shown(text)}`,
  )
}
