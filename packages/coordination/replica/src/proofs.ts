import type { RequestOf } from '@reeve/wire';
import type { Answering, Denial } from './answering.ts';
import { authenticate } from './authenticate.ts';
import type { Connection } from './connection.ts';
import type { Connections } from './connections.ts';
import type { ReplicaOptions } from './options.ts';
import { SaslExchange } from './sasl-exchange.ts';

/** What proofs are taken with. */
export interface ProofParts {
  readonly answering: Answering;
  readonly connections: Connections;
  readonly options: ReplicaOptions;
}

/** Takes what clients prove of who they are, and turns away those that should have and did not. */
export class Proofs {
  readonly #answering: Answering;
  readonly #connections: Connections;
  readonly #options: ReplicaOptions;

  constructor({ answering, connections, options }: ProofParts) {
    this.#answering = answering;
    this.#connections = connections;
    this.#options = options;
  }

  /** A connection is known by its certificate from the start. */
  certified(connection: Connection, subject: string): void {
    if (subject === this.#options.x509SuperUser) connection.prove({ scheme: 'super', id: subject });
    connection.prove({ scheme: 'x509', id: subject });
  }

  /** Takes an auth request. */
  auth(connection: Connection, xid: number, request: RequestOf<'auth'>): void {
    if (authenticate(connection, request, this.#options) === 'failed') {
      return this.#deny(connection, { xid, op: 'other', error: 'auth_failed' });
    }
    this.#answering.proved(connection, xid);
    this.#admit(connection);
  }

  /** Takes one message of a SASL exchange. */
  sasl(connection: Connection, xid: number, { token }: RequestOf<'sasl'>): void {
    const { saslServer } = this.#options;
    // A server without SASL answers with no token.
    if (saslServer === undefined) return this.#answering.saslToken(connection, xid, null);
    connection.sasl ??= new SaslExchange(saslServer);
    const step = connection.sasl.take(token ?? NO_BYTES);
    switch (step.kind) {
      case 'challenge':
        return this.#answering.saslToken(connection, xid, step.token);
      case 'proved':
        this.#named(connection, step.user);
        return this.#answering.saslToken(connection, xid, step.token);
      case 'failed':
        return this.#saslFailed(connection, xid, saslServer.failed);
    }
  }

  /** Turns away who asks for something else before having proved who it is. */
  demand(connection: Connection, xid: number): void {
    this.#deny(connection, { xid, op: 'other', error: 'session_closed_require_sasl_auth' });
  }

  #named(connection: Connection, user: string): void {
    // Without the scheme in access lists the name proves nothing to anybody, as without the provider in ZooKeeper.
    if (this.#options.sasl === 'accepted') connection.prove({ scheme: 'sasl', id: user });
    if (this.#options.saslServer?.superUsers.has(user)) connection.prove({ scheme: 'super', id: '' });
    this.#admit(connection);
  }

  #saslFailed(connection: Connection, xid: number, failed: 'close' | 'stay'): void {
    const isRequired = this.#options.requiredSchemes.has('sasl');
    if (failed === 'stay' && !isRequired) return this.#answering.saslToken(connection, xid, null);
    this.#deny(connection, { xid, op: 'sasl', error: isRequired ? 'session_closed_require_sasl_auth' : 'auth_failed' });
  }

  #admit(connection: Connection): void {
    if (connection.phase === 'proving') connection.phase = this.#connections.phaseOf(connection);
  }

  #deny(connection: Connection, denial: Denial): void {
    this.#answering.denial(connection, denial);
    this.#connections.close(connection);
  }
}

const NO_BYTES = Buffer.alloc(0);
