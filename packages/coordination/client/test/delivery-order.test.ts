import { expect, test } from '@jest/globals';
import { DeliveryOrder } from '../src/delivery-order.ts';

/** Delivers as the session does: a reply at once when nothing is held back. */
function deliver(order: DeliveryOrder, kind: 'reply' | 'event', then: () => void): void {
  if (kind === 'event') return order.event(then);
  if (!order.open) return order.reply(then);
  order.replied();
  then();
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a reply is seen before the event behind it, however long the chain of promises', async () => {
  const order = new DeliveryOrder();
  const seen: string[] = [];
  const reply = (name: string) => {
    let chain = Promise.resolve();
    for (let i = 0; i < 20; i += 1) chain = chain.then(() => undefined);
    chain.then(() => seen.push(name));
  };
  order.beginTurn();
  deliver(order, 'event', () => seen.push('event 0'));
  deliver(order, 'reply', () => reply('reply 1'));
  deliver(order, 'reply', () => reply('reply 2'));
  deliver(order, 'event', () => seen.push('event 3'));
  deliver(order, 'event', () => seen.push('event 4'));
  deliver(order, 'reply', () => reply('reply 5'));
  deliver(order, 'event', () => seen.push('event 6'));
  expect(seen).toEqual(['event 0']);
  await turn();
  expect(seen).toEqual(['event 0', 'reply 1', 'reply 2', 'event 3', 'event 4', 'reply 5', 'event 6']);
});

test('an event without a reply before it is told at once', () => {
  const order = new DeliveryOrder();
  const seen: string[] = [];
  order.beginTurn();
  deliver(order, 'reply', () => seen.push('reply'));
  order.beginTurn();
  deliver(order, 'event', () => seen.push('event'));
  expect(seen).toEqual(['reply', 'event']);
});
