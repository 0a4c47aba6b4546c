/** Which addresses a tool may connect to, held against the registries of IANA. */
import assert from 'node:assert/strict'
import { BlockList, isIPv4 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressCheck } from '../../actors/agents/tools/http/addresses.ts'
import { isPlainPath, matchesPath } from '../../actors/agents/tools/http/paths.ts'
import { code } from '../durable/support.ts'

/** The special-purpose registries, multicast, and what is not assigned for unicast. */
const special = [
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24',
  '192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24',
  '224.0.0.0/4 240.0.0.0/4 255.255.255.255/32',
  '::/3 4000::/2 8000::/1 2001::/32 2001:2::/48 2001:db8::/32 2002::/16 3fff::/20',
  '2001:10::/28 2001:20::/28',
]
  .join(' ')
  .split(' ')

const kindOf = (text: string) => (isIPv4(text) ? 'ipv4' : 'ipv6')

/** One list for each kind: to Node an IPv4 address is also the IPv6 address that maps it. */
const lists = { ipv4: new BlockList(), ipv6: new BlockList() }
for (const range of special) {
  const [base = '', bits] = range.split('/')
  lists[kindOf(base)].addSubnet(base, Number(bits), kindOf(base))
}

const v4 = (n: number): string => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255].join('.')
const isPublic = addressCheck('test')

test('no address of a special range is public, at its edges and inside', () => {
  for (const range of special.filter((one) => isIPv4(one.split('/')[0] as string))) {
    const [base = '', bits] = range.split('/')
    const first = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    const size = 2 ** (32 - Number(bits))
    for (const n of [first, first + Math.floor(size / 2), first + size - 1]) {
      assert.equal(isPublic(v4(n)), false, v4(n))
    }
  }
})

test('property: what is called public is in no special range, in no dress of IPv4', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6())
  fc.assert(
    fc.property(address, (text) => {
      const isSpecial = lists[kindOf(text)].check(text, kindOf(text))
      assert.ok(!(isPublic(text) && isSpecial), text)
    }),
    { numRuns: 2_000 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (n) => {
      const [high, low] = [(n >>> 16).toString(16), (n & 0xffff).toString(16)]
      for (const dress of [
        `::ffff:${v4(n)}`,
        `::${v4(n)}`,
        `64:ff9b::${v4(n)}`,
        `64:ff9b:1::${v4(n)}`,
        `2002:${high}:${low}::1`,
        `2001::${high}:${low}`,
        `fd00::${low}`,
        `fe80::${low}%1`,
        `ff02::${low}`,
      ]) {
        assert.equal(isPublic(dress), false, dress)
      }
    }),
    { numRuns: 500 },
  )
})

test('the public internet is public, and what is no address is not', () => {
  for (const text of ['1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001::1']) {
    assert.equal(isPublic(text), true, text)
  }
  for (const text of ['', 'localhost', '1', '127.1', '0x7f000001', '1.1.1.1.', '1.1.1.1/32']) {
    assert.equal(isPublic(text), false, text)
  }
})

test('an author allows further addresses one by one or as ranges, each of its kind', () => {
  const check = addressCheck('test', ['127.0.0.1', '10.1.0.0/16', 'fd00::/8'])
  assert.deepEqual(['127.0.0.1', '10.1.2.3', 'fd00::1', '1.1.1.1'].map(check), [
    true,
    true,
    true,
    true,
  ])
  assert.deepEqual(['127.0.0.2', '10.2.0.1', '::ffff:127.0.0.1', '::1', 'fe80::1'].map(check), [
    false,
    false,
    false,
    false,
    false,
  ])
  assert.throws(() => addressCheck('test', ['localhost']), code('OPTION_INVALID'))
})

test('property: a path pattern matches segment by segment, and never a path in disguise', () => {
  const segment = fc.stringMatching(/^[a-z0-9]{1,5}$/)
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (parts) => {
      const path = `/${parts.join('/')}`
      assert.ok(isPlainPath(path))
      assert.ok(matchesPath(path, path) && matchesPath('/**', path))
      assert.ok(matchesPath(`/${parts.map(() => '*').join('/')}`, path))
      assert.equal(matchesPath(`${path}/*`, path), false)
      assert.equal(matchesPath(path, `${path}/more`), false)
      for (const slash of ['%2f', '%2F', '%252f', '\\', '/../', '/..;/', '%5c', '%00', '%2e%2e%2f'])
        assert.equal(isPlainPath(`${path}${slash}x`), false, slash)
    }),
    { numRuns: 200 },
  )
})
