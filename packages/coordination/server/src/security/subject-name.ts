/**
 * The subject of a certificate as Java's `X500Principal.getName()` writes it (RFC 2253): that is what ZooKeeper's access
 * lists of scheme `x509` hold. Node's own rendering leaves out what cannot be told apart afterwards.
 *
 * @param certificate in DER, verified by TLS
 */
export function subjectName(certificate: Buffer): string {
  const [body] = parts(whole(certificate));
  const fields = parts(body as Der);
  // serialNumber, signature, issuer, validity, subject; before them the version, where it is not the first.
  const subject = fields[fields[0]?.tag === tags.version ? 5 : 4] as Der;
  return parts(subject).map(relativeName).reverse().join(',');
}

interface Der {
  readonly tag: number;
  /** Tag and length included. */
  readonly all: Buffer;
  readonly content: Buffer;
}

const tags = {
  version: 0xa0,
  utf8: 0x0c,
  printable: 0x13,
  t61: 0x14,
  ia5: 0x16,
  general: 0x1b,
  bmp: 0x1e,
  universal: 0x1c,
};
const texts: ReadonlySet<number> = new Set([
  tags.utf8,
  tags.printable,
  tags.t61,
  tags.ia5,
  tags.general,
  tags.bmp,
  tags.universal,
]);

/** The attributes that RFC 2253 gives a keyword. */
const keywords: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
};

function relativeName(set: Der): string {
  return parts(set).map(attribute).join('+');
}

function attribute(sequence: Der): string {
  const [type, value] = parts(sequence) as [Der, Der];
  const oid = objectIdentifier(type.content);
  const keyword = keywords[oid];
  if (keyword === undefined || !texts.has(value.tag)) return `${keyword ?? oid}=#${value.all.toString('hex')}`;
  return `${keyword}=${escaped(value.content.toString('utf8'))}`;
}

function escaped(value: string): string {
  const special = value.replace(/[,=+<>#;"\\]/g, '\\$&').replaceAll('\0', '\\00');
  return special.replace(/^ +| +$/g, (spaces) => spaces.replaceAll(' ', '\\ '));
}

function objectIdentifier(bytes: Buffer): string {
  const numbers: bigint[] = [];
  let number = 0n;
  for (const byte of bytes) {
    number = number * 128n + BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    numbers.push(number);
    number = 0n;
  }
  const [first = 0n, ...rest] = numbers;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join('.');
}

function whole(bytes: Buffer): Der {
  return read(bytes, 0).value;
}

function parts({ content }: Der): readonly Der[] {
  const found: Der[] = [];
  for (let at = 0; at < content.length; ) {
    const { value, end } = read(content, at);
    found.push(value);
    at = end;
  }
  return found;
}

function read(bytes: Buffer, start: number): { readonly value: Der; readonly end: number } {
  const tag = bytes.readUInt8(start);
  const short = bytes.readUInt8(start + 1);
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(start + 2, lengthBytes);
  const head = start + 2 + lengthBytes;
  const end = head + length;
  return { value: { tag, all: bytes.subarray(start, end), content: bytes.subarray(head, end) }, end };
}
