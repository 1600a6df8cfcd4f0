import type { Socket } from 'node:net';
import type { CoordinatorConfig } from './config.ts';
import type { SparingLog } from './sparing-log.ts';
import type { Totals } from './traffic.ts';

/** What decides who is admitted. */
export interface AdmissionParts {
  readonly config: Pick<CoordinatorConfig, 'connectionsPerAddressMax' | 'connectionsMax'>;
  readonly complaints: SparingLog;
  readonly totals: Totals;
}

/** Counts connections, and admits as many as are allowed. */
export class Admission {
  readonly #config: AdmissionParts['config'];
  readonly #complaints: SparingLog;
  readonly #totals: Totals;
  readonly #perAddress = new Map<string, number>();
  /** Addresses over their limit: one log line each, not one for each attempt. */
  readonly #refused = new Set<string>();
  #connections = 0;

  constructor({ config, complaints, totals }: AdmissionParts) {
    this.#config = config;
    this.#complaints = complaints;
    this.#totals = totals;
  }
  /** Whether a connection may stay; one that may not is closed. */
  admits(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const { connectionsPerAddressMax, connectionsMax } = this.#config;
    const ofAddress = this.#perAddress.get(address) ?? 0;
    if (exceeds(ofAddress, connectionsPerAddressMax) || exceeds(this.#connections, connectionsMax)) {
      this.#refuse(socket, address);
      return false;
    }
    this.#connections += 1;
    this.#perAddress.set(address, ofAddress + 1);
    socket.once('close', () => this.#forget(address));
    return true;
  }

  #refuse(socket: Socket, address: string): void {
    socket.on('error', () => {});
    socket.destroy();
    this.#totals.connectionsRejected += 1;
    if (this.#refused.has(address)) return;
    this.#refused.add(address);
    const { connectionsPerAddressMax, connectionsMax } = this.#config;
    const facts = { address, connectionsPerAddressMax, connectionsMax };
    this.#complaints.warn(facts, 'too many connections: more are closed at once (maxClientCnxns, maxCnxns)');
  }

  #forget(address: string): void {
    this.#connections -= 1;
    this.#refused.delete(address);
    const left = (this.#perAddress.get(address) ?? 1) - 1;
    if (left === 0) this.#perAddress.delete(address);
    else this.#perAddress.set(address, left);
  }
}

/** Whether one more would be too many; 0 is no limit. */
function exceeds(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}
