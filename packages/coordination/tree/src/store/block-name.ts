/** What begins the length of a longer name, which four octets tell. Names are short, so one octet is mostly all. */
const LONG = 255;
const LONG_OCTETS = 5;

/** What a name takes in a block, octets: its length is in front of it. */
export function nameRoom(length: number): number {
  return length + (length < LONG ? 1 : LONG_OCTETS);
}

/** The length of the name in a block that begins at `at`. */
export function nameLengthAt(bytes: Buffer, at: number): number {
  const length = bytes[at] as number;
  return length < LONG ? length : bytes.readUInt32BE(at + 1);
}

/** Where the octets of that name begin. */
export function nameStartAt(bytes: Buffer, at: number): number {
  return at + ((bytes[at] as number) < LONG ? 1 : LONG_OCTETS);
}

/** Begins a block with the length of a name; says where its octets go. */
export function beginName(bytes: Buffer, at: number, length: number): number {
  if (length < LONG) {
    bytes[at] = length;
    return at + 1;
  }
  bytes[at] = LONG;
  bytes.writeUInt32BE(length, at + 1);
  return at + LONG_OCTETS;
}
