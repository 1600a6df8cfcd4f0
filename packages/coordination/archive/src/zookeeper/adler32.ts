const modulus = 65_521;
/** So many bytes can be added up before the sums outgrow 32 bits. */
const runBytes = 3_800;

/** The checksum of ZooKeeper's files (RFC 1950), continued from `before`; 1 is where it begins. */
export function adler32(bytes: Uint8Array, before = 1): number {
  let low = before & 0xffff;
  let high = before >>> 16;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + runBytes);
    for (; at < end; at += 1) {
      low += bytes[at] as number;
      high += low;
    }
    low %= modulus;
    high %= modulus;
  }
  return high * 65_536 + low;
}
