import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually, fourLetterWord, RawClient, temporaryDirectory } from '@reeve/testkit';
import { coordinatorConfig, type GivenConfig } from '../src/config.ts';
import { type Coordinator, createServer } from '../src/coordinator.ts';
import { HeldDisk } from './held-disk.ts';

const running: Coordinator[] = [];

async function started(given: Partial<GivenConfig>, disk = new HeldDisk()): Promise<number> {
  const dataDirectory = temporaryDirectory();
  const config = coordinatorConfig({ dataDirectory, port: 0, fourLetterWords: 'all', ...given });
  const coordinator = await createServer(config, { disk });
  running.push(coordinator);
  return coordinator.port;
}

afterEach(async () => {
  for (const coordinator of running.splice(0)) await coordinator.stop();
});

/** One client's write waits for the disk; says what another's read is answered when it goes on. */
async function answerBehind(given: Partial<GivenConfig>): Promise<string> {
  const disk = new HeldDisk();
  const port = await started({ ...given, requestsMax: 1 }, disk);
  const [writer, reader] = [await RawClient.open(port), await RawClient.open(port)];
  disk.hold();
  const write = writer.create('/later');
  await eventually(async () => /outstanding_requests\t[1-9]/.test(await fourLetterWord(port, 'mntr')), {
    what: 'the write waits for the disk',
  });
  const read = reader.request('exists', { path: '/', watch: false });
  await fourLetterWord(port, 'ruok');
  const since = Date.now();
  await eventually(() => Date.now() > since + 5, { what: 'a while goes by' });
  disk.release();
  expect((await write).error).toBe('ok');
  return (await read).error;
}

describe('a coordinator', () => {
  test('at the most requests that it serves at once lets the next ones wait', async () => {
    expect(await answerBehind({})).toBe('ok');
  });

  test('refuses requests that have waited longer than they may', async () => {
    expect(await answerBehind({ requestWaitMsMax: 1 })).toBe('throttled_op');
  });

  test('lets no more handshakes through than it is told to, and counts the others', async () => {
    const connectThrottle = {
      tokensMax: 1,
      fillTokens: 1,
      fillMs: 3_600_000,
      newSessionTokens: 1,
      renewalTokens: 1,
      drop: undefined,
    };
    const port = await started({ connectThrottle });
    const first = await RawClient.open(port);
    const second = await RawClient.open(port);
    expect([first.welcome?.timeoutMs, second.welcome]).toEqual([expect.any(Number), undefined]);
    expect(await fourLetterWord(port, 'mntr')).toMatch(/connection_rejected\t1/);
  });

  test('takes names and passwords by the digest it is told', async () => {
    const superDigest = 'super:wjySwxg860UATFtciuZ1lpzrCHrPeov6SPu/ZD56uig=';
    const port = await started({ digestAlgorithm: 'sha256', superDigest });
    const client = await RawClient.open(port);
    await client.request('auth', { type: 0, scheme: 'digest', auth: Buffer.from('super:test') });
    const { body } = await client.ask('whoAmI', {});
    expect(JSON.stringify(body)).toContain('"authScheme":"super"');
  });
});
