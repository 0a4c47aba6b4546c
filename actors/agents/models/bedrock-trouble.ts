/**
 * Bedrock's errors, named. Known ones by their own name, because inside a stream they have no status;
 * others by status; the rest by when they came: before the first event the connection failed, after it
 * the stream is broken.
 */
import type { ErrorCode } from '../../../mailbox/errors.ts'
import { byStatus, retryAfterOf } from './http-trouble.ts'
import type { Trouble } from './service.ts'

const codes: Readonly<Record<string, ErrorCode>> = {
  AccessDeniedException: 'MODEL_DENIED',
  CredentialsProviderError: 'MODEL_DENIED',
  ExpiredTokenException: 'MODEL_DENIED',
  InvalidSignatureException: 'MODEL_DENIED',
  TokenProviderError: 'MODEL_DENIED',
  UnrecognizedClientException: 'MODEL_DENIED',
  ResourceNotFoundException: 'MODEL_MISSING',
  ConflictException: 'MODEL_REQUEST_INVALID',
  ValidationException: 'MODEL_REQUEST_INVALID',
  ServiceQuotaExceededException: 'MODEL_THROTTLED',
  ThrottlingException: 'MODEL_THROTTLED',
  ModelTimeoutException: 'MODEL_TIMEOUT',
  TimeoutError: 'MODEL_TIMEOUT',
  InternalServerException: 'MODEL_UNAVAILABLE',
  ModelErrorException: 'MODEL_UNAVAILABLE',
  ModelNotReadyException: 'MODEL_UNAVAILABLE',
  ModelStreamErrorException: 'MODEL_UNAVAILABLE',
  ServiceUnavailableException: 'MODEL_UNAVAILABLE',
}

interface AwsError {
  readonly name?: string
  readonly message?: string
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

export function bedrockTrouble(thrown: unknown, begun: boolean): Trouble {
  const error = (thrown ?? {}) as AwsError
  const { name = 'Error', message = String(thrown), $metadata, $response } = error
  const status = begun ? undefined : $metadata?.httpStatusCode
  const known = Object.hasOwn(codes, name) ? codes[name] : undefined
  const retryAfter = retryAfterOf($response?.headers ?? {})
  return {
    code: known ?? codeOf(message, status, begun),
    message: `${name}: ${message}`,
    turnedAway: !begun && (status !== undefined || known === 'MODEL_DENIED'),
    ...(retryAfter !== undefined && { retryAfter }),
    facts: {
      service: name,
      ...(status !== undefined && { status }),
      ...($metadata?.requestId !== undefined && { requestId: $metadata.requestId }),
    },
  }
}

function codeOf(message: string, status: number | undefined, begun: boolean): ErrorCode {
  if (message === 'Region is missing') return 'MODEL_REQUEST_INVALID'
  if (begun) return 'STREAM_BROKEN'
  // An answer of 200 that cannot be read is a broken stream before its first event.
  if (status !== undefined && status < 400) return 'STREAM_BROKEN'
  return status === undefined ? 'MODEL_UNAVAILABLE' : byStatus(status)
}
