import type { DiskMood } from './disk.ts';
import type { Member } from './member.ts';
import type { Deed, DeedName } from './plan.ts';
import { type Wish, wishes } from './requests.ts';
import type { World } from './world.ts';

type Doing = (world: World, args: readonly string[]) => void;

/** Does what a deed says; what cannot be done just now is left out, so that any part of a plan is a plan. */
export function perform(world: World, { name, args }: Deed): void {
  doings[name](world, args);
}

const doings: Readonly<Record<DeedName, Doing>> = {
  crash: (world, [who, before]) => memberOf(world, who)?.kill(before === undefined ? undefined : Number(before)),
  start: (world, [who]) => memberOf(world, who)?.start(),
  pause: (world, [who]) => memberOf(world, who)?.pause(),
  resume: (world, [who]) => {
    for (const member of who === 'all' ? world.members.values() : [memberOf(world, who)]) member?.resume();
  },
  jump: (world, [who, ms]) => memberOf(world, who)?.jump(Number(ms)),
  block: (world, [from, to]) => {
    for (const a of placesOf(world, from)) for (const b of placesOf(world, to)) if (a !== b) world.network.block(a, b);
  },
  heal: (world) => world.network.heal(),
  reset: (world, [a, b]) => world.network.reset(Number(a), Number(b)),
  weather: (world, [lost, doubled, delayMs]) => {
    world.network.weather = { lost: Number(lost), doubled: Number(doubled), delayMs: Number(delayMs) };
  },
  disk: (world, [who, mood]) => {
    const member = memberOf(world, who);
    // Nobody starts on a disk that refuses.
    if (mood !== 'failing' || member?.isUp === true) member?.disk.become(mood as DiskMood);
  },
  snapshot: (world, [who]) => memberOf(world, who)?.takeSnapshot(),
  ask: (world, [who = '', wish, path = '']) => {
    if (wishes.includes(wish as Wish)) world.clients.get(who)?.wish(wish as Wish, path);
  },
  close: (world, [who = '']) => world.clients.get(who)?.close(),
  move: (world, [who = '', to]) => world.clients.get(who)?.move(to === undefined ? undefined : Number(to)),
  reconfigure: (world, [who = '', member, role]) => {
    world.clients.get(who)?.reconfigure(Number(member), role as 'participant' | 'observer' | 'none');
  },
  leave: (world, [who = '']) => world.clients.get(who)?.leave(),
};

/** A member by its id, or `leader`: the one that leads now, or else the first. */
function memberOf(world: World, who: string | undefined): Member | undefined {
  if (who === 'leader') return world.leader ?? world.members.get(1);
  return world.members.get(Number(who));
}

/** Places by the id of a member, a client's name, or several with commas between them. */
function placesOf(world: World, who: string | undefined): number[] {
  return (who ?? '').split(',').flatMap((word) => {
    if (word === 'leader') return memberOf(world, word)?.id ?? [];
    return world.clients.get(word)?.place ?? Number(word);
  });
}
