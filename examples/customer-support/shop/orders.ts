/** The shop's orders. They stand for a service of yours. */

/** One order. */
export interface Order {
  readonly number: string
  readonly customer: string
  readonly item: string
  /** Euros. */
  readonly price: number
  readonly state: string
}

const orders: readonly Order[] = [
  {
    number: '17',
    customer: 'anna',
    item: 'kettle',
    price: 39.9,
    state: 'sent on 23 November, expected on 27 November',
  },
  {
    number: '18',
    customer: 'anna',
    item: 'espresso machine',
    price: 249,
    state: 'delivered on 20 November',
  },
  { number: '21', customer: 'ben', item: 'toaster', price: 45, state: 'being packed' },
  {
    number: '22',
    customer: 'ben',
    item: 'set of knives',
    price: 120,
    state: 'delivered on 19 November',
  },
]

/**
 * An order of this customer. Another's order is not there, as far as they can tell.
 * @throws Error that is meant for the model
 */
export function orderOf(customer: string, number: string): Order {
  const own = orders.filter((order) => order.customer === customer)
  const found = own.find((order) => order.number === number)
  if (found !== undefined) return found
  const known = own.map((order) => order.number).join(', ')
  throw new Error(
    `This customer has no order ${number}. ${known === '' ? 'They have none.' : `They have: ${known}.`}`,
  )
}
