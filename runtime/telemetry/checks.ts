/** Checks of options that several parts of telemetry take. */
import { anObject, type OptionCheck } from '../../mailbox/options.ts'

/** @param path of the signal, for the example: `v1/metrics` */
export const anEndpoint =
  (path: string): OptionCheck =>
  (value) =>
    typeof value === 'string' && /^https?:$/.test(URL.parse(value)?.protocol ?? '')
      ? undefined
      : `an http or https URL, for example "http://localhost:4318/${path}"`

/** An object whose values are all of these types. */
export const aRecordOf =
  (what: string, ...types: readonly string[]): OptionCheck =>
  (value) =>
    anObject(value) === undefined &&
    !Array.isArray(value) &&
    Object.values(value as object).every((one) => types.includes(typeof one))
      ? undefined
      : `an object of ${what}`
