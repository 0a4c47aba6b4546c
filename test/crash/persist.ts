/** What a caller does whose callee's thread died: it asks again, under the same id. */
export async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call()
    } catch (error) {
      if ((error as { code?: string }).code !== 'HOST_LOST' || attempt === 20) throw error
    }
  }
}
