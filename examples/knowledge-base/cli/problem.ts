/** An error as one line, with what to do about it where that is known. */

import type { TroupeError } from 'troupe'

/** `message what to do [CODE]`. */
export const problemOf = (error: TroupeError): string =>
  `${[error.message, ...hints(error)].join('. ')} [${error.code}]`

function hints({ code, message }: TroupeError): readonly string[] {
  switch (code) {
    case 'MODEL_DENIED':
      return [
        'Give the AWS client credentials that may invoke the model: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      ]
    case 'MODEL_REQUEST_INVALID':
      return message.includes('Region is missing') ? ['Set AWS_REGION'] : []
    default:
      return []
  }
}
