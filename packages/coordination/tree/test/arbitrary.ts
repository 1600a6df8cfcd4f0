import { createFlags, openAcl, type SessionId } from '@reeve/wire';
import fc from 'fast-check';
import { only, sessionNumber, type Write } from './requests.ts';

/** A small world, so that requests meet each other. */
const path = fc.constantFrom('/a', '/b', '/a/x', '/a/y', '/b/x', '/a/x/1', '/a/x/2', '/a/s');
const version = fc.constantFrom(-1, -1, -1, 0, 1, 2);
const data = fc.option(fc.constantFrom('', 'one', 'two', 'ä€'), { nil: null }).map((text) => bytes(text));
const mode = fc.constantFrom(
  createFlags.persistent,
  createFlags.persistent,
  createFlags.ephemeral,
  createFlags.persistent_sequential,
  createFlags.ephemeral_sequential,
);

function bytes(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text);
}

const create = fc
  .tuple(path, data, mode)
  .map(([at, content, flags]): Write => ({ op: 'create', request: { path: at, data: content, acl: openAcl, flags } }));
const remove = fc.record({ path, version }).map((request): Write => ({ op: 'delete', request }));
const setData = fc.record({ path, data, version }).map((request): Write => ({ op: 'setData', request }));
const check = fc.record({ path, version }).map((request): Write => ({ op: 'check', request }));
const simple = fc.oneof(
  { weight: 4, arbitrary: create },
  { weight: 2, arbitrary: remove },
  { weight: 2, arbitrary: setData },
  { weight: 1, arbitrary: check },
);
const multi = fc
  .array(simple, { maxLength: 5 })
  .map(
    (writes) => ({ op: 'multi', request: writes.map(({ op, request }) => ({ op, ...request })) }) as unknown as Write,
  );

/** A write that the naive model knows too. */
export const modelledWrite: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: simple },
  { weight: 1, arbitrary: multi },
);

const acl = fc.constantFrom(openAcl, only('world', 'anyone', 1), only('digest', 'bob:x'));
const setAcl = fc.record({ path, acl, version }).map((request): Write => ({ op: 'setACL', request }));
const container = fc.tuple(path, data).map(
  ([at, content]): Write => ({
    op: 'createContainer',
    request: { path: at, data: content, acl: openAcl, flags: createFlags.container },
  }),
);
const mortal = fc.tuple(path, data).map(
  ([at, content]): Write => ({
    op: 'createTTL',
    request: { path: at, data: content, acl: openAcl, flags: createFlags.persistent_with_ttl, ttl: 50 },
  }),
);
const reap = fc.record({ path }).map((request): Write => ({ op: 'deleteContainer', request }));

// Quotas on a path, on one below it, and on one that may not be there; half of them get all that they need at once.
const quotaOn = fc.constantFrom('/zookeeper/quota/a', '/zookeeper/quota/a/x', '/zookeeper/quota/b');
const limits = fc.constantFrom('count=2,bytes=-1', 'count=-1,bytes=9=;byteHardLimit=4;countHardLimit=3', '').map(bytes);
const quotaZnode = fc
  .tuple(quotaOn, fc.constantFrom('', '/zookeeper_limits', '/zookeeper_stats'))
  .map(([on, name]) => on + name);

function createPlain(at: string, content: Buffer | null = null) {
  return { path: at, data: content, acl: openAcl, flags: 0 };
}

const quotaWhole = fc.tuple(quotaOn, limits).map(([on, text]): Write => {
  const made = [createPlain(on), createPlain(`${on}/zookeeper_limits`, text), createPlain(`${on}/zookeeper_stats`)];
  return { op: 'multi', request: made.map((request) => ({ op: 'create', ...request })) };
});
const quotaPart = fc.oneof(
  fc.tuple(quotaZnode, limits).map(([at, text]): Write => ({ op: 'create', request: createPlain(at, text) })),
  fc.tuple(quotaZnode, limits).map(
    ([at, text]): Write => ({
      op: 'setData',
      request: { path: at, data: text, version: -1 },
    }),
  ),
  quotaZnode.map((at): Write => ({ op: 'delete', request: { path: at, version: -1 } })),
);

/** Any write at all. */
export const anyWrite: fc.Arbitrary<Write> = fc.oneof(
  { weight: 6, arbitrary: modelledWrite },
  { weight: 1, arbitrary: setAcl },
  { weight: 1, arbitrary: container },
  { weight: 1, arbitrary: mortal },
  { weight: 1, arbitrary: reap },
  { weight: 1, arbitrary: quotaWhole },
  { weight: 1, arbitrary: quotaPart },
);

/** One of three sessions. */
const session: fc.Arbitrary<SessionId> = fc.constantFrom(1, 2, 3).map(sessionNumber);

/** What happens in a history: a write by a session, or a session that begins or ends. */
export type Happening =
  | { readonly kind: 'write'; readonly session: SessionId; readonly write: Write }
  | { readonly kind: 'begins' | 'ends'; readonly session: SessionId };

/** Something that happens. */
export function happening(write: fc.Arbitrary<Write>): fc.Arbitrary<Happening> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('write' as const), session, write }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('begins' as const, 'ends' as const), session }) },
  );
}
