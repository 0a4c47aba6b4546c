/**
 * Refuses an unsupported Node by being imported.
 *
 * Every public entry that can reach native code imports this module on its first line: modules are
 * evaluated in the order of their imports, so the error is thrown before a binding is loaded.
 */
import { assertSupportedNode } from './node-version.ts'

assertSupportedNode(process.versions.node)
