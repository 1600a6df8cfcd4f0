import { invariant } from '@reeve/base';
import type { ScenarioCommand } from '@reeve/testkit';
import type { EnsembleMember, Membership, Zab } from '@reeve/zab';
import { type TestMember, TestNetwork } from './network.ts';
import { zxidText } from './test-host.ts';

/** The network of one scenario file. */
export class Stage {
  #network = new TestNetwork({ version: 0, members: [] });

  /** Does what a command says, and tells what was seen. */
  perform({ name, args, input }: ScenarioCommand): string {
    const words = [...args.keys()];
    switch (name) {
      case 'ensemble':
        return this.#ensemble(args, input);
      case 'start':
        for (const id of words) this.#network.start(this.#member(id));
        return this.#told();
      case 'run':
        this.#network.run(Number(words[0] ?? 0));
        return this.#told();
      case 'propose':
        for (const payload of words.slice(1)) this.#network.propose(this.#member(words[0]), payload);
        return this.#told();
      case 'reconfigure':
        this.#network.propose(this.#member(args.get('by')), 'change', membershipIn(args));
        return this.#told();
      case 'join':
        this.#network.start(this.#network.add(Number(words[0]), membershipIn(args)));
        return this.#told();
      case 'confirm':
        (this.#member(args.get('by')).zab as Zab).confirm(Number(args.get('token')));
        this.#network.perform(this.#member(args.get('by')));
        return this.#told();
      case 'say':
        return this.#say(words);
      case 'crash':
        for (const id of words) this.#network.crash(this.#member(id));
        return this.#told();
      case 'persist':
        this.#network.persist(this.#member(words[0]), Number(args.get('count') ?? Number.POSITIVE_INFINITY));
        return this.#told();
      case 'hold':
        for (const id of words) this.#network.heldDisks.add(Number(id));
        return this.#told();
      case 'release':
        for (const id of words) this.#network.heldDisks.delete(Number(id));
        return this.#told();
      case 'deaf':
        this.#network.deaf.add(Number(words[0]));
        return this.#told();
      case 'hearing':
        this.#network.deaf.clear();
        return this.#told();
      case 'fail':
        this.#network.failDisk(this.#member(words[0]));
        return this.#told();
      case 'recover':
        this.#network.step(this.#member(words[0]), { kind: 'journal_recovered' });
        return this.#told();
      case 'compact':
        for (const id of words) compact(this.#member(id));
        return this.#told();
      case 'partition':
        this.#network.partition(input.map((line) => line.split(' ').map(Number)));
        return this.#told();
      case 'heal':
        this.#network.partition([[...this.#network.members.keys()]]);
        return this.#told();
      case 'status':
        return [...this.#network.members.values()].map((member) => statusOf(member)).join('\n');
      case 'disks':
        return [...this.#network.members.values()].map((member) => diskOf(member)).join('\n');
      default:
        return `there is no command ${name}`;
    }
  }

  #ensemble(args: ReadonlyMap<string, string>, input: readonly string[]): string {
    const members = [...args].filter(([, value]) => value === '').map(([word]) => word);
    const options = [...args].filter(([, value]) => value !== '').map(([key, value]) => [key, Number(value)]);
    this.#network = new TestNetwork(membershipOf(members), Object.fromEntries(options));
    for (const line of input) {
      const [id = '', epoch = '', ...entries] = line.split(' ');
      const { disk } = this.#member(id);
      if (epoch !== '-') disk.epochs = { acceptedEpoch: Number(epoch), currentEpoch: Number(epoch) };
      disk.log = entries.map((entry) => ({ zxid: zxidOf(entry), payload: Buffer.from(`old${entry}`) }));
    }
    return '';
  }

  #say([from = '', to = '', text = '']: readonly string[]): string {
    const member = this.#member(from);
    const zab = member.zab as Zab;
    const writer = zab.carry(Number(to));
    if (writer === undefined) return 'there is no link';
    writer.string(text);
    zab.endCarry();
    this.#network.perform(member);
    return this.#told();
  }

  #member(id = ''): TestMember {
    return this.#network.member(Number(id));
  }

  #told(): string {
    const lines = this.#network.notes.splice(0).map((note) => `  ${note}`);
    for (const { id, host } of this.#network.members.values()) {
      const told = host.told.splice(0);
      if (told.length > 0) lines.push(`${id} ${told.join(', ')}`);
    }
    return lines.join('\n') || 'nothing';
  }
}

function membershipIn(args: ReadonlyMap<string, string>): Membership {
  return membershipOf((args.get('members') ?? '').split(' '));
}

/** `1 2 3o`: an observer has an o behind its number. */
function membershipOf(words: readonly string[]): Membership {
  const members = words.map((word): EnsembleMember => {
    const id = Number.parseInt(word, 10);
    return { id, role: word.endsWith('o') ? 'observer' : 'participant', place: `member${id}:2888:3888` };
  });
  return { version: 0, members };
}

function zxidOf(text: string): number {
  const [epoch = '', counter = ''] = text.split('.');
  return Number(epoch) * 2 ** 32 + Number(counter);
}

function statusOf({ id, zab, host }: TestMember): string {
  if (zab === undefined) return `${id} is down`;
  const status = zab.status(0);
  const { role, phase, leader, epoch, acceptedEpoch, lastLogged, lastCommitted } = status;
  const learners = status.learners.map(
    (learner) => `${learner.member} ${learner.role} ${learner.phase} ${zxidText(learner.ackedZxid)}`,
  );
  return [
    `${id} ${role} ${phase} leader=${leader} epoch=${epoch} accepted=${acceptedEpoch} logged=${zxidText(lastLogged)}`,
    `committed=${zxidText(lastCommitted)} applied=${zxidText(host.applied)}`,
    ...(learners.length > 0 ? [`[${learners.join('; ')}]`] : []),
  ].join(' ');
}

function diskOf({ id, disk }: TestMember): string {
  const { snapshot, log, pending, epochs } = disk;
  const entries = log.map(({ zxid }) => zxidText(zxid)).join(' ');
  return `${id} epochs=${epochs?.acceptedEpoch}/${epochs?.currentEpoch} snapshot=${zxidText(snapshot.zxid)} log=${entries} pending=${pending.length}`;
}

/** Turns what is applied into a snapshot, so that it is not in the log of the next start. */
function compact({ disk, host }: TestMember): void {
  invariant(host.applied > 0, 'something was applied');
  disk.snapshot = { zxid: host.applied, state: new Map(host.state) };
  disk.log = disk.log.filter(({ zxid }) => zxid > host.applied);
}
