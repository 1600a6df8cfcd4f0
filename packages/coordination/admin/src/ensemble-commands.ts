import type { CoordinatorReport, ObserverReport, Place, PlacedMember } from '@reeve/server';
import type { CommandFields } from './command-fields.ts';

type Address = { readonly host: string | undefined; readonly port: number } | undefined;

/** `leader`: whether it leads, and who does. */
export function leader(report: CoordinatorReport): CommandFields {
  const agreement = report.agreement();
  if (agreement === undefined) return { error: 'server is not initialized' };
  return {
    is_leader: agreement.isLeader,
    leader_id: agreement.leader?.id ?? -1,
    leader_ip: agreement.leader?.place?.host ?? '',
  };
}

/** `observers`: who follows this leader without a vote. */
export function observers(report: CoordinatorReport): CommandFields {
  const known = report.agreement()?.observers ?? [];
  return { synced_observers: known.length, observers: known.map(observer) };
}

/** What ZooKeeper has under `requests` is not counted. */
function observer({ id, zxid, link }: ObserverReport): CommandFields {
  return {
    remote_socket_address: link === undefined ? '' : `/${addressText({ host: link.address, port: link.port })}`,
    sid: id,
    established: link?.sinceMs ?? 0,
    queued_packets: link?.waitingWrites ?? 0,
    queued_packets_size: link?.waitingBytes ?? 0,
    packets_received: link?.traffic.received ?? 0,
    packets_sent: link?.traffic.sent ?? 0,
    last_zxid: zxid,
  };
}

/** `voting_view`: who votes, and where they are. */
export function votingView(report: CoordinatorReport): CommandFields {
  const participants = report.agreement()?.participants ?? [];
  return { current_config: Object.fromEntries(participants.map((member) => [member.id, voter(member)])) };
}

function voter({ role, place }: PlacedMember): CommandFields {
  const listed = (address: Address) => (address === undefined ? [] : [addressText(address)]);
  return {
    server_addresses: listed(peerAddress(place)),
    election_addresses: listed(electionAddress(place)),
    client_address: addressText(place?.client),
    learner_type: role,
  };
}

/** `zabstate`: what this member is to agreement, and how far. */
export function zabState(report: CoordinatorReport): CommandFields {
  const agreement = report.agreement();
  if (agreement === undefined) return { voting: false, zabstate: '' };
  const { own, client } = agreement;
  return {
    myid: own.id,
    is_leader: agreement.isLeader,
    quorum_address: addresses(peerAddress(own.place)),
    election_address: addresses(electionAddress(own.place)),
    client_address: addressText(client),
    voting: own.role === 'participant',
    last_zxid: `0x${agreement.lastZxid.toString(16)}`,
    zab_epoch: agreement.epoch,
    zab_counter: agreement.counter,
    zabstate: agreement.zabState,
  };
}

/** A member's only address in the form in which ZooKeeper tells of several; its own is in reach of itself. */
function addresses(address: Address): CommandFields {
  if (address === undefined) return { empty: true };
  const one = addressText(address);
  return {
    empty: false,
    all_addresses: [one],
    all_reachable_addresses: [one],
    one,
    reachable_address: one,
    wildcard_addresses: [addressText({ host: undefined, port: address.port })],
    all_ports: [address.port],
    all_host_strings: [address.host ?? ''],
    all_reachable_addresses_or_all: [one],
    reachable_or_one: one,
  };
}

function peerAddress(place: Place | undefined): Address {
  return place && { host: place.host, port: place.peerPort };
}

function electionAddress(place: Place | undefined): Address {
  return place && { host: place.host, port: place.electionPort };
}

function addressText(address: Address): string {
  if (address === undefined) return '';
  const { host = '0.0.0.0', port } = address;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
