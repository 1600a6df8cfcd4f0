/** A member's number, 1 to 255: ZooKeeper's `myid`. */
export type MemberId = number;

/** One member as the ensemble knows it. */
export interface EnsembleMember {
  readonly id: MemberId;
  /** Participants elect and agree; observers follow and are not asked. */
  readonly role: 'participant' | 'observer';
  /** Where it is reached: opaque here, `host:peerPort:electionPort[:role][;clientPort]` to the server. */
  readonly place: string;
}

/** Who belongs to the ensemble, from `version` on: the zxid of the change that made it so, 0 for the first. */
export interface Membership {
  readonly version: number;
  readonly members: readonly EnsembleMember[];
}
