/** Names a package that is installed only by those who use it, where it is not. */
import { TroupeError } from '../../../mailbox/errors.ts'

/**
 * For `import('package').catch(notInstalled('package'))`: a bundler that cannot find the package sees that
 * this is provided for, and lets it be.
 *
 * @throws PACKAGE_MISSING, or the error as it is: a package that is there and lacks one of its own is
 *   broken, not missing
 */
export const notInstalled =
  (name: string) =>
  (error: unknown): never => {
    if (!isMissing(error, name)) throw error
    throw new TroupeError('PACKAGE_MISSING', `"${name}" is not installed: npm install ${name}`, {
      cause: error,
      fields: { package: name },
    })
  }

function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return (
    (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') &&
    error.message.includes(`'${name}'`)
  )
}
