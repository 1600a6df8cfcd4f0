import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, startReeveCoordinator, startReeveEnsemble } from '@reeve/testkit';
import { CASE_DEADLINE_MS } from './foreign-cases.ts';
import { requireJava } from './java.ts';
import { ZooKeeperMain } from './zookeeper-main.ts';

requireJava();

/** Two people at two shells. */
type Who = 'ann' | 'bob';
/** A command, with what its output must contain and, after `never`, must not. */
type Typed = readonly [who: Who, command: string, prints: RegExp | readonly RegExp[], never?: RegExp];
/** An event that a watch must tell of. */
type Told = readonly [who: Who, event: string];

const nothing = /^\n*$/;
const anything = /(?:)/;
const noNode = /Node does not exist: /;
const refused = /(Insufficient permission|Authentication is not valid) : /;
const stat = [
  /^cZxid = 0x[0-9a-f]+$/m,
  /^ctime = \S.*$/m,
  /^mZxid = 0x[0-9a-f]+$/m,
  /^mtime = \S.*$/m,
  /^pZxid = 0x[0-9a-f]+$/m,
  /^cversion = \d+$/m,
  /^dataVersion = \d+$/m,
  /^aclVersion = \d+$/m,
  /^ephemeralOwner = 0x[0-9a-f]+$/m,
  /^dataLength = \d+$/m,
  /^numChildren = \d+$/m,
];

const creating: readonly Typed[] = [
  ['ann', 'create /t data', /^Created \/t$/m],
  ['ann', 'create /t', /Node already exists: \/t/],
  ['ann', 'create /t/x/y', /Node does not exist: \/t\/x\/y/],
  ['ann', 'create -e /t/e v', /^Created \/t\/e$/m],
  ['ann', 'create /t/e/k v', /Ephemerals cannot have children: \/t\/e\/k/],
  ['ann', 'create -s /t/s v', /^Created \/t\/s0000000001$/m],
  ['ann', 'create -s -e /t/s v', /^Created \/t\/s0000000002$/m],
  ['ann', 'create -c /t/c', /^Created \/t\/c$/m],
  ['ann', 'create -t 60000 /t/t v', /^Created \/t\/t$/m],
  ['ann', 'create -s -t 60000 /t/t v', /^Created \/t\/t0000000005$/m],
  ['ann', 'create /t/acl v world:anyone:cdra', /^Created \/t\/acl$/m],
  ['ann', 'create /t/bad v nosuch:x:cdrwa', /(is not valid|Acl is not valid) : \/t\/bad/],
];

const reading: readonly Typed[] = [
  ['ann', 'ls /t', /^\[acl, c, e, s0000000001, s0000000002, t, t0000000005\]$/m],
  ['ann', 'ls -s /t', [/^\[acl, /m, /^cZxid = 0x/m, /^numChildren = 7$/m, /^cversion = 7$/m]],
  ['ann', 'create /t/d', /^Created \/t\/d$/m],
  ['ann', 'create /t/d/k', /^Created \/t\/d\/k$/m],
  ['ann', 'ls -R /t/d', /^\/t\/d\n\/t\/d\/k$/m],
  ['ann', 'ls /t/none', noNode],
  ['ann', 'get /t', /^data$/m],
  ['ann', 'get -s /t', [/^data$/m, ...stat]],
  ['ann', 'get /t/d', /^null$/m],
  ['ann', 'get /t/none', noNode],
  ['ann', 'stat /t/e', /^ephemeralOwner = 0x[1-9a-f][0-9a-f]*$/m],
  ['ann', 'stat /t/t', [/^ephemeralOwner = 0x0$/m, /^dataLength = 1$/m]],
  ['ann', 'stat /t/c', /^ephemeralOwner = 0x0$/m],
  ['ann', 'stat /t', stat],
  ['ann', 'stat /t/none', noNode],
];

const changing: readonly Typed[] = [
  ['ann', 'set /t new', nothing],
  ['ann', 'get /t', /^new$/m],
  ['ann', 'set -v 1 /t v2', anything, /not valid/],
  ['ann', 'set -v 1 /t v3', /version No is not valid : \/t/],
  ['ann', 'set -s /t v4', /^dataVersion = 3$/m],
  ['ann', 'delete /t/d', /Node not empty: \/t\/d/],
  ['ann', 'delete -v 5 /t/d/k', /version No is not valid : \/t\/d\/k/],
  ['ann', 'delete -v 0 /t/d/k', nothing],
  ['ann', 'delete /t/none', noNode],
  ['ann', 'create /t/d/1', /^Created/m],
  ['ann', 'create /t/d/1/2', /^Created/m],
  ['ann', 'deleteall /t/d', anything, /exist/],
  ['ann', 'stat /t/d', noNode],
];

const watching: readonly (Typed | Told)[] = [
  ['bob', 'sync /t', /^Sync is OK$/m],
  ['bob', 'get -w /t', /^v4$/m],
  ['ann', 'set /t w1', nothing],
  ['bob', 'NodeDataChanged /t'],
  ['bob', 'ls -w /t', /^\[acl, /m],
  ['ann', 'create /t/w', /^Created/m],
  ['bob', 'NodeChildrenChanged /t'],
  ['bob', 'sync /t', /^Sync is OK$/m],
  ['bob', 'stat -w /t/w', /^dataVersion = 0$/m],
  ['ann', 'delete /t/w', nothing],
  ['bob', 'NodeDeleted /t/w'],
  ['bob', 'addWatch -m PERSISTENT_RECURSIVE /t', anything, /rror/],
  ['ann', 'create /t/w', /^Created/m],
  ['bob', 'NodeCreated /t/w'],
  ['ann', 'set /t/w x', nothing],
  ['bob', 'NodeDataChanged /t/w'],
  ['ann', 'delete /t/w', nothing],
  ['bob', 'NodeDeleted /t/w'],
  ['ann', 'create /t/w', /^Created/m],
  ['bob', 'NodeCreated /t/w'],
  ['ann', 'set /t/w x', nothing],
  ['bob', 'NodeDataChanged /t/w'],
  ['ann', 'delete /t/w', nothing],
  ['bob', 'NodeDeleted /t/w'],
  ['bob', 'removewatches /t', anything, /rror|not/],
  ['bob', 'addWatch -m PERSISTENT /t', anything, /rror/],
  ['ann', 'create /t/w', /^Created/m],
  ['bob', 'NodeChildrenChanged /t'],
  ['bob', 'removewatches /t/acl', /watch/i],
];

const permissions: readonly Typed[] = [
  ['ann', 'getAcl /t', [/^'world,'anyone$/m, /^: cdrwa$/m]],
  ['ann', 'getAcl -s /t', /^aclVersion = 0$/m],
  ['ann', 'addauth digest ann:pw', nothing],
  ['ann', 'create /t/own v auth:ann:pw:cdrwa', /^Created \/t\/own$/m],
  ['ann', 'getAcl /t/own', [/^'digest,'ann:[A-Za-z0-9+/]{27}=$/m, /^: cdrwa$/m]],
  ['bob', 'sync /t', /^Sync is OK$/m],
  ['bob', 'get /t/own', refused],
  ['bob', 'set /t/own x', refused],
  ['bob', 'delete /t/own', anything, /permission|valid/],
  ['ann', 'create /t/own v digest:ann:zzzzzzzzzzzzzzzzzzzzzzzzzzz=:r', /^Created/m],
  ['ann', 'setAcl -v 0 /t/acl world:anyone:r', anything, /valid|rror/],
  ['ann', 'getAcl /t/acl', /^'world,'anyone\n: r$/m],
  ['ann', 'setAcl /t/acl nosuch:x:r', /permission|valid/],
  ['ann', 'setAcl /t/acl world:anyone:cdrwa', refused],
  ['ann', 'set /t/acl q', refused],
  ['bob', 'whoami', /^ip: 127\.0\.0\.1$/m, /digest/],
  ['ann', 'whoami', [/^digest: ann$/m, /^ip: 127\.0\.0\.1$/m]],
];

const surveying: readonly Typed[] = [
  ['ann', 'getAllChildrenNumber /t', /^\d+$/m],
  ['ann', 'getEphemerals /t', /^\[.*\/t\/e.*\]$/m],
  ['bob', 'getEphemerals', /^\[\]$/m],
  ['ann', 'version', /^ZooKeeper CLI version: 3\./m],
  ['ann', 'ls /zookeeper', /^\[config, quota\]$/m],
  ['ann', 'delete /zookeeper', /arguments|not empty|valid/i],
];

const quotas: readonly Typed[] = [
  ['ann', 'create /t/q', /^Created/m],
  ['ann', 'listquota /t/q', [/^absolute path is \/zookeeper\/quota\/t\/q\/zookeeper_limits$/m, /does not exist/]],
  ['ann', 'setquota -n 3 /t/q', anything, /exception/i],
  ['ann', 'setquota -b 1000 /t/q', anything, /exception/i],
  [
    'ann',
    'listquota /t/q',
    [/^Output quota for \/t\/q count=3,bytes=1000/m, /^Output stat for \/t\/q count=1,bytes=0/m],
  ],
  ['ann', 'create /t/q/1 12345', /^Created/m],
  ['ann', 'create /t/q/2 123', /^Created/m],
  ['ann', 'listquota /t/q', /^Output stat for \/t\/q count=3,bytes=8/m],
  ['ann', 'create /t/q/3 x', /^Created/m],
  ['ann', 'ls -R /zookeeper/quota/t/q', [/\/zookeeper_limits$/m, /\/zookeeper_stats$/m]],
  ['ann', 'setquota -n 3 /t/q/1', /quota/i],
  ['ann', 'delquota /t/q', anything, /exception/i],
  ['ann', 'listquota /t/q', /does not exist/],
];

/** A leader counts what it has applied itself, and another member may be quicker: the next write is then let through. */
const hardQuotas: readonly Typed[] = [
  ['ann', 'create /t/h', /^Created/m],
  ['ann', 'setquota -N 2 /t/h', anything, /exception/i],
  ['ann', 'create /t/h/1 x', /^Created/m],
  ['ann', 'create /t/h/2 x', /quota.*exceed|exceed.*quota/i],
  ['ann', 'setquota -B 3 /t/h', anything, /exception/i],
  ['ann', 'set /t/h/1 xxxxxx', /quota.*exceed|exceed.*quota/i],
  ['ann', 'set /t/h/1 xx', anything, /quota/i],
];

const joining = 'server.9=127.0.0.1:1:2:observer;3';

const standingAlone: readonly Typed[] = [
  ['ann', 'config', anything, /server\.1|rror/],
  ['ann', `reconfig -add ${joining}`, /\S/],
];

const members = [1, 2, 3].map(
  (id) => new RegExp(`^server\\.${id}=127.0.0.1:\\d+:\\d+:participant;127.0.0.1:\\d+$`, 'm'),
);

const reconfiguring: readonly (Typed | Told)[] = [
  ['ann', 'config', [...members, /^version=[0-9a-f]+$/m]],
  ['ann', 'config -c', /^[0-9a-f]+ 127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+$/m],
  ['bob', 'config -s', [/^version=/m, /^dataVersion = -?\d+$/m]],
  ['ann', `reconfig -add ${joining}`, refused],
  ['bob', 'addauth digest super:test', nothing],
  ['bob', 'reconfig -add some-thing', /Arguments|arguments|valid/],
  ['bob', `reconfig -v 77 -add ${joining}`, /version No is not valid/],
  ['ann', 'config -w', members],
  ['bob', `reconfig -add ${joining}`, [/^Committed new configuration:$/m, /^server\.9=127\.0\.0\.1:1:2:observer;/m]],
  ['ann', 'NodeDataChanged /zookeeper/config'],
  ['ann', 'sync /', /^Sync is OK$/m],
  ['ann', 'config', /^server\.9=127\.0\.0\.1:1:2:observer;/m],
  ['bob', 'reconfig -remove 9', members, /server\.9/],
  ['bob', 'config', members, /server\.9/],
];

const chapters = { creating, reading, changing, watching, permissions, surveying, quotas };

function stepsOf(all: Readonly<Record<string, readonly (Typed | Told)[]>>) {
  return Object.entries(all).flatMap(([chapter, steps]) =>
    steps.map((step, i) => ({
      step,
      title: `${chapter} ${i + 1}: ${step[0]} ${step.length === 2 ? 'hears' : 'types'} ${step[1]}`,
    })),
  );
}

const settings = { tickMs: 2_000, config: ['reconfigEnabled=true', 'enforceQuota=true'] };

describe.each([
  {
    name: 'a coordinator',
    steps: stepsOf({ ...chapters, hardQuotas, standingAlone }),
    places: async () => {
      const { address } = await startReeveCoordinator(settings);
      return { ann: address, bob: address };
    },
  },
  {
    name: 'an ensemble, two members',
    steps: stepsOf({ ...chapters, reconfiguring }),
    places: async () => {
      const [first, second] = (await startReeveEnsemble(settings)).members;
      return { ann: first?.address ?? '', bob: second?.address ?? '' };
    },
  },
])("ZooKeeper's own shell, with $name of Reeve as the server:", ({ steps, places }) => {
  let address: string;
  let shells: Readonly<Record<Who, ZooKeeperMain>>;

  beforeAll(async () => {
    const at = await places();
    const [ann, bob] = await Promise.all([ZooKeeperMain.start(at.ann), ZooKeeperMain.start(at.bob)]);
    address = at.ann;
    shells = { ann, bob };
  }, CASE_DEADLINE_MS);

  test.each(steps)(
    '$title',
    async ({ step: [who, said, prints, never] }) => {
      if (prints === undefined) return shells[who].hear(said);
      const printed = await shells[who].ask(said);
      for (const pattern of [prints].flat()) expect(printed).toMatch(pattern);
      if (never !== undefined) expect(printed).not.toMatch(never);
    },
    CASE_DEADLINE_MS,
  );

  test(
    'what was ephemeral goes when ann quits',
    async () => {
      await shells.ann.quit();
      const gone = async () => noNode.test(await shells.bob.ask('stat /t/e'));
      await eventually(gone, { what: 'the ephemeral znode is gone' });
    },
    CASE_DEADLINE_MS,
  );

  test.each([
    ['succeeds with what was created', ['create', '/one', 'hi'], 0, /^Created \/one$/m],
    ['succeeds with what was asked for', ['get', '/one'], 0, /^hi$/m],
    ['fails for a znode that is not there', ['get', '/two'], 1, noNode],
  ])('a command on the command line %s', async (_, command, code, prints) => {
    expect(await ZooKeeperMain.once(address, ...command)).toEqual({
      code,
      printed: expect.stringMatching(prints),
    });
  });

  test('a path in the address is the root', async () => {
    const { printed } = await ZooKeeperMain.once(`${address}/one`, 'ls', '/');
    expect(printed).toMatch(/^\[\]$/m);
  });
});
