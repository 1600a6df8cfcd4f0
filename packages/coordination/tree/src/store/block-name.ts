/**
 * What stands in front of the octets of a name in its block: an octet with the lifetime of the znode in its lowest two
 * bits and the length of the name above them, or, as most names are short, `LONG` there and the length in four more.
 */
const LIFETIME_BITS = 2;
const LIFETIME_MASK = 3;
const LONG = 63;
const LONG_OCTETS = 5;

/** What a name of this length takes in a block, octets. */
export function nameRoom(length: number): number {
  return length + (length < LONG ? 1 : LONG_OCTETS);
}

/** The length of the name in a block that begins at `at`. */
export function nameLengthAt(bytes: Buffer, at: number): number {
  const length = (bytes[at] as number) >>> LIFETIME_BITS;
  return length < LONG ? length : bytes.readUInt32BE(at + 1);
}

/** Where the octets of that name begin. */
export function nameStartAt(bytes: Buffer, at: number): number {
  return at + ((bytes[at] as number) >>> LIFETIME_BITS < LONG ? 1 : LONG_OCTETS);
}

/** The number of the lifetime in a block that begins at `at`. */
export function lifetimeAt(bytes: Buffer, at: number): number {
  return (bytes[at] as number) & LIFETIME_MASK;
}

/** Begins a block; says where the octets of the name go. */
export function beginName(bytes: Buffer, at: number, length: number, lifetime: number): number {
  if (length < LONG) {
    bytes[at] = (length << LIFETIME_BITS) | lifetime;
    return at + 1;
  }
  bytes[at] = (LONG << LIFETIME_BITS) | lifetime;
  bytes.writeUInt32BE(length, at + 1);
  return at + LONG_OCTETS;
}
