/** Property keys that are array indices: proxies are handed them as strings. */

const MAX_INDEX = 2 ** 32 - 2

/** The index a property key spells canonically (`0`, `17`, not `017` nor `1e3`), or -1. */
export function toIndex(key: string): number {
  const length = key.length
  if (length === 0 || length > 10) return -1
  let index = 0
  for (let i = 0; i < length; i++) {
    const digit = key.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    index = index * 10 + digit
  }
  const canonical = length === 1 || key.charCodeAt(0) !== 48
  return canonical && index <= MAX_INDEX ? index : -1
}
