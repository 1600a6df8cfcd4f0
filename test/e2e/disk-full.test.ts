import { rmSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { type Client, ClientError, connect } from '@reeve/client';
import { eventually, freePort, startProcess, temporaryDirectory } from '@reeve/testkit';
import { reeve } from './fleet.ts';

const FILE_SYSTEM = '6m';
const FILLER_BYTES = 2_000_000;
const TEST_MS = 60_000;

// A file system of its own, small and real; only the process and its children see it.
const script = `
  mount -t tmpfs -o size=${FILE_SYSTEM} tmpfs "$0"
  head -c ${FILLER_BYTES} /dev/zero > "$0/filler"
  exec "$@"`;

/** How to run something with mounts of its own, as root or as anybody. */
const unshare = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm'];

/** Creates znodes until one is refused; says how many there are, and why no more. */
async function fill(client: Client): Promise<{ kept: number; code: string }> {
  for (let kept = 0; ; kept += 1) {
    try {
      await client.create(`/n${kept}`, Buffer.alloc(64 * 1024, kept % 256));
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      if (error.code === 'not_read_only') return { kept, code: error.code };
      // The write that met the full disk is unknown; whether it is there, the next look tells.
      if ((await client.exists(`/n${kept}`)) === undefined) kept -= 1;
    }
  }
}

test(
  'a coordinator whose disk is full refuses writes and serves reads, and takes writes again when there is space',
  async () => {
    const directory = temporaryDirectory();
    const port = await freePort();
    const words = reeve('coordinator', '--data-dir', `${directory}/data`, '--port', `${port}`);
    const coordinator = await startProcess([...unshare, 'sh', '-ec', script, directory, ...words], {
      ready: /coordinator started/,
    });
    const client = await connect({ servers: `127.0.0.1:${port}` });
    const { kept, code } = await fill(client);
    expect(code).toBe('not_read_only');
    expect(kept).toBeGreaterThan(10);
    expect((await client.getData(`/n${kept - 1}`)).data).toEqual(Buffer.alloc(64 * 1024, (kept - 1) % 256));
    rmSync(`/proc/${coordinator.pid}/root${directory}/filler`);
    const writes = async () => client.create('/again-', null, { mode: 'persistent_sequential' });
    await eventually(writes, { what: 'writes are taken again', deadlineMs: 20_000 });
    await client.close();
    await coordinator.stop();
  },
  TEST_MS,
);
