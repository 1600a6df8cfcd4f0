import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { atTestEnd, eventually, freePort, temporaryDirectory } from '@reeve/testkit';
import { commandCheck, httpCheck, tcpCheck } from '../src/probe/checks.ts';
import { type Health, nextHealth, unprobed } from '../src/probe/health.ts';
import { Probe, type ProbeEvent } from '../src/probe/probe.ts';

const never = new AbortController().signal;

/** A server that answers with this status. */
async function serve(status: () => number): Promise<number> {
  const server = createServer((_request, response) => response.writeHead(status()).end('some text')).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  atTestEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A zombie that nobody has buried yet runs no more. */
function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

describe('a check', () => {
  test.each([200, 204, 302])('by HTTP is passed by status %d', async (status) => {
    await httpCheck(`http://127.0.0.1:${await serve(() => status)}/health`)(never);
  });

  test.each([404, 500, 503])('by HTTP is failed by status %d', async (status) => {
    const checked = httpCheck(`http://127.0.0.1:${await serve(() => status)}/health`)(never);
    await expect(checked).rejects.toMatchObject({
      code: 'probe_failed',
      message: expect.stringContaining(`${status}`),
    });
  });

  test('by HTTP and by TCP is failed by nobody there', async () => {
    const port = await freePort();
    await expect(httpCheck(`http://127.0.0.1:${port}/`)(never)).rejects.toThrow(/ECONNREFUSED/);
    await expect(tcpCheck({ host: '127.0.0.1', port })(never)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('by TCP is passed by one who accepts connections', async () => {
    await tcpCheck({ host: '127.0.0.1', port: await serve(() => 500) })(never);
  });

  test('by a command is passed by exit code 0 alone', async () => {
    await commandCheck(['true'])(never);
    await expect(commandCheck(['sh', '-c', 'echo not today >&2; exit 3'])(never)).rejects.toThrow(
      'exit code 3: not today',
    );
    await expect(commandCheck(['/there/is/none'])(never)).rejects.toThrow(/ENOENT/);
  });

  test('by a command whose time is up is killed with all that it has started', async () => {
    const file = join(temporaryDirectory(), 'pid');
    const hurry = new AbortController();
    const checked = commandCheck(['sh', '-c', 'sleep 60 & echo $! > "$0"; wait', file])(hurry.signal);
    const written = () => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined);
    const pid = await eventually(written, { what: 'the command has started another' });
    hurry.abort();
    await expect(checked).rejects.toMatchObject({ code: 'probe_failed' });
    await eventually(() => !isRunning(pid), { what: 'what it has started is gone' });
  });
});

describe('what is known of health', () => {
  const thresholds = { failuresToDown: 2, successesToUp: 3 };
  const table: readonly (readonly [Health, 'passed' | 'failed', Health])[] = [
    [unprobed, 'passed', { state: 'well', against: 0 }],
    [unprobed, 'failed', { state: 'unwell', against: 0 }],
    [{ state: 'well', against: 0 }, 'passed', { state: 'well', against: 0 }],
    [{ state: 'well', against: 0 }, 'failed', { state: 'well', against: 1 }],
    [{ state: 'well', against: 1 }, 'failed', { state: 'unwell', against: 0 }],
    [{ state: 'well', against: 1 }, 'passed', { state: 'well', against: 0 }],
    [{ state: 'unwell', against: 0 }, 'failed', { state: 'unwell', against: 0 }],
    [{ state: 'unwell', against: 1 }, 'passed', { state: 'unwell', against: 2 }],
    [{ state: 'unwell', against: 2 }, 'passed', { state: 'well', against: 0 }],
    [{ state: 'unwell', against: 2 }, 'failed', { state: 'unwell', against: 0 }],
  ];
  test.each(table)('%j and one that %s is %j', (before, result, after) => {
    expect(nextHealth(before, result, thresholds)).toEqual(after);
  });
});

describe('a probe', () => {
  test('tells when the instance turns unwell and well again, and not each time it looks', async () => {
    let isWell = true;
    let looks = 0;
    const told: ProbeEvent[] = [];
    const check = async () => {
      looks += 1;
      if (!isWell) throw new Error('out of order');
    };
    const probe = new Probe({ check, intervalMs: 1 });
    probe.events.subscribe((event) => told.push(event));
    probe.start();
    await eventually(() => looks > 3, { what: 'it is looked several times' });
    isWell = false;
    await eventually(() => told.length === 2, { what: 'it is told to be unwell' });
    isWell = true;
    await eventually(() => told.length === 3, { what: 'it is told to be well' });
    await probe.stop();
    const looked = looks;
    expect(told).toEqual([{ kind: 'well' }, { kind: 'unwell', cause: expect.any(Error) }, { kind: 'well' }]);
    expect([probe.state, looks]).toEqual(['well', looked]);
  });

  test('does not wait for a check that takes no notice of its time', async () => {
    const told: ProbeEvent[] = [];
    const probe = new Probe({ check: () => new Promise(() => undefined), intervalMs: 1, timeoutMs: 5 });
    probe.events.subscribe((event) => told.push(event));
    probe.start();
    await eventually(() => told.length === 1, { what: 'it is told to be unwell' });
    expect(told[0]).toMatchObject({ kind: 'unwell', cause: { message: 'no answer within 5 ms' } });
    await probe.stop();
  });
});
