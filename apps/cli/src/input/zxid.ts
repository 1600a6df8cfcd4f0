import { InvalidArgumentError } from 'commander';

/** A zxid as tools print it (`0x1f4`) or in decimals. */
export function zxid(text: string): number {
  const number = /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('It must be a zxid, such as 0x1f4 or 500.');
}

/** A session id in hexadecimal digits, as tools print it, in the form in which it is compared. */
export function sessionText(text: string): string {
  const digits = text.replace(/^0x/i, '');
  if (/^[0-9a-f]{1,16}$/i.test(digits)) return digits.toLowerCase().padStart(16, '0');
  throw new InvalidArgumentError('It must be a session id, such as 0x10000a2b3c40000.');
}
