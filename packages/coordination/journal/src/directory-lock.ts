import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf, messageOf } from '@reeve/base';
import { nodeDisk } from './disk.ts';
import { JournalError } from './journal-error.ts';

const namePattern = /^owner\.(\d+)\.[0-9a-f]+\.sock$/;
/** Unix sockets have short names: 108 bytes on Linux, 104 elsewhere. */
const socketPathBytesMax = 100;
const probeDeadlineMs = 2_000;
const deadCodes: ReadonlySet<string | undefined> = new Set(['ECONNREFUSED', 'ENOENT']);
const attempts = 5;
const pauseMs = 40;

/** A data directory that nobody else can use until `release`, or until this process is gone, however it dies. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes a data directory for this process.
 *
 * Each owner listens on a Unix socket of its own name in the directory, and looks for others only after that: of two that
 * start at once, at least one sees the other. A socket that nobody listens on belongs to a dead process, whatever its
 * process id is used for today.
 *
 * @throws JournalError `directory_locked`, `directory_unusable`
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await makeUsable(directory);
  for (let attempt = 1; ; attempt += 1) {
    const lock = await claim(directory);
    const holder = await otherOwner(directory, lock.name);
    if (holder === undefined) return lock;
    await lock.release();
    if (attempt === attempts) throw new JournalError({ code: 'directory_locked', directory, holder });
    // Two that start at once may both have given way: chance lets one be first.
    await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt * (0.5 + Math.random())));
  }
}

async function makeUsable(directory: string): Promise<void> {
  try {
    await nodeDisk.list(directory);
  } catch (error) {
    throw new JournalError({ code: 'directory_unusable', directory, reason: messageOf(error) }, { cause: error });
  }
}

async function claim(directory: string): Promise<DirectoryLock & { readonly name: string }> {
  const name = `owner.${process.pid}.${randomBytes(6).toString('hex')}.sock`;
  const server = createServer((socket) => socket.destroy());
  try {
    await withShortPath(directory, name, (path) => listen(server, path));
  } catch (error) {
    throw new JournalError({ code: 'directory_unusable', directory, reason: messageOf(error) }, { cause: error });
  }
  server.unref();
  return {
    name,
    async release() {
      await new Promise((resolve) => server.close(resolve));
      await rm(join(directory, name), { force: true });
    },
  };
}

/** The living owner besides `own`; sockets of the dead are cleared away. */
async function otherOwner(directory: string, own: string): Promise<string | undefined> {
  for (const name of await readdir(directory)) {
    const pid = namePattern.exec(name)?.[1];
    if (pid === undefined || name === own) continue;
    if (await withShortPath(directory, name, isAlive)) return `process ${pid}`;
    await rm(join(directory, name), { force: true });
  }
  return undefined;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', (error) => settle(!deadCodes.has(codeOf(error))));
    // Whoever does not answer in time is stopped or busy: a dead process's socket refuses at once.
    socket.setTimeout(probeDeadlineMs, () => settle(true));
  });
}

/** Reaches a long directory through a short link of its own, for as long as `use` takes. */
async function withShortPath<T>(directory: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const direct = join(directory, name);
  if (Buffer.byteLength(direct) <= socketPathBytesMax) return use(direct);
  const shelter = await mkdtemp(join(tmpdir(), 'reeve-'));
  try {
    await symlink(directory, join(shelter, 'd'));
    return await use(join(shelter, 'd', name));
  } finally {
    await rm(shelter, { recursive: true, force: true });
  }
}
