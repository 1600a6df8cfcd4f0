import { beforeAll, expect, test } from '@jest/globals';
import { type Ensemble, type EnsembleMember, type EnsembleOptions, eventually, type PeerNetwork } from '@reeve/testkit';

/** How long members may look for each other, milliseconds: Apache's wait out `initLimit`, some of them twice. */
export const STEP_MS_MAX = 60_000;
export const TEST_MS_MAX = 3 * STEP_MS_MAX;

/** What every ensemble does when its members and its network fail, as tests. Gives the ensemble, for further ones. */
export function ensembleCases(start: (options: EnsembleOptions) => Promise<Ensemble>): () => Ensemble {
  let ensemble: Ensemble;
  let network: PeerNetwork;

  beforeAll(async () => {
    ensemble = await start({ observers: 1, network: 'breakable' });
    network = ensemble.network as PeerNetwork;
  }, TEST_MS_MAX);

  test(
    'one member leads, the others follow, and the observer observes',
    async () => {
      const inPlace = async () => {
        const modes = await Promise.all(ensemble.members.map(async (member) => (await member.standing())?.mode));
        return modes[3] === 'observer' && modes.toSorted().join() === 'follower,follower,leader,observer';
      };
      await eventually(inPlace, { what: 'everybody has their place', deadlineMs: STEP_MS_MAX });
    },
    TEST_MS_MAX,
  );

  test(
    'a killed leader is replaced and comes back as a follower',
    async () => {
      const first = await ensemble.leader();
      await first.kill();
      const second = await ensemble.leader();
      expect(second).not.toBe(first);
      await first.start();
      await becomes(first, 'follower');
    },
    TEST_MS_MAX,
  );

  test(
    'a leader that is cut off is replaced, and follows when the network has healed',
    async () => {
      const first = await ensemble.leader();
      await network.isolate(first.id);
      await becomes(first, 'nothing');
      const second = await ensemble.leader();
      expect(second).not.toBe(first);
      await network.heal();
      await becomes(first, 'follower');
    },
    TEST_MS_MAX,
  );

  return () => ensemble;
}

/** Waits until a member says that it is this; `nothing` when it does not serve. */
export function becomes(member: EnsembleMember, mode: string): Promise<unknown> {
  const is = async () => ((await member.standing())?.mode ?? 'nothing') === mode;
  return eventually(is, { what: `${member.name} becomes ${mode}`, deadlineMs: STEP_MS_MAX });
}
