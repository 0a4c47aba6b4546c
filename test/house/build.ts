/**
 * Builds the package from the sources as they are now, into a folder of its own.
 *
 * The same emit as `npm run build`, file by file and without looking at types: a second instead of
 * ten, and never a stale `dist`. Third-party packages are those of the repository.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { rooms, root, sourcesIn } from './repository.ts'

/** A built copy of the package; `import('troupe')` from its folder finds itself. */
export interface BuiltPackage {
  readonly folder: string
  remove(): void
}

export function buildPackage(): BuiltPackage {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-built-'))
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const options = compilerOptions()
  for (const [path, text] of sourcesIn(rooms)) {
    if (path.endsWith('.d.ts')) continue
    const { outputText } = ts.transpileModule(text, { compilerOptions: options, fileName: path })
    const target = join(folder, 'dist', path.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, outputText)
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function compilerOptions(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.build.json')
  const { config } = ts.readConfigFile(path, ts.sys.readFile) as { config: unknown }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const { ESNext } = ts.ModuleKind // file by file nothing reads package.json's `type`
  return { ...options, module: ESNext, sourceMap: false, declaration: false, declarationMap: false }
}
