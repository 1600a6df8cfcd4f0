import {
  type Acl,
  connectRequest,
  type MultiPart,
  noSession,
  type OpName,
  openAcl,
  ops,
  type RequestOf,
  requestHeader,
  sessionIdOf,
  specialXids,
  Writer,
} from '@reeve/wire';

type Random = () => number;

const names = ['a', 'b', 'c', 'ä€', 'x'.repeat(200)];
const oddPaths = [
  '',
  '/',
  '//',
  '/f/',
  '/f/../f',
  'f',
  '/f\0',
  '/f/\ud800',
  '/zookeeper',
  '/zookeeper/config',
  '/zookeeper/quota',
];
const versions = [-1, -1, -1, 0, 1, 2, 0x7fffffff, -0x80000000];
const opNames = Object.keys(ops) as OpName[];
const largeData = Buffer.alloc(100_000, 7);

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[Math.floor(random() * choices.length)] as T;
}

function several<T>(max: number, random: Random, make: () => T): T[] {
  return Array.from({ length: Math.floor(random() * (max + 1)) }, make);
}

/** Mostly in a small world of their own, so that requests meet each other. */
function path(random: Random): string {
  if (random() < 0.05) return pick(oddPaths, random);
  return `/f${several(4, random, () => `/${pick(names, random)}`).join('')}`;
}

function data(random: Random): Buffer | null {
  const dice = random();
  if (dice < 0.1) return null;
  if (dice < 0.12) return largeData;
  return Buffer.alloc(Math.floor(random() * 100), Math.floor(random() * 256));
}

function acl(random: Random): readonly Acl[] {
  if (random() < 0.9) return openAcl;
  const scheme = pick(['world', 'auth', 'digest', 'ip', 'x509', 'sasl', 'none', ''], random);
  const id = pick(['anyone', '', 'user:hash', '127.0.0.1', '10.0.0.0/8', '::1', '1.2.3.4/99'], random);
  return several(3, random, () => ({ perms: Math.floor(random() * 64), id: { scheme, id } }));
}

function createFields(random: Random): RequestOf<'createTTL'> {
  const flags = random() < 0.8 ? pick([0, 0, 0, 1], random) : Math.floor(random() * 12) - 3;
  return {
    path: path(random),
    data: data(random),
    acl: acl(random),
    flags,
    ttl: pick([0, -1, 1, 100, 2 ** 39], random),
  };
}

function part(random: Random): MultiPart {
  const op = pick(['create', 'create2', 'createContainer', 'createTTL', 'delete', 'setData', 'check'] as const, random);
  return { op, ...createFields(random), version: pick(versions, random) } as MultiPart;
}

function paths(random: Random): string[] {
  return several(random() < 0.02 ? 3_000 : 5, random, () => path(random));
}

/** The fields of any request; each operation takes those that it knows. */
function anyFields(op: OpName, random: Random): unknown {
  if (op === 'multi') return several(random() < 0.05 ? 500 : 5, random, () => part(random));
  if (op === 'multiRead') {
    return several(20, random, () => ({
      op: pick(['getData', 'getChildren'], random),
      path: path(random),
      watch: false,
    }));
  }
  if (op === 'setWatches' || op === 'setWatches2') return watchLists(random);
  if (op === 'reconfig') return { joiningServers: '', leavingServers: '', newMembers: path(random), curConfigId: -1 };
  return {
    ...createFields(random),
    version: pick(versions, random),
    watch: random() < 0.5,
    type: pick([0, 1, 2, 3, 4, -1, 99], random),
    mode: pick([0, 1, 2, -1], random),
    scheme: pick(['digest', 'digest', 'ip', 'x509', 'sasl', 'super', ''], random),
    auth: data(random),
    token: data(random),
    prefixPath: path(random),
  };
}

function watchLists(random: Random): RequestOf<'setWatches2'> {
  return {
    relativeZxid: pick([0, -1, 5, 2 ** 40], random),
    dataWatches: paths(random),
    existWatches: paths(random),
    childWatches: paths(random),
    persistentWatches: paths(random),
    persistentRecursiveWatches: paths(random),
  };
}

function xidOf(op: OpName, xid: number): number {
  if (op === 'ping') return specialXids.ping;
  if (op === 'auth') return specialXids.auth;
  return op === 'setWatches' || op === 'setWatches2' ? specialXids.setWatches : xid;
}

/** A whole frame with any request that a client could send. Few of them end a session. */
export function anyRequest(xid: number, random: Random): Buffer {
  let op = pick(opNames, random);
  if (op === 'closeSession' || op === 'createSession') op = random() < 0.1 ? op : 'getData';
  const writer = new Writer();
  const frame = writer.beginFrame();
  requestHeader.encode(writer, { xid: xidOf(op, xid), type: ops[op].code });
  (ops[op].request as { encode(writer: Writer, value: unknown): void }).encode(writer, anyFields(op, random));
  writer.endFrame(frame);
  return writer.take();
}

/** The first frame of a client. */
export function handshake(random: Random): Buffer {
  const writer = new Writer();
  const frame = writer.beginFrame();
  const timeoutMs = pick([0, 1, 10_000, -1, 0x7fffffff], random);
  const odd = random() < 0.05;
  connectRequest.encode(writer, {
    protocolVersion: odd ? 77 : 0,
    lastZxidSeen: odd ? 2 ** 40 : 0,
    timeoutMs,
    sessionId: odd ? sessionIdOf(0, 0xdeadbeef) : noSession,
    password: odd ? null : Buffer.alloc(16),
    readOnly: pick([true, false, undefined], random),
  });
  writer.endFrame(frame);
  return writer.take();
}

/** What becomes of a frame on its way: most often something small, which gets deep into the server. */
const mutations: readonly ((frame: Buffer, random: Random) => Buffer)[] = [
  flipped,
  flipped,
  (frame, random) => frame.subarray(0, Math.floor(random() * frame.length)),
  (frame, random) => withLength(frame, frame.length - 4 + Math.floor(random() * 64) - 32),
  (frame, random) => withLength(frame, pick([-1, -0x80000000, 0x7fffffff, 0xfffff, 0x100000, 0], random)),
  (frame, random) =>
    withType(
      frame,
      pick(
        opNames.map((name) => ops[name].code),
        random,
      ),
    ),
  (frame, random) => withType(frame, Math.floor(random() * 2 ** 32) | 0),
  (frame, random) => withLength(Buffer.concat([frame, noise(50, random)]), frame.length - 4 + 50),
  (frame, random) => Buffer.concat([frame.subarray(0, 12), noise(Math.max(0, frame.length - 12), random)]),
  (_frame, random) => noise(Math.floor(random() * 2_000), random),
];

/** A frame that is not as it was. */
export function mutated(frame: Buffer, random: Random): Buffer {
  return pick(mutations, random)(Buffer.from(frame), random);
}

/** Bits of the body, whose meaning changes while its length stays true. */
function flipped(frame: Buffer, random: Random): Buffer {
  for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips -= 1) {
    const at = 4 + Math.floor(random() * Math.max(1, frame.length - 4));
    if (at < frame.length) frame[at] = (frame[at] as number) ^ (1 << Math.floor(random() * 8));
  }
  return frame;
}

function withLength(frame: Buffer, length: number): Buffer {
  frame.writeInt32BE(length, 0);
  return frame;
}

function withType(frame: Buffer, code: number): Buffer {
  if (frame.length >= 12) frame.writeInt32BE(code, 8);
  return frame;
}

function noise(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}
