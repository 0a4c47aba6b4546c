/** What `troupe dev` and its child process say to each other: the closed list. */

/** The child's one argument, as JSON. */
export interface DevStart {
  /** `file:` URL of the app module. */
  readonly app: string
  /** Path of the store's file, or `memory`. */
  readonly store: string
  readonly workers?: number
  /** Milliseconds that closing may take. */
  readonly drainWithin: number
}

/** Orders to the child. It answers on its output. */
export type DevOrder =
  | { readonly kind: 'close' }
  /** A typed line: `type/key message [JSON]`. */
  | { readonly kind: 'say'; readonly line: string }
