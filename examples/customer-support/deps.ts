/** What handlers find in `ctx.deps`: built once for each thread, closed with it. */

import { bedrockModel, type Model } from 'troupe/agents'
import type { HostInfo } from 'troupe/contract'
import { type LimitRules, type Limits, limits } from 'troupe/patterns'
import { heard } from './agent/heard.ts'
import { Voice } from './contracts.ts'
import { clerkModel } from './model/clerk.ts'
import { paced } from './model/paced.ts'
import { type Settings, settingsOf } from './settings.ts'
import { Ledger } from './shop/ledger.ts'

export interface Deps {
  readonly model: Model
  readonly ledger: Ledger
  readonly limits: Limits
  /** Closes what is open. */
  close(): void
}

/** What the app is put together from: for tests, another model and other rules. */
export interface Parts {
  readonly model: Model
  readonly ledger: Ledger
  /** What one customer may ask. One limiter for all threads. */
  readonly rules?: LimitRules
  readonly close?: () => void
}

const fewQuestions: LimitRules = { user: { requests: { perMinute: 20, burst: 5 } } }

export function depsOf(host: HostInfo, parts: Parts): Deps {
  const { model, ledger, rules = fewQuestions, close = () => undefined } = parts
  return {
    model: heard(model, (customer, said) => host.ref(Voice, customer).tell.said(said)),
    ledger,
    limits: limits({ questions: rules }, host),
    close,
  }
}

export function makeDeps(host: HostInfo): Deps {
  const settings = settingsOf(process.env)
  return depsOf(host, { ...modelOf(settings), ledger: new Ledger(settings.ledger) })
}

export const closeDeps = ({ close }: Deps): void => close()

function modelOf({ model: name, pace }: Settings): Pick<Parts, 'model' | 'close'> {
  const id = /^bedrock:(.+)$/.exec(name)?.[1]
  if (id === undefined) return { model: paced(clerkModel(), pace) }
  const model = bedrockModel(id)
  return { model, close: () => model.close() }
}
