import type { MemberId, Membership } from '@reeve/zab';
import type { TlsConfig } from '../security/security-config.ts';

/** How members prove to each other who they are. */
export interface PeerSecurityConfig {
  /** The file with the secret that all members share; members are not asked for one without. */
  readonly secretFile: string | undefined;
  /** Keys and certificates of TLS between members; plain connections without. */
  readonly tls: PeerTlsConfig | undefined;
}

/** TLS between members: both sides show a certificate. */
export interface PeerTlsConfig extends TlsConfig {
  /** Whether the certificate of a member that is dialled must be for the host that was dialled. */
  readonly hostNames: 'checked' | 'ignored';
}

/** What a coordinator is told of its ensemble. */
export interface EnsembleConfig {
  /** This member. */
  readonly id: MemberId;
  /** Who belongs to the ensemble; each place is as `placeOf` reads it. */
  readonly membership: Membership;
  /** Whether members are listened for on this member's own address alone. */
  readonly listenOn: 'own_address' | 'every_address';
  /** How long a leader may take to gather a quorum and a learner to catch up. */
  readonly initTimeoutMs: number;
  /** How long leader and learners may not hear of each other. */
  readonly syncTimeoutMs: number;
  /** How long a connection to a member may take until both know each other. */
  readonly connectTimeoutMs: number;
  readonly security: PeerSecurityConfig;
  /** Whether clients that ask for it are served while there is no quorum. */
  readonly readOnlyMode: 'enabled' | 'disabled';
  /** Whether the leader takes clients too. */
  readonly leaderServes: 'clients' | 'members_only';
  /** The file with the `server.N` lines, when they are not in the configuration file itself. */
  readonly dynamicConfigFile: string | undefined;
}
