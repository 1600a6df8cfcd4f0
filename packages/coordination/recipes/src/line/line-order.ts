const SEQUENCE_DIGITS = 10;

/** What a server appends to the name of a sequential znode (ZooKeeper, `PrepRequestProcessor`: `%010d`). */
const sequenced = /\d{10}$/;

/**
 * Those in line among the children of a znode, the first one first. Whatever the names begin with, the numbers of one
 * parent are one sequence: so programs that call their znodes differently stand in one line.
 */
export function inLine(children: readonly string[]): readonly string[] {
  return children.filter((name) => sequenced.test(name)).sort((a, b) => sequenceOf(a) - sequenceOf(b));
}

/** The number that the server gave one in line. */
export function sequenceOf(name: string): number {
  return Number(sequenceIn(name));
}

/** The number as it stands in the name. */
export function sequenceIn(name: string): string {
  return name.slice(-SEQUENCE_DIGITS);
}
