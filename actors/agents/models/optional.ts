/** Loads a package that is installed only by those who use it. */
import { TroupeError } from '../../../mailbox/errors.ts'

/**
 * @param name of the package, for the message
 * @param load `() => import('package')`
 * @throws PACKAGE_MISSING
 */
export async function loadOptional<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!isMissing(error, name)) throw error
    throw new TroupeError('PACKAGE_MISSING', `"${name}" is not installed: npm install ${name}`, {
      cause: error,
      fields: { package: name },
    })
  }
}

/** A package that is there and lacks one of its own is broken, not missing. */
function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
    error.message.includes(`'${name}'`)
  )
}
