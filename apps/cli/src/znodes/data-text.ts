/** Data of a znode in JSON: as text where it is text, in base64 elsewhere; null where the znode holds null. */
export type DataText = { readonly data: string | null } | { readonly base64: string };

/** What stands for data in JSON. */
export function toDataText(data: Buffer | null): DataText {
  if (data === null) return { data: null };
  const text = data.toString('utf8');
  return Buffer.from(text, 'utf8').equals(data) ? { data: text } : { base64: data.toString('base64') };
}

/** The data that text stands for. */
export function fromDataText(text: DataText): Buffer | null {
  if ('base64' in text) return Buffer.from(text.base64, 'base64');
  return text.data === null ? null : Buffer.from(text.data, 'utf8');
}

/** Data on one line for people: quoted where it is text, cut where it is long. */
export function dataLine(data: Buffer | null, charactersMax = 60): string {
  const text = toDataText(data);
  if ('base64' in text) return `(${data?.length} bytes that are not text)`;
  if (text.data === null) return '(null)';
  const quoted = JSON.stringify(text.data);
  return quoted.length <= charactersMax ? quoted : `${quoted.slice(0, charactersMax - 1)}…`;
}
