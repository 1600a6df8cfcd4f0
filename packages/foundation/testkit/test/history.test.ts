import { expect, test } from '@jest/globals';
import { type Attempt, HistoryRecorder } from '@reeve/testkit';

type Action = 'write' | 'local read';

/** A recorder whose clock says how often it was looked at. */
function recorder(): HistoryRecorder<Action, string> {
  let now = 0;
  const clock = { now: () => ++now };
  return new HistoryRecorder(clock, (action) => action === 'write');
}

const answered = async (): Promise<Attempt<string>> => ({ kind: 'answered', answer: 'ok' });
const unknown = async (): Promise<Attempt<string>> => ({ kind: 'unknown' });
const refused = async (): Promise<Attempt<string>> => ({ kind: 'refused' });

test('what was answered is written down with the times of its call and its return', async () => {
  const history = recorder();
  await history.client('a').record({ key: '/k', action: 'write' }, answered);
  expect(history.history).toEqual([
    { client: 'a.1', key: '/k', action: 'write', answer: 'ok', calledAt: 1, returnedAt: 2 },
  ]);
});

test('what certainly did not happen is not written down', async () => {
  const history = recorder();
  const outcome = await history.client('a').record({ key: '/k', action: 'write' }, refused);
  expect(outcome).toEqual({ kind: 'refused' });
  expect(history.history).toEqual([]);
});

test('what is unknown may take effect until the same client has written something else', async () => {
  const history = recorder();
  const client = history.client('a');
  await client.record({ key: '/k', action: 'write' }, unknown);
  await client.record({ key: '/l', action: 'local read' }, answered);
  expect(history.history.map(({ key }) => key)).toEqual(['/l']);
  client.renew();
  await client.record({ key: '/m', action: 'write' }, answered);
  expect(history.history).toMatchObject([
    { key: '/k', client: 'a.1', answer: undefined, calledAt: 1, returnedAt: 6 },
    { key: '/l', client: 'a.1', answer: 'ok' },
    { key: '/m', client: 'a.2', answer: 'ok', returnedAt: 6 },
  ]);
});

test('what is unknown of a client that does nothing more may take effect for ever', async () => {
  const history = recorder();
  const client = history.client('a');
  await client.record({ key: '/k', action: 'write' }, unknown);
  client.close();
  expect(history.history).toMatchObject([{ answer: undefined, returnedAt: Number.POSITIVE_INFINITY }]);
});
