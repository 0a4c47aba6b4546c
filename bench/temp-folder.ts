/** A folder of one case, on the disk that `TMPDIR` names. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class TempFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'troupe-bench-'))

  file(name: string): string {
    return join(this.path, name)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
