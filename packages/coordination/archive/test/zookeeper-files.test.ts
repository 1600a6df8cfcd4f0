import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { temporaryDirectory } from '@reeve/testkit';
import { aclList, openAcl, Writer } from '@reeve/wire';
import { adler32 } from '../src/zookeeper/adler32.ts';
import { readZooKeeperFiles } from '../src/zookeeper/data-files.ts';

/** The owner of a container, of a znode with a time to live of 2^32 + 5 ms, of an ephemeral, and of none. */
const owners = { container: '8000000000000000', ttl: 'ff00000100000005', ephemeral: '0100000a2b3c0000', none: '0' };

interface StoredZnode {
  readonly path: string;
  readonly owner: string;
  readonly czxid: number;
}

function putHex(writer: Writer, hex: string): void {
  writer.raw(Buffer.from(hex.padStart(16, '0'), 'hex'));
}

function snapshot(znodes: readonly StoredZnode[]): Buffer {
  const writer = new Writer();
  writer.raw(Buffer.from('ZKSN'));
  writer.int(2);
  writer.long(-1);
  writer.int(1);
  putHex(writer, owners.ephemeral);
  writer.int(30_000);
  writer.int(1);
  writer.long(1);
  aclList.encode(writer, openAcl);
  for (const { path, owner, czxid } of znodes) {
    writer.string(path);
    writer.buffer(Buffer.alloc(300, path));
    writer.long(1);
    for (const value of [czxid, czxid, 0, 0]) writer.long(value);
    for (let i = 0; i < 3; i += 1) writer.int(0);
    putHex(writer, owner);
    writer.long(czxid);
  }
  writer.string('/');
  writer.long(adler32(writer.view()));
  writer.string('/');
  return writer.take();
}

function record(zxid: number, type: number, body: (writer: Writer) => void): Buffer {
  const inner = new Writer();
  putHex(inner, owners.ephemeral);
  inner.int(1);
  inner.long(zxid);
  inner.long(0);
  inner.int(type);
  body(inner);
  const bytes = inner.take();
  const writer = new Writer();
  writer.long(adler32(bytes));
  writer.buffer(bytes);
  writer.raw(Buffer.from('B'));
  return writer.take();
}

function created(path: string, rest: (writer: Writer) => void): (writer: Writer) => void {
  return (writer) => {
    writer.string(path);
    writer.buffer(Buffer.from('d'));
    aclList.encode(writer, openAcl);
    rest(writer);
  };
}

const logHead = Buffer.from('5a4b4c47000000020000000000000000', 'hex');
const zeros = Buffer.alloc(64);
const root = { path: '', owner: owners.none, czxid: 0 };

function directoryOf(files: Readonly<Record<string, Buffer>>): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'version-2'));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, 'version-2', name), bytes);
  return directory;
}

function read(directory: string) {
  return readZooKeeperFiles({ dataDirectory: directory, logDirectory: directory });
}

test('the checksum of ZooKeeper is the one of RFC 1950, in pieces or at once', () => {
  expect(adler32(Buffer.from('Wikipedia'))).toBe(0x11e60398);
  const bytes = Buffer.alloc(100_000, 255);
  expect(adler32(bytes.subarray(70_001), adler32(bytes.subarray(0, 70_001)))).toBe(adler32(bytes));
});

describe("ZooKeeper's files", () => {
  const kinds = snapshot([
    root,
    { path: '/c', owner: owners.container, czxid: 2 },
    { path: '/t', owner: owners.ttl, czxid: 3 },
    { path: '/e', owner: owners.ephemeral, czxid: 4 },
    { path: '/p', owner: owners.none, czxid: 5 },
  ]);

  test.each([
    ['snapshot.5', kinds],
    ['snapshot.5.gz', gzipSync(kinds)],
  ])('tell the kind of each znode (%s)', async (name, bytes) => {
    const origins = await read(directoryOf({ [name]: bytes }));
    expect(['/', '/c', '/t', '/e', '/p', '/x'].map((path) => origins.get(path))).toEqual([
      { czxid: 0, lifetime: 'persistent', ttlMs: 0 },
      { czxid: 2, lifetime: 'container', ttlMs: 0 },
      { czxid: 3, lifetime: 'ttl', ttlMs: 2 ** 32 + 5 },
      { czxid: 4, lifetime: 'ephemeral', ttlMs: 0 },
      { czxid: 5, lifetime: 'persistent', ttlMs: 0 },
      undefined,
    ]);
  });

  test('are read on from the snapshot to the end of the log, half-written records and zeros apart', async () => {
    const head = record(
      5,
      1,
      created('/old', (writer) => {
        writer.bool(false);
        writer.int(1);
      }),
    );
    const log = Buffer.concat([
      logHead,
      head,
      record(
        6,
        21,
        created('/new', (writer) => {
          writer.int(1);
          writer.long(7_000);
        }),
      ),
      record(
        7,
        19,
        created('/box', (writer) => writer.int(2)),
      ),
      record(8, 2, (writer) => writer.string('/p')),
      record(9, 14, (writer) => {
        const part = new Writer();
        created('/both', (inner) => {
          inner.bool(true);
          inner.int(3);
        })(part);
        writer.int(2);
        writer.int(1);
        writer.buffer(part.take());
        writer.int(2);
        part.string('/c');
        writer.buffer(part.take());
      }),
      record(10, -11, (writer) => {
        writer.int(1);
        writer.string('/e');
      }),
      record(
        11,
        1,
        created('/torn', (writer) => {
          writer.bool(false);
          writer.int(1);
        }),
      ).subarray(0, 40),
      zeros,
    ]);
    const origins = await read(directoryOf({ 'snapshot.5': kinds, 'log.1': log }));
    expect(origins.lastZxid).toBe(10);
    expect(['/old', '/new', '/box', '/p', '/both', '/c', '/e', '/torn'].map((path) => origins.get(path))).toEqual([
      undefined,
      { czxid: 6, lifetime: 'ttl', ttlMs: 7_000 },
      { czxid: 7, lifetime: 'container', ttlMs: 0 },
      undefined,
      { czxid: 9, lifetime: 'ephemeral', ttlMs: 0 },
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('fall back to the snapshot before one that is still being written', async () => {
    const older = snapshot([root, { path: '/c', owner: owners.container, czxid: 2 }]);
    const files = { 'snapshot.5': kinds.subarray(0, 900), 'snapshot.2': older, 'log.1': logHead };
    expect((await read(directoryOf(files))).get('/c')).toMatchObject({ lifetime: 'container' });
  });

  test('are refused when they are damaged, or compressed with snappy', async () => {
    const changed = Buffer.from(kinds);
    changed[200] = (changed[200] as number) ^ 1;
    await expect(read(directoryOf({ 'snapshot.5': changed }))).rejects.toMatchObject({
      code: 'zookeeper_data_damaged',
    });
    await expect(read(directoryOf({ 'snapshot.5.snappy': kinds }))).rejects.toMatchObject({ code: 'format_unknown' });
    await expect(read(directoryOf({}))).rejects.toMatchObject({ code: 'directory_foreign' });
  });
});
