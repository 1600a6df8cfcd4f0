/** The IPv4 addresses that begin with the same bits. */
export interface Network {
  readonly address: number;
  readonly mask: number;
}

/** Whether an address lies in a network. */
export function isWithin(address: number, network: Network): boolean {
  return ((address ^ network.address) & network.mask) === 0;
}

/** `a.b.c.d` or `a.b.c.d/bits`: as in ZooKeeper's IPAuthenticationProvider, IPv4 alone. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  const bits = slash === -1 ? 32 : parseDecimal(text.slice(slash + 1), 32);
  if (address === undefined || bits === undefined) return undefined;
  return { address, mask: bits === 0 ? 0 : -1 << (32 - bits) };
}

/** `a.b.c.d` as 32 bits. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    const byte = parseDecimal(part, 255);
    if (byte === undefined) return undefined;
    address = (address << 8) | byte;
  }
  return address;
}

function parseDecimal(text: string, max: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}
