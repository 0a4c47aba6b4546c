/** One object of an export, read field by field: what is missing or of another type names its line. */
import type { TroupeError } from '../../mailbox/errors.ts'
import { badLine } from './export.ts'

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export class Fields {
  readonly #fields: Record<string, unknown>
  readonly #line: number

  constructor(value: unknown, line: number) {
    this.#line = line
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw badLine(line, 'it is no object')
    }
    this.#fields = value as Record<string, unknown>
    if (this.#fields['kind'] === 'damaged') {
      throw badLine(line, `its record was damaged: ${String(this.#fields['detail'])}`)
    }
  }

  bad(why: string): TroupeError {
    return badLine(this.#line, why)
  }

  text(name: string): string {
    const value = this.#fields[name]
    if (typeof value === 'string') return value
    throw this.#wrong(name, 'a text')
  }

  optionalText(name: string): string | undefined {
    return this.#fields[name] === undefined ? undefined : this.text(name)
  }

  /** A whole number of 0 or more. */
  number(name: string): number {
    const value = this.#fields[name]
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    throw this.#wrong(name, 'a whole number')
  }

  known<T extends number>(name: string, all: readonly T[], value: number): T {
    const found = all.find((one) => one === value)
    if (found !== undefined) return found
    throw this.#wrong(name, `one of ${all.join(', ')}`)
  }

  flag(name: string): boolean {
    const value = this.#fields[name]
    if (typeof value === 'boolean') return value
    throw this.#wrong(name, 'true or false')
  }

  /** A reference: `[position, index]`. */
  pair(name: string): readonly [number, number] {
    const value = this.#fields[name]
    if (Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger)) {
      return value as unknown as readonly [number, number]
    }
    throw this.#wrong(name, 'a pair of whole numbers')
  }

  bytes(name: string): Uint8Array | undefined {
    const value = this.#fields[name]
    if (value === undefined) return undefined
    if (typeof value === 'string' && base64.test(value)) return Buffer.from(value, 'base64')
    throw this.#wrong(name, 'base64')
  }

  object(name: string): Fields {
    return new Fields(this.#fields[name], this.#line)
  }

  list(name: string): Fields[] {
    const value = this.#fields[name]
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list')
    return value.map((one) => new Fields(one, this.#line))
  }

  #wrong(name: string, expected: string): TroupeError {
    return this.bad(`"${name}" must be ${expected}`)
  }
}
