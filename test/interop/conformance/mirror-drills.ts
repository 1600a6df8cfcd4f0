import { type Client, type Coordination, isFinal } from '@reeve/client';
import {
  ChildrenMirror,
  ensurePath,
  GroupMember,
  GroupView,
  type MirrorEvent,
  NodeMirror,
  TreeMirror,
} from '@reeve/recipes';
import { eventually } from '@reeve/testkit';
import { Drill, isExplained, pause, Rendezvous, type Turn, unlessStorm } from './drill.ts';
import { pick } from './storm.ts';

/** What follows znodes, and groups of members. */
export function mirrorDrills(): readonly Drill[] {
  return [new MirrorDrill(), new GroupDrill()];
}

/** How long a picture may take to be right when all is calm, milliseconds: less than a drill may take to stop. */
const RIGHT_MS_MAX = 6_000;

const names = ['a', 'b', 'c', 'd'];

/** Everybody changes a tree at random, and follows it; whose mirror lives when it is calm must be right. */
class MirrorDrill extends Drill {
  #events = 0;
  #compared = 0;

  constructor() {
    super({ claim: 'mirrors tell what follows from each other, and equal the tree in the end', root: '/mirrored' });
  }

  override get deeds(): number {
    return Math.min(this.#events, this.#compared);
  }

  override get keeps(): readonly string[] {
    const below = names.flatMap((one) => ['', ...names.map((other) => `/${other}`)].map((deep) => `/${one}${deep}`));
    return ['', ...below].map((path) => this.root + path);
  }

  override async play(turn: Turn): Promise<void> {
    const { client, over } = turn;
    const seen = this.#mirrors(turn);
    const mirrors = [seen.tree, seen.children, seen.node];
    const started = await unlessStorm(Promise.all(mirrors.map((mirror) => mirror.start({ signal: over }))));
    while (!over.aborted) {
      await unlessStorm(this.#change(turn));
      await pause(turn, 80);
    }
    if (started !== undefined) await this.#becomesRight(client, seen);
    await Promise.all(mirrors.map((mirror) => mirror.stop()));
  }

  override async finish(turn: Turn): Promise<void> {
    const seen = this.#mirrors(turn);
    const mirrors = [seen.tree, seen.children, seen.node];
    await ensurePath(turn.client, this.root);
    await Promise.all(mirrors.map((mirror) => mirror.start({ signal: turn.over })));
    await this.#becomesRight(turn.client, seen);
    await Promise.all(mirrors.map((mirror) => mirror.stop()));
  }

  #mirrors({ client, name }: Turn): Pictures {
    const tree = new TreeMirror(client, { root: this.root, data: 'kept' });
    return {
      tree,
      told: this.#listen(tree, name),
      children: new ChildrenMirror(client, { path: `${this.root}/a` }),
      node: new NodeMirror(client, { path: `${this.root}/b` }),
    };
  }

  /** Remembers which paths are there by what is told, and that each is told of in its turn. */
  #listen(tree: TreeMirror<'kept'>, name: string): ReadonlySet<string> {
    const there = new Set<string>();
    const wrong = (event: MirrorEvent<'kept'> & { path: string }) =>
      this.violated(`${name} is told that ${event.path} is ${event.kind}, out of turn`);
    tree.events.subscribe((event) => {
      this.#events += 1;
      if (!('path' in event)) return;
      if (there.has(event.path) === (event.kind === 'created')) wrong(event);
      if (event.kind === 'created') there.add(event.path);
      if (event.kind === 'deleted') there.delete(event.path);
    });
    return there;
  }

  async #change({ client, random, name }: Turn): Promise<void> {
    const path = [this.root, pick(names, random), pick(names, random)].slice(0, 2 + Math.floor(random() * 2)).join('/');
    const deed = random();
    const data = Buffer.from(`${name} ${deed}`);
    const work = async () => {
      if (deed < 0.5) await client.create(path, data);
      else if (deed < 0.75) await client.setData(path, data);
      else await client.delete(path);
    };
    await work().catch((error) => {
      if (isExplained(error)) throw error;
      if (error.code === 'no_node' && deed < 0.5) return client.create(this.root, null).catch(() => undefined);
    });
  }

  async #becomesRight(client: Client, seen: Pictures): Promise<void> {
    const isRight = async () => {
      if (isFinal(client.state)) return true;
      await client.sync(this.root);
      const there = await contents(client, this.root);
      return sameAs(seen, there, this.root);
    };
    try {
      await eventually(isRight, { what: 'the mirrors equal the tree', deadlineMs: RIGHT_MS_MAX });
      this.#compared += 1;
    } catch (error) {
      const { tree, children, node } = seen;
      const states = [tree, children, node].map(({ state }) => state).join();
      if (!isFinal(client.state)) this.violated(`mirrors (${states}) are wrong in the end: ${error}`);
    }
  }
}

interface Pictures {
  readonly tree: TreeMirror<'kept'>;
  readonly children: ChildrenMirror;
  readonly node: NodeMirror;
  /** The paths that follow from the events. */
  readonly told: ReadonlySet<string>;
}

/** Compares by text: what differs is looked for by people. */
function sameAs({ tree, children, node, told }: Pictures, there: ReadonlyMap<string, string>, root: string): boolean {
  const mirrored = [...tree.paths()].map((path) => [path, String(tree.get(path)?.data ?? '')]);
  const isTree = sorted(mirrored.map(String)) === sorted([...there].map(String));
  const isTold = sorted([...told]) === sorted([...there.keys()]);
  const below = [...there.keys()].filter((path) => path.startsWith(`${root}/a/`)).map((path) => path.split('/')[3]);
  const isChildren = sorted([...children.names]) === sorted(below as string[]);
  return isTree && isTold && isChildren && String(node.znode?.data ?? '') === (there.get(`${root}/b`) ?? '');
}

function sorted(lines: readonly string[]): string {
  return [...lines].sort().join('\n');
}

/** Every path from `root` on, with its data. */
async function contents(client: Coordination, root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const collect = async (path: string): Promise<void> => {
    found.set(path, String((await client.getData(path)).data ?? ''));
    for (const name of await client.getChildren(path)) await collect(`${path}/${name}`);
  };
  await collect(root);
  return found;
}

/** Everybody is a member and sees the others; somebody deletes members at times. */
class GroupDrill extends Drill {
  #joined = 0;
  readonly #present = new Rendezvous();
  readonly #seen = new Rendezvous();
  readonly #gone = new Rendezvous();

  constructor() {
    super({ claim: 'members that live are seen by all, and nobody else is', root: '/group' });
  }

  override get deeds(): number {
    return this.#joined;
  }

  override async play(turn: Turn): Promise<void> {
    const { client, over, random } = turn;
    const { member, view } = this.#membership(turn);
    member.events.subscribe(({ kind }) => {
      if (kind === 'joined') this.#joined += 1;
    });
    const started = await unlessStorm(
      Promise.all([member.start({ signal: over }), view.start({ signal: over })]).then(() => 'yes'),
    );
    while (!over.aborted && started !== undefined) {
      await unlessStorm(member.update(Buffer.from(String(random())), { signal: over }));
      const victim = pick([...view.members.keys()], random);
      if (victim !== undefined && random() < 0.2) await client.delete(`${this.root}/${victim}`).catch(() => undefined);
      await pause(turn, 300);
    }
    if (started !== undefined) await this.#isThere(client, member);
    await Promise.all([member.stop(), view.stop()]);
  }

  /** Whoever lives is a member again, however often somebody has deleted it. */
  async #isThere(client: Client, member: GroupMember): Promise<void> {
    const isThere = async () => {
      if (isFinal(client.state)) return true;
      await client.sync(this.root);
      return (await client.exists(member.path))?.ephemeralOwner === client.sessionId && member.state === 'joined';
    };
    await eventually(isThere, { what: `${member.path} is there again`, deadlineMs: RIGHT_MS_MAX }).catch((error) => {
      if (!isFinal(client.state)) this.violated(String(error));
    });
  }

  override async finish(turn: Turn): Promise<void> {
    const { client, over, parties } = turn;
    const { member, view } = this.#membership(turn);
    await member.start({ signal: over });
    await view.start({ signal: over });
    await this.#present.meet(turn);
    const all = () => view.members.size === parties && member.state === 'joined' && view.state === 'ready';
    await eventually(all, { what: `${turn.name} sees ${parties} members, not ${[...view.members.keys()]}` });
    await this.#seen.meet(turn);
    await member.stop();
    await this.#gone.meet(turn);
    await eventually(() => view.members.size === 0, { what: `${turn.name} sees all leave` });
    await view.stop();
    await client.sync(this.root);
  }

  #membership({ client, name }: Turn) {
    return {
      member: new GroupMember(client, { group: this.root, name, data: Buffer.from(name) }),
      view: new GroupView(client, { group: this.root }),
    };
  }
}
