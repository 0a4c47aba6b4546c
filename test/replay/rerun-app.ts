/** The bank of these tests with another memo, as tomorrow's code might have it. */
import { app } from '../../actors/app.ts'
import { account } from './bank.ts'

type Deposit = (ctx: unknown, payload: unknown) => unknown

const deposit = account.on.get('deposit') as Deposit
const on = new Map(account.on).set('deposit', (ctx, payload) =>
  deposit(ctx, { ...(payload as object), memo: 'changed' }),
)

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default app(import.meta.url, { actors: [{ ...account, on }] })
