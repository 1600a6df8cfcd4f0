/** Keywords for the parts of a distinguished name that Java knows (sun.security.x509.AVAKeyword). */
const keywords = new Set(
  'CN,C,L,S,ST,O,OU,T,IP,STREET,DC,DNQUALIFIER,DNQ,SURNAME,GIVENNAME,INITIALS,GENERATION,EMAIL,EMAILADDRESS,UID,SERIALNUMBER'.split(
    ',',
  ),
);
const OID = /^(?:OID\.)?(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.\d+)(?:\.\d+)*$/;
/** One `keyword=value` of a name and the separator behind it: quoted, as hexadecimal digits, or plain with escapes. */
const PART =
  /\s*([A-Za-z0-9.]+)\s*=\s*(?:"(?:[^"\\]|\\[\s\S])*"\s*|#(?:[0-9a-fA-F]{2})+\s*|(?![\s#"])(?:[^,;+<>"\\]|\\[\s\S])*)([,;+]|$)/y;

/** Whether an access list of scheme `x509` may name it: whether Java's X500Principal takes it for a name. */
export function isDistinguishedName(text: string): boolean {
  if (text === '') return true;
  PART.lastIndex = 0;
  for (;;) {
    const match = PART.exec(text);
    if (match === null) return false;
    const keyword = (match[1] as string).toUpperCase();
    if (!keywords.has(keyword) && !OID.test(keyword)) return false;
    if (match[2] === '') return true;
  }
}

/** Whether an access list of scheme `sasl` may name it: `user`, or as Kerberos has it `service[/host]@realm`. */
export function isSaslName(text: string): boolean {
  return !text.includes('@') || /^[^/@]*(?:\/[^/@]*)?@[^/@]*$/.test(text);
}
