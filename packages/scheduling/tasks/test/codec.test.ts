import { describe, expect, test } from '@jest/globals';
import {
  decodeAssignment,
  decodePrimary,
  decodeRetry,
  decodeSpec,
  decodeStatus,
  decodeWorker,
  encodeAssignment,
  encodePrimary,
  encodeRetry,
  encodeSpec,
  encodeStatus,
  encodeWorker,
  specDefaults,
  type TaskSpec,
  type TaskStatus,
} from '@reeve/tasks';
import { specOf, workerOf } from './fixtures.ts';

const command: TaskSpec = specOf({
  work: { kind: 'command', argv: ['ls', '-l'], cwd: '/tmp', env: { A: 'b' }, shell: 'exec "$@"' },
  queue: 'nightly',
  priority: -1000,
  notBefore: 1_700_000_000_000,
  timeoutMs: 5,
  repeat: 'once',
  retry: { attemptsMax: 3, backoffMs: 10, backoffMaxMs: 20 },
});

const failed: TaskStatus = {
  outcome: 'failed',
  error: { code: 'command_failed', message: 'exit 1', exitCode: 1, stdout: '', stderr: 'no' },
  attempts: 3,
  workerId: 'w',
  startedAt: 1,
  finishedAt: 2,
};

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('a payload', () => {
  test.each([
    ['specification of a handler', specOf({}), encodeSpec, decodeSpec],
    ['specification of a command', command, encodeSpec, decodeSpec],
    ['assignment', { attempt: 1, workersLost: 0, repeat: 'once' }, encodeAssignment, decodeAssignment],
    [
      'cancelled assignment',
      { attempt: 2, workersLost: 1, repeat: 'repeatable', cancel: 'requested' },
      encodeAssignment,
      decodeAssignment,
    ],
    ['success', { outcome: 'succeeded', result: { a: [1] }, attempts: 1, finishedAt: 9 }, encodeStatus, decodeStatus],
    ['failure', failed, encodeStatus, decodeStatus],
    [
      'retry record',
      { attempts: 2, workersLost: 1, notBefore: 7, lastError: { code: 'x', message: 'y' } },
      encodeRetry,
      decodeRetry,
    ],
    ['worker', workerOf({}), encodeWorker, decodeWorker],
    ['primary', { masterId: 'm', host: 'h', pid: 1, since: 2 }, encodePrimary, decodePrimary],
  ] as const)('%s comes back as it was', (_, value, encode, decode) => {
    expect(decode((encode as (value: unknown) => Buffer)(value))).toEqual(value);
  });

  test('says its version, and leaves out what equals the default', () => {
    expect(JSON.parse(encodeSpec(specOf({ submittedAt: 3 })).toString())).toEqual({
      v: 1,
      work: { kind: 'handler', handler: 'echo', payload: null },
      submittedAt: 3,
    });
  });

  test('takes fields that a later release added, and forgets them', () => {
    const raw = { v: 1, masterId: 'm', host: 'h', pid: 1, since: 2, colour: 'green' };
    expect(decodePrimary(bytes(raw))).toEqual({ masterId: 'm', host: 'h', pid: 1, since: 2 });
  });
});

describe('bytes that are no payload', () => {
  test.each([
    ['null data', null, 'record_invalid', 'it holds no data'],
    ['no JSON', Buffer.from('hello'), 'record_invalid', /not JSON/],
    ['a list', bytes([1]), 'record_invalid', 'it is no JSON object'],
    ['no version', bytes({ work: {} }), 'record_invalid', 'its version is undefined'],
    ['a later version', bytes({ v: 2 }), 'record_newer', 'version 2, ours is 1'],
    ['a missing field', bytes({ v: 1, submittedAt: 1 }), 'record_invalid', /^work: /],
    ['a field of another type', bytes({ ...raw(), priority: 'high' }), 'record_invalid', /^priority: /],
    ['a priority out of range', bytes({ ...raw(), priority: 1001 }), 'record_invalid', /^priority: /],
    ['a queue with a slash', bytes({ ...raw(), queue: 'a/b' }), 'record_invalid', /^queue: /],
    [
      'no attempts at all',
      bytes({ ...raw(), retry: { attemptsMax: 0, backoffMs: 0, backoffMaxMs: 0 } }),
      'record_invalid',
      /^retry/,
    ],
  ] as const)('%s: a coded error says what is wrong', (_, data, code, issue) => {
    let error: unknown;
    try {
      decodeSpec(data);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ facts: { code, record: 'spec', issue: expect.anything() } });
    expect((error as { facts: { issue: string } }).facts.issue).toMatch(issue);
  });
});

function raw() {
  return { v: 1, work: { kind: 'handler', handler: 'echo', payload: 1 }, submittedAt: 1, retry: specDefaults.retry };
}
