/** Milliseconds to wait for a thread; one that is blocked must not block who looks at it. */
const answerWithin = 1_000

/** The value, or undefined when it does not come in time or at all. */
export async function soon<T>(promise: Promise<T> | undefined): Promise<T | undefined> {
  if (promise === undefined) return undefined
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), answerWithin)
  })
  try {
    return await Promise.race([promise.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}
