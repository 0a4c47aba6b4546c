/** An error as one line, with what to do about it where that is known. */

import type { TroupeError } from 'troupe'

/** `message. What to do [CODE]`. */
export const problemOf = (error: Pick<TroupeError, 'code' | 'message' | 'fields'>): string =>
  `${[error.message.replace(/\.$/, ''), ...hints(error)].join('. ')} [${error.code}]`

function hints({ code, message, fields }: Parameters<typeof problemOf>[0]): readonly string[] {
  switch (code) {
    case 'RATE_LIMITED':
      return [`Try again in ${Math.ceil(Number(fields['retryAfter'] ?? 1_000) / 1_000)} s`]
    case 'MODEL_DENIED':
      return [
        'Give the AWS client credentials that may invoke the model: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      ]
    case 'MODEL_REQUEST_INVALID':
      return message.includes('Region is missing') ? ['Set AWS_REGION'] : []
    case 'ACTOR_KILLED':
      return ['npm run support -- --revive lets it live again']
    default:
      return []
  }
}
