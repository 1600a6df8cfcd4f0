import forge from 'node-forge';

/**
 * The keys and certificates of a PKCS12 file as PEM. Node reads such files too, but only with a key in them, and takes
 * every certificate beside it for trusted.
 *
 * @throws Error when the password does not open it, or it is none
 */
export function pkcs12Contents(bytes: Buffer, password: string): string {
  const asn1 = forge.asn1.fromDer(bytes.toString('latin1'));
  const store = forge.pkcs12.pkcs12FromAsn1(asn1, false, password);
  const bags = store.safeContents.flatMap(({ safeBags }) => safeBags);
  return bags.map(pemOf).join('\n');
}

function pemOf(bag: forge.pkcs12.Bag): string {
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids;
  switch (bag.type) {
    case certBag:
      return pem(
        'CERTIFICATE',
        bag.cert === undefined || bag.cert === null ? bag.asn1 : forge.pki.certificateToAsn1(bag.cert),
      );
    case keyBag:
    case pkcs8ShroudedKeyBag:
      return pem('PRIVATE KEY', bag.key === undefined || bag.key === null ? bag.asn1 : privateKeyInfo(bag.key));
    default:
      return '';
  }
}

function privateKeyInfo(key: forge.pki.PrivateKey): forge.asn1.Asn1 {
  return forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key));
}

function pem(type: string, asn1: forge.asn1.Asn1): string {
  const base64 = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1').toString('base64');
  // No line may be empty: OpenSSL takes what stands before one for a header.
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`].join('\n');
}
