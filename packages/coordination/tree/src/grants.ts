import type { Acl, Identity } from '@reeve/wire';
import { isWithin, type Network, parseAddress, parseNetwork } from './networks.ts';

/** The SASL user who matches whatever a list says of SASL users (SASLAuthenticationProvider). */
const SASL_SUPER = 'super';

/** What the entries of an access list let each identity do, looked up by identity and not entry by entry. */
export class Grants {
  readonly #byScheme = new Map<string, Map<string, number>>();
  readonly #networks: (Network & { readonly perms: number })[] = [];
  #anySaslPerms = 0;

  constructor(entries: readonly Acl[]) {
    for (const { perms, id } of entries) {
      const network = id.scheme === 'ip' ? parseNetwork(id.id) : undefined;
      if (network !== undefined) this.#networks.push({ ...network, perms });
      else if (id.scheme !== 'ip') this.#add(id, perms);
    }
  }

  /** What somebody with these identities may do, a sum of `permissions`. */
  of(identities: readonly Identity[]): number {
    let perms = 0;
    for (const identity of identities) perms |= identity.scheme === 'ip' ? this.#at(identity.id) : this.#to(identity);
    return perms;
  }

  #add({ scheme, id }: Identity, perms: number): void {
    const named = this.#byScheme.get(scheme) ?? new Map<string, number>();
    this.#byScheme.set(scheme, named.set(id, (named.get(id) ?? 0) | perms));
    if (scheme === 'sasl') this.#anySaslPerms |= perms;
  }

  #to({ scheme, id }: Identity): number {
    if (scheme === 'sasl' && id === SASL_SUPER) return this.#anySaslPerms;
    return this.#byScheme.get(scheme)?.get(id) ?? 0;
  }

  #at(text: string): number {
    const address = this.#networks.length === 0 ? undefined : parseAddress(text);
    if (address === undefined) return 0;
    return this.#networks.reduce((perms, network) => (isWithin(address, network) ? perms | network.perms : perms), 0);
  }
}
