import { counterOf, type EnsembleMember, epochOf, type MemberId, type Membership } from '@reeve/zab';
import type { CoordinatorFacts } from './coordinator-facts.ts';
import { zabState } from './ensemble-values.ts';
import type { LinkFacts } from './peers/link-traffic.ts';
import { type Place, placeOf } from './peers/place.ts';

/** A member and where it is reached; nowhere when its place is in no form that is understood. */
export interface PlacedMember {
  readonly id: MemberId;
  readonly role: EnsembleMember['role'];
  readonly place: Place | undefined;
}

/** An observer that has caught up, as its leader sees it. */
export interface ObserverReport {
  readonly id: MemberId;
  /** The last zxid that it has acknowledged. */
  readonly zxid: number;
  readonly link: LinkFacts | undefined;
}

/** What a member of several says of agreement. */
export interface AgreementReport {
  readonly own: PlacedMember;
  readonly leader: PlacedMember | undefined;
  readonly isLeader: boolean;
  /** `election`, `discovery`, `synchronization` or `broadcast`. */
  readonly zabState: string;
  /** The last one in its log, and its parts. */
  readonly lastZxid: number;
  readonly epoch: number;
  readonly counter: number;
  /** Where this member takes clients without TLS, if it does. */
  readonly client: Place['client'];
  readonly participants: readonly PlacedMember[];
  /** Of a leader. */
  readonly observers: readonly ObserverReport[];
}

/** What a member says of agreement; nothing when it is alone. */
export function agreementReport({ config, ports, status, links }: CoordinatorFacts): AgreementReport | undefined {
  if (config.ensemble === undefined) return undefined;
  const { id } = config.ensemble;
  const { membership, leader, role, phase, lastLogged, learners } = status.zab;
  const participants = membership.members.filter((member) => member.role === 'participant');
  const observers = learners.filter((learner) => learner.role === 'observer' && learner.phase === 'caught_up');
  return {
    own: placedOf(id, membership) ?? { id, role: 'observer', place: undefined },
    leader: leader === undefined ? undefined : placedOf(leader, membership),
    isLeader: role === 'leading' && phase === 'serving',
    zabState: zabState(status.zab),
    lastZxid: lastLogged,
    epoch: epochOf(lastLogged),
    counter: counterOf(lastLogged),
    client:
      ports.port === undefined ? undefined : { host: config.host === '*' ? undefined : config.host, port: ports.port },
    participants: participants.map(placed),
    observers: observers.map(({ member, ackedZxid }) => {
      const link = links.find(({ peer, origin }) => peer === member && origin === 'accepted');
      return { id: member, zxid: ackedZxid, link };
    }),
  };
}

function placedOf(id: MemberId, { members }: Membership): PlacedMember | undefined {
  const member = members.find((one) => one.id === id);
  return member && placed(member);
}

function placed({ id, role, place }: EnsembleMember): PlacedMember {
  return { id, role, place: placeOf(place) };
}
